#pragma once
// A plugin's context for a TCP connection: callbacks in, hostcalls out.

#include "runtime/network_context.h"
#include "runtime/stream_context.h"

namespace weir::runtime {

class NetworkStreamContext final : public NetworkContext, public StreamContext {
 public:
  // `plugin` lives as long as `root` does; `stream` outlives the context.
  NetworkStreamContext(VmInstance& vm, PluginContext& root, const Plugin& plugin,
                       NetworkStream& stream, InstanceLease lease = {});
  ~NetworkStreamContext() override;

  // NetworkContext
  abi::NetworkAction on_new_connection() override;
  abi::NetworkAction on_data(Direction, abi::EndOfStream) override;
  void on_close(Direction, abi::PeerType by) override;
  bool finish() override { return finish_stream(); }

  // abi::Context
  abi::HeaderMap* header_map(abi::MapType type) override;
  abi::Buffer* buffer(abi::BufferType type) override;
  abi::Status continue_stream(abi::StreamType) override;
  abi::Status close_stream(abi::StreamType) override;
  abi::Status send_local_response(abi::LocalResponseRequest) override;
  abi::Status get_property(std::string_view path, abi::ValueSink) override;

  FilterState& filter_state() override { return stream_.filter_state(); }

 private:
  abi::NetworkAction answer(abi::GuestAnswer answer) const;

  // StreamContext
  void resume_stream(Direction direction) override { stream_.resume(direction); }
  void fail_stream(std::string_view reason) override { stream_.fail(reason); }
  void stream_finished() override { stream_.finished(); }
  bool apply_end() override;

  NetworkStream& stream_;
  bool close_wanted_[2] = {false, false};  // downstream, upstream
};

}  // namespace weir::runtime
