#include "runtime/foreign_function.h"

#include <algorithm>

#include "runtime/foreign/functions.h"

namespace weir::runtime {
namespace {

// Refuses what is too long before the function looks at it, and answers nothing but success with a
// result.
template <ForeignFunction function>
abi::Status checked(ForeignCaller& caller, std::string_view arguments, std::string& result) {
  result.clear();
  if (arguments.size() > foreign::kMaxBytes) return abi::Status::BadArgument;
  const abi::Status status = function(caller, arguments, result);
  if (status != abi::Status::Ok) result.clear();
  return status;
}

struct NamedFunction {
  std::string_view name;
  ForeignFunction function;
};

constexpr NamedFunction kFunctions[] = {
    {"clear_route_cache", checked<foreign::clear_route_cache>},
    {"compress", checked<foreign::compress>},
    {"declare_property", checked<foreign::declare_property>},
    {"expr_create", checked<foreign::expr_create>},
    {"expr_delete", checked<foreign::expr_delete>},
    {"expr_evaluate", checked<foreign::expr_evaluate>},
    {"set_envoy_filter_state", checked<foreign::set_envoy_filter_state>},
    {"sign", checked<foreign::sign>},
    {"uncompress", checked<foreign::uncompress>},
    {"verify_signature", checked<foreign::verify_signature>},
};

}  // namespace

ForeignFunction find_foreign_function(std::string_view name) {
  const auto* found = std::ranges::find(kFunctions, name, &NamedFunction::name);
  return found == std::end(kFunctions) ? nullptr : found->function;
}

}  // namespace weir::runtime
