#include "runtime/network_stream_context.h"

#include <utility>

#include "runtime/plugin_context.h"
#include "runtime/properties.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

using abi::Callback;
using abi::EndOfStream;
using abi::NetworkAction;
using abi::Status;

NetworkStreamContext::NetworkStreamContext(VmInstance& instance, PluginContext& of,
                                           const Plugin& by, NetworkStream& stream,
                                           InstanceLease lease)
    : StreamContext(instance, of, by, std::move(lease)), stream_(stream) {
  create();
}

NetworkStreamContext::~NetworkStreamContext() { destroy(); }

NetworkAction NetworkStreamContext::answer(abi::GuestAnswer guest) const {
  if (!guest) {
    return mode() == Mode::Bypassed ? NetworkAction::Continue : NetworkAction::StopIteration;
  }
  if (ended_stream()) return NetworkAction::StopIteration;
  return *guest == 0 || resumed_itself() ? NetworkAction::Continue : NetworkAction::StopIteration;
}

NetworkAction NetworkStreamContext::on_new_connection() {
  if (mode() != Mode::Running) return answer(std::nullopt);
  return answer(call_for(Direction::Request, Callback::OnNewConnection, {}));
}

NetworkAction NetworkStreamContext::on_data(Direction direction, EndOfStream end_of_stream) {
  if (mode() != Mode::Running) return answer(std::nullopt);
  const abi::Buffer* data = stream_.data(direction);
  const auto size = static_cast<uint32_t>(data == nullptr ? 0 : data->size());
  const Callback callback =
      direction == Direction::Request ? Callback::OnDownstreamData : Callback::OnUpstreamData;
  return answer(call_for(direction, callback, {size, static_cast<uint32_t>(end_of_stream)}));
}

void NetworkStreamContext::on_close(Direction direction, abi::PeerType by) {
  if (mode() != Mode::Running) return;
  const Callback callback = direction == Direction::Request ? Callback::OnDownstreamConnectionClose
                                                            : Callback::OnUpstreamConnectionClose;
  static_cast<void>(call_for(direction, callback, {static_cast<uint32_t>(by)}));
}

abi::HeaderMap* NetworkStreamContext::header_map(abi::MapType type) {
  return root().call_map(type);
}

abi::Buffer* NetworkStreamContext::buffer(abi::BufferType type) {
  switch (type) {
    case abi::BufferType::DownstreamData:
      return stream_.data(Direction::Request);
    case abi::BufferType::UpstreamData:
      return stream_.data(Direction::Response);
    default:
      return root().buffer(type);
  }
}

Status NetworkStreamContext::continue_stream(abi::StreamType type) {
  switch (type) {
    case abi::StreamType::Downstream:
      want_resume(Direction::Request);
      return Status::Ok;
    case abi::StreamType::Upstream:
      want_resume(Direction::Response);
      return Status::Ok;
    default:
      log(LogLevel::Warn, "proxy_continue_stream: a TCP connection has no such direction; ignored");
      return Status::Ok;
  }
}

Status NetworkStreamContext::close_stream(abi::StreamType type) {
  switch (type) {
    case abi::StreamType::Downstream:
      close_wanted_[0] = true;
      break;
    case abi::StreamType::Upstream:
      close_wanted_[1] = true;
      break;
    default:
      log(LogLevel::Warn, "proxy_close_stream: a TCP connection has no such direction; ignored");
      return Status::Ok;
  }
  note_pending();
  return Status::Ok;
}

bool NetworkStreamContext::apply_end() {
  const bool downstream = std::exchange(close_wanted_[0], false);
  const bool upstream = std::exchange(close_wanted_[1], false);
  if (downstream) stream_.close(Direction::Request);
  if (upstream) stream_.close(Direction::Response);
  return downstream || upstream;
}

Status NetworkStreamContext::send_local_response(abi::LocalResponseRequest) {
  log(LogLevel::Warn, "proxy_send_local_response: a TCP connection has no response; ignored");
  return Status::Ok;
}

Status NetworkStreamContext::get_property(std::string_view path, abi::ValueSink sink) {
  return runtime::get_property({.plugin = plugin(),
                                .stream = &stream_,
                                .http = nullptr,
                                .filter_state = stream_.filter_state()},
                               path, sink);
}

}  // namespace weir::runtime
