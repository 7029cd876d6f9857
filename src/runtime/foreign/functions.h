#pragma once
// The foreign functions, each under its own name, and what they share.

#include <climits>
#include <cstddef>
#include <string>
#include <string_view>

#include "runtime/foreign_function.h"

namespace weir::runtime::foreign {

// No function takes longer arguments or answers with more: that bounds the work of one call.
inline constexpr size_t kMaxBytes = 16 << 20;
// Compressing takes some 40 ms for so much, and no deadline can end it.
inline constexpr size_t kMaxCompressedBytes = 1 << 20;
static_assert(kMaxBytes <= INT_MAX, "protobuf and OpenSSL count in int");

// All have the type ForeignFunction. `arguments` have at most kMaxBytes.
abi::Status compress(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status uncompress(ForeignCaller&, std::string_view arguments, std::string& result);

abi::Status declare_property(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status set_envoy_filter_state(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status clear_route_cache(ForeignCaller&, std::string_view arguments, std::string& result);

abi::Status verify_signature(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status sign(ForeignCaller&, std::string_view arguments, std::string& result);

abi::Status expr_create(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status expr_evaluate(ForeignCaller&, std::string_view arguments, std::string& result);
abi::Status expr_delete(ForeignCaller&, std::string_view arguments, std::string& result);

}  // namespace weir::runtime::foreign
