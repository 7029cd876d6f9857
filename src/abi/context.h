#pragma once
// What hostcalls act on. The runtime implements these interfaces; unit tests fake them.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "abi/buffer.h"
#include "abi/header_map.h"
#include "abi/types.h"
#include "base/clock.h"
#include "base/function_ref.h"
#include "base/log.h"

namespace weir::abi {

// Receives a value that a hostcall hands to the guest. The bytes are valid during the call.
using ValueSink = FunctionRef<Status(Bytes value)>;

struct LocalResponseRequest {
  uint32_t status_code;
  std::string_view details;
  std::string_view body;
  HeaderList headers;
  int32_t grpc_status;  // -1: none
};

struct HttpCallRequest {
  std::string_view upstream;
  HeaderList headers;
  std::string_view body;
  HeaderList trailers;
  Milliseconds timeout;
};

struct GrpcCallRequest {
  std::string_view upstream;
  std::string_view service;
  std::string_view method;
  HeaderList initial_metadata;
};

// A context of the guest: a plugin's root, or a stream's. The hostcalls of one callback act on the
// effective one. Functions named as the ABI's (less `proxy_`) answer with its statuses.
// Thread: its instance's.
class Context {
 public:
  virtual ~Context() = default;

  // The map, or null where it is not available now.
  virtual HeaderMap* header_map(MapType) = 0;

  // Whether the guest may change that map now.
  virtual bool may_write(MapType) const = 0;

  // The buffer, or null where it is not available now.
  virtual Buffer* buffer(BufferType) = 0;

  virtual Status continue_stream(StreamType) = 0;
  virtual Status close_stream(StreamType) = 0;
  virtual Status send_local_response(LocalResponseRequest) = 0;
  virtual Status clear_route_cache() = 0;
  virtual Status done() = 0;

  // `path` has its segments joined by NUL.
  virtual Status get_property(std::string_view path, ValueSink) = 0;
  virtual Status set_property(std::string_view path, std::string_view value) = 0;

  // These act on the context's root.
  virtual Status set_tick_period(Milliseconds) = 0;
  virtual Status http_call(HttpCallRequest, uint32_t& call_id) = 0;
  virtual Status grpc_call(GrpcCallRequest, std::string_view message, Milliseconds timeout,
                           uint32_t& call_id) = 0;
  virtual Status grpc_stream(GrpcCallRequest, uint32_t& call_id) = 0;
  virtual Status grpc_send(uint32_t call_id, std::string_view message, EndOfStream) = 0;
  virtual Status grpc_cancel(uint32_t call_id) = 0;
  virtual Status grpc_close(uint32_t call_id) = 0;
  // The status of the call whose end is being told to the guest.
  virtual Status get_status(uint32_t& code, std::string& message) = 0;
  virtual Status register_shared_queue(std::string_view name, uint32_t& queue_id) = 0;

  // Envoy's extension: the answer comes by envoy_on_resolve_dns, to this context.
  virtual Status resolve_dns(std::string_view host, uint32_t& token) = 0;

  virtual Status call_foreign_function(std::string_view name, std::string_view arguments,
                                       ValueSink) = 0;

  // How the context is called in log lines: "plugin root vm".
  virtual std::string_view log_prefix() const = 0;
};

// What all contexts of one VM share. Thread: its instance's.
class VmServices {
 public:
  virtual ~VmServices() = default;

  // Null: no such context, or deleted already.
  virtual Context* find_context(ContextId) = 0;

  virtual Logger& logger() = 0;
  virtual const Clock& clock() = 0;
  virtual const std::map<std::string, std::string>& environment() = 0;

  // The guest is given random bytes or the time: what it does from now on it may never do again.
  virtual void note_chance() {}

  virtual Status get_shared_data(std::string_view key,
                                 FunctionRef<Status(Bytes, uint32_t cas)>) = 0;
  virtual Status set_shared_data(std::string_view key, std::string_view value, uint32_t cas) = 0;
  virtual Status resolve_shared_queue(std::string_view vm_id, std::string_view name,
                                      uint32_t& queue_id) = 0;
  virtual Status enqueue(uint32_t queue_id, std::string_view item) = 0;
  virtual Status dequeue(uint32_t queue_id, std::string& item) = 0;

  virtual Status define_metric(MetricType, std::string_view name, uint32_t& metric_id) = 0;
  virtual Status increment_metric(uint32_t metric_id, int64_t delta) = 0;
  virtual Status record_metric(uint32_t metric_id, uint64_t value) = 0;
  virtual Status get_metric(uint32_t metric_id, uint64_t& value) = 0;
};

}  // namespace weir::abi
