#pragma once
// A plugin's context for an HTTP stream: callbacks in, hostcalls out.

#include <optional>
#include <string>

#include "runtime/http_context.h"
#include "runtime/stream_context.h"

namespace weir::runtime {

class HttpStreamContext final : public HttpContext, public StreamContext {
 public:
  // `plugin` lives as long as `root` does; `stream` outlives the context.
  HttpStreamContext(VmInstance& vm, PluginContext& root, const Plugin& plugin, HttpStream& stream,
                    InstanceLease lease = {});
  ~HttpStreamContext() override;

  // HttpContext
  abi::HeadersAction on_headers(Direction, abi::EndOfStream) override;
  abi::DataAction on_body(Direction, abi::EndOfStream) override;
  abi::TrailersAction on_trailers(Direction) override;
  void on_metadata(Direction, abi::HeaderMap& metadata) override;
  bool finish() override { return finish_stream(); }
  bool sees_body(Direction) const override;
  bool sees_trailers(Direction) const override;

  // abi::Context
  abi::HeaderMap* header_map(abi::MapType type) override;
  abi::Buffer* buffer(abi::BufferType type) override;
  abi::Status continue_stream(abi::StreamType) override;
  abi::Status close_stream(abi::StreamType) override;
  abi::Status send_local_response(abi::LocalResponseRequest) override;
  abi::Status clear_route_cache() override;
  abi::Status get_property(std::string_view path, abi::ValueSink) override;

  FilterState& filter_state() override { return stream_.filter_state(); }

 private:
  // A local response that the guest has asked for, kept until it has returned.
  struct KeptResponse {
    uint32_t status_code;
    std::string details;
    std::string body;
    abi::HeaderList headers;
    int32_t grpc_status;
  };

  // What the callback answers in which the VM failed. Later ones answer Continue: the stream goes
  // on without the plugin, or what passes is the answer that failing closed made.
  template <typename Action>
  Action after_failure(Action stop) const {
    return mode() == Mode::Bypassed ? Action::Continue : stop;
  }

  // StreamContext
  void resume_stream(Direction direction) override { stream_.resume(direction); }
  void fail_stream(std::string_view reason) override { stream_.fail(reason); }
  void stream_finished() override { stream_.finished(); }
  bool apply_end() override;
  // True where it was in time.
  bool apply_local_response();

  HttpStream& stream_;
  bool body_goes_on_after_stop_;
  bool sees_[4] = {};  // request body, request trailers, response body, response trailers
  std::optional<KeptResponse> local_response_;
  bool close_wanted_ = false;
};

}  // namespace weir::runtime
