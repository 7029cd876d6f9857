#pragma once
// Expressions over the attributes of a stream, which the host compiles and evaluates by its foreign
// functions expr_create, expr_evaluate and expr_delete:
//   uint32_t token = 0;
//   bool admin = false;
//   if (createExpression("request.path.startsWith('/admin')", &token) == WasmResult::Ok &&
//       evaluateExpression(token, &admin) && admin) …

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "proxy_wasm_intrinsics.h"

namespace weir_sdk {

inline WasmResult call_expression_function(std::string_view function, std::string_view arguments,
                                           WasmDataPtr* result) {
  char* bytes = nullptr;
  size_t size = 0;
  const WasmResult answer = proxy_call_foreign_function(
      function.data(), function.size(), arguments.data(), arguments.size(), &bytes, &size);
  *result = std::make_unique<WasmData>(bytes, size);
  return answer;
}

inline std::string_view token_bytes(const uint32_t& token) {
  return {reinterpret_cast<const char*>(&token), sizeof token};
}

}  // namespace weir_sdk

// Compiles an expression; its token is good for all contexts of the VM. BadArgument where the text
// is no expression.
inline WasmResult createExpression(std::string_view expression, uint32_t* token) {
  WasmDataPtr result;
  const WasmResult answer = weir_sdk::call_expression_function("expr_create", expression, &result);
  if (answer == WasmResult::Ok) {
    if (result->size() != sizeof *token) return WasmResult::ResultMismatch;
    std::memcpy(token, result->data(), sizeof *token);
  }
  return answer;
}

// The value, encoded as a property. Empty where there is none, or no such token.
inline std::optional<WasmDataPtr> exprEvaluate(uint32_t token) {
  WasmDataPtr result;
  const WasmResult answer =
      weir_sdk::call_expression_function("expr_evaluate", weir_sdk::token_bytes(token), &result);
  if (answer != WasmResult::Ok) return {};
  return result;
}

inline WasmResult exprDelete(uint32_t token) {
  WasmDataPtr nothing;
  return weir_sdk::call_expression_function("expr_delete", weir_sdk::token_bytes(token), &nothing);
}

// The value as a T: std::string, int64_t, uint64_t, double, bool. False where there is none, or one
// of another size.
template <typename T>
bool evaluateExpression(uint32_t token, T* out) {
  return weir_sdk::read_value(exprEvaluate(token), out);
}

// The value as a message of any Protobuf library.
template <typename Message>
bool evaluateMessage(uint32_t token, Message* out) {
  return weir_sdk::read_message(exprEvaluate(token), out);
}
