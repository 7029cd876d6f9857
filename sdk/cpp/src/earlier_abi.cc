// Functions of ABI 0.1.0, by those of 0.2.1.

#include <cstdlib>
#include <limits>
#include <string_view>

#include "state.h"

WasmResult proxy_get_configuration(const char** configuration, size_t* size) {
  const WasmBufferType buffer = weir_sdk::state().starting ? WasmBufferType::VmConfiguration
                                                           : WasmBufferType::PluginConfiguration;
  return proxy_get_buffer_bytes(buffer, 0, std::numeric_limits<uint32_t>::max(), configuration,
                                size);
}

WasmResult proxy_clear_route_cache() {
  constexpr std::string_view kFunction = "clear_route_cache";
  char* result = nullptr;
  size_t size = 0;
  const WasmResult answer =
      proxy_call_foreign_function(kFunction.data(), kFunction.size(), nullptr, 0, &result, &size);
  ::free(result);
  return answer;
}

WasmResult proxy_continue_request() { return proxy_continue_stream(WasmStreamType::Request); }
WasmResult proxy_continue_response() { return proxy_continue_stream(WasmStreamType::Response); }
