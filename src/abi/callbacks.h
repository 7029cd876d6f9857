#pragma once
// The functions that a plugin may export for the host to call (ABI 0.2.1, "Callbacks").

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::abi {

enum class Callback : uint8_t {
  OnContextCreate,
  OnVmStart,
  ValidateConfiguration,
  OnConfigure,
  OnTick,
  OnQueueReady,
  OnNewConnection,
  OnDownstreamData,
  OnUpstreamData,
  OnDownstreamConnectionClose,
  OnUpstreamConnectionClose,
  OnRequestHeaders,
  OnRequestBody,
  OnRequestTrailers,
  OnRequestMetadata,
  OnResponseHeaders,
  OnResponseBody,
  OnResponseTrailers,
  OnResponseMetadata,
  OnHttpCallResponse,
  OnGrpcReceiveInitialMetadata,
  OnGrpcReceive,
  OnGrpcReceiveTrailingMetadata,
  OnGrpcClose,
  OnForeignFunction,
  OnResolveDns,
  OnDone,
  OnLog,
  OnDelete,
};

// All parameters, and the result where there is one, are i32.
struct CallbackType {
  std::string_view name;
  uint8_t params;
  bool has_result;
  // ABI 0.1.0 modules come with and without the last parameter of the header callbacks; the
  // export's real type decides.
  bool last_param_optional = false;
};

inline constexpr std::array kCallbacks{
    CallbackType{"proxy_on_context_create", 2, false},
    CallbackType{"proxy_on_vm_start", 2, true},
    CallbackType{"proxy_validate_configuration", 2, true},
    CallbackType{"proxy_on_configure", 2, true},
    CallbackType{"proxy_on_tick", 1, false},
    CallbackType{"proxy_on_queue_ready", 2, false},
    CallbackType{"proxy_on_new_connection", 1, true},
    CallbackType{"proxy_on_downstream_data", 3, true},
    CallbackType{"proxy_on_upstream_data", 3, true},
    CallbackType{"proxy_on_downstream_connection_close", 2, false},
    CallbackType{"proxy_on_upstream_connection_close", 2, false},
    CallbackType{"proxy_on_request_headers", 3, true, true},
    CallbackType{"proxy_on_request_body", 3, true},
    CallbackType{"proxy_on_request_trailers", 2, true},
    CallbackType{"proxy_on_request_metadata", 2, true},
    CallbackType{"proxy_on_response_headers", 3, true, true},
    CallbackType{"proxy_on_response_body", 3, true},
    CallbackType{"proxy_on_response_trailers", 2, true},
    CallbackType{"proxy_on_response_metadata", 2, true},
    CallbackType{"proxy_on_http_call_response", 5, false},
    CallbackType{"proxy_on_grpc_receive_initial_metadata", 3, false},
    CallbackType{"proxy_on_grpc_receive", 3, false},
    CallbackType{"proxy_on_grpc_receive_trailing_metadata", 3, false},
    CallbackType{"proxy_on_grpc_close", 3, false},
    CallbackType{"proxy_on_foreign_function", 3, false},
    CallbackType{"envoy_on_resolve_dns", 3, false},  // Envoy's, as is envoy_resolve_dns
    CallbackType{"proxy_on_done", 1, true},
    CallbackType{"proxy_on_log", 1, false},
    CallbackType{"proxy_on_delete", 1, false},
};
static_assert(kCallbacks.size() == static_cast<size_t>(Callback::OnDelete) + 1);

inline constexpr size_t kMaxCallbackParams = 5;

// The parameters of one call, in the slots in which they travel: the first is the context's id,
// which whoever calls puts there.
class CallbackParams {
 public:
  CallbackParams(uint32_t second = 0, uint32_t third = 0, uint32_t fourth = 0, uint32_t fifth = 0)
      : slots_{0, second, third, fourth, fifth} {}

  std::array<uint64_t, kMaxCallbackParams>& slots() { return slots_; }

 private:
  std::array<uint64_t, kMaxCallbackParams> slots_;
};

constexpr const CallbackType& type_of(Callback callback) {
  return kCallbacks[static_cast<size_t>(callback)];
}

}  // namespace weir::abi
