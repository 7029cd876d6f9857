// Fuzzes the foreign functions: the first byte picks one, the rest is its arguments. Expressions
// are evaluated too, and what is compressed is uncompressed again.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "runtime/foreign/foreign_fakes.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using abi::Status;

  constexpr std::string_view kNames[] = {
      "compress",      "uncompress",       "declare_property",  "set_envoy_filter_state",
      "sign",          "verify_signature", "clear_route_cache", "expr_create",
      "expr_evaluate", "expr_delete",
  };
  if (size == 0) return 0;
  const std::string_view name = kNames[data[0] % std::size(kNames)];
  const std::string_view arguments = as_text(std::as_bytes(std::span(data + 1, size - 1)));

  runtime::foreign::test::FakePlugin plugin;
  plugin.context().properties = {
      {"request.path", "/a/b?c=d"},
      {"request.size", std::string("\x07\0\0\0\0\0\0\0", 8)},
      {"request.headers", std::string("\1\0\0\0\1\0\0\0\1\0\0\0h\0v", 16)},
      {"x", "set"},
  };
  const Status status = plugin.call(name, arguments);
  WEIR_CHECK(status == Status::Ok || plugin.result.empty());
  if (status != Status::Ok) return 0;

  if (name == "compress") {
    const std::string packed = plugin.result;
    WEIR_CHECK(plugin.call("uncompress", packed) == Status::Ok && plugin.result == arguments);
  } else if (name == "expr_create") {
    const std::string token = plugin.result;
    WEIR_CHECK(plugin.call("expr_evaluate", token) != Status::NotFound);
    WEIR_CHECK(plugin.call("expr_delete", token) == Status::Ok);
    WEIR_CHECK(plugin.call("expr_evaluate", token) == Status::NotFound);
  }
  return 0;
}
