// `expr_create`, `expr_evaluate` and `expr_delete`. A token is 4 bytes.

#include <cstring>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "runtime/foreign/expressions.h"
#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;

std::optional<uint32_t> read_token(std::string_view arguments) {
  uint32_t token = 0;
  if (arguments.size() != sizeof(token)) return std::nullopt;
  std::memcpy(&token, arguments.data(), sizeof(token));
  return token;
}

}  // namespace

Status expr_create(ForeignCaller& caller, std::string_view arguments, std::string& result) {
  uint32_t token = 0;
  const Status status = caller.expressions().create(arguments, token);
  if (status == Status::Ok) result.assign(as_text(std::as_bytes(std::span(&token, 1))));
  return status;
}

Status expr_evaluate(ForeignCaller& caller, std::string_view arguments, std::string& result) {
  const std::optional<uint32_t> token = read_token(arguments);
  if (!token) return Status::BadArgument;
  return caller.expressions().evaluate(*token, caller, result);
}

// A token that is not there counts as deleted.
Status expr_delete(ForeignCaller& caller, std::string_view arguments, std::string&) {
  const std::optional<uint32_t> token = read_token(arguments);
  if (!token) return Status::BadArgument;
  caller.expressions().erase(*token);
  return Status::Ok;
}

}  // namespace weir::runtime::foreign
