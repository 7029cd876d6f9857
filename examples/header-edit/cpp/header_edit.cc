// Marks every request and response that passes, and logs the request line: a plugin against the raw
// Proxy-Wasm ABI 0.2.1, without an SDK.
//
// Configuration: the value of the header, as plain text; `header-edit` if there is none.

#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#define IMPORT(name) extern "C" __attribute__((import_module("env"), import_name(#name)))
#define EXPORT(name) extern "C" __attribute__((export_name(#name)))

IMPORT(proxy_log) uint32_t proxy_log(uint32_t level, const char* text, size_t size);
IMPORT(proxy_get_buffer_bytes)
uint32_t proxy_get_buffer_bytes(uint32_t buffer, uint32_t start, uint32_t max_size, char** bytes,
                                size_t* size);
IMPORT(proxy_get_header_map_value)
uint32_t proxy_get_header_map_value(uint32_t map, const char* name, size_t name_size, char** value,
                                    size_t* size);
IMPORT(proxy_replace_header_map_value)
uint32_t proxy_replace_header_map_value(uint32_t map, const char* name, size_t name_size,
                                        const char* value, size_t value_size);

namespace {

constexpr uint32_t kOk = 0;
constexpr uint32_t kContinue = 0;
constexpr uint32_t kInfo = 2;
constexpr uint32_t kRequestHeaders = 0;
constexpr uint32_t kResponseHeaders = 2;
constexpr uint32_t kPluginConfiguration = 7;
constexpr std::string_view kHeader = "x-weir-plugin";

// libc++ for wasm has no exceptions: unless told so, its `new` returns null where memory ends.
[[maybe_unused]] const std::new_handler former_handler = std::set_new_handler(std::abort);

// The plugin's configuration. A VM may hold several plugins of this module with one each; this
// example keeps the last.
std::string header_value = "header-edit";

// Takes over what the host allocated in this module's memory.
std::string take(char* bytes, size_t size) {
  std::string text(bytes, size);
  free(bytes);
  return text;
}

std::string request_header(std::string_view name) {
  char* value = nullptr;
  size_t size = 0;
  if (proxy_get_header_map_value(kRequestHeaders, name.data(), name.size(), &value, &size) != kOk) {
    return {};
  }
  return take(value, size);
}

void mark(uint32_t map) {
  proxy_replace_header_map_value(map, kHeader.data(), kHeader.size(), header_value.data(),
                                 header_value.size());
}

}  // namespace

EXPORT(proxy_abi_version_0_2_1) void abi_version() {}

EXPORT(proxy_on_context_create) void on_context_create(uint32_t, uint32_t) {}

EXPORT(proxy_on_configure) uint32_t on_configure(uint32_t, uint32_t size) {
  char* bytes = nullptr;
  size_t taken = 0;
  if (size > 0 && proxy_get_buffer_bytes(kPluginConfiguration, 0, size, &bytes, &taken) == kOk) {
    header_value = take(bytes, taken);
  }
  return true;
}

EXPORT(proxy_on_request_headers) uint32_t on_request_headers(uint32_t, uint32_t, uint32_t) {
  const std::string line = request_header(":method") + " " + request_header(":path");
  proxy_log(kInfo, line.data(), line.size());
  mark(kRequestHeaders);
  return kContinue;
}

EXPORT(proxy_on_response_headers) uint32_t on_response_headers(uint32_t, uint32_t, uint32_t) {
  mark(kResponseHeaders);
  return kContinue;
}
