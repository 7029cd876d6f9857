#pragma once
// One TCP connection in Envoy, as one filter of this module sees it.

#include <memory>
#include <string>

#include "planes/envoy/configuration.h"
#include "planes/envoy/connection_bytes.h"
#include "planes/envoy/network_calls.h"
#include "planes/envoy/network_filter_state.h"
#include "planes/envoy/worker_stream.h"
#include "runtime/network_context.h"
#include "runtime/worker_services.h"

namespace weir::envoy_plane {

class Worker;

// Envoy drives it by its events; the plugin's context acts on it. What a plugin holds back is kept
// here: of the client's bytes, so much that Envoy reads on only when some have gone; of the
// upstream's, where Envoy offers a filter no such means, so much that the connection is closed.
// Thread: its worker's.
class NetworkStream final : public runtime::NetworkStream, public WorkerStream {
 public:
  NetworkStream(Worker& worker, const Configuration& config, EnvoyNetworkFilter* filter);
  ~NetworkStream() override;

  // Envoy's events. An answer is what Envoy is to do.
  abi::NetworkAction on_new_connection();
  abi::NetworkAction on_data(runtime::Direction, abi::EndOfStream);
  void on_event(NetworkEvent event);
  // Envoy's filter goes: nothing of it is touched from now on.
  void on_destroy();

  Worker& worker() const { return worker_; }
  NetworkCalls& calls() { return calls_; }

  // WorkerStream
  void note() override;
  void settle() override;
  void end() override;
  void on_plugin_settled() override;
  bool may_call(runtime::Protocol protocol) const override {
    return filter_ != nullptr && !closed_ && protocol != runtime::Protocol::Http2;
  }
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open_call(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::UpstreamObserver& observer) override {
    return calls_.open(cluster, headers, end, observer);
  }
  std::unique_ptr<Waker> make_waker() override;

  // runtime::NetworkStream
  runtime::PropertyValue attribute(runtime::Attribute) const override;
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::Buffer* data(runtime::Direction) override;
  void resume(runtime::Direction) override;
  void close(runtime::Direction) override;
  void fail(std::string_view reason) override;
  void finished() override {}

 private:
  struct Half {
    Half(EnvoyNetworkFilter* filter, runtime::Direction direction) : bytes(filter, direction) {}

    ConnectionBytes bytes;
    bool in_event = false;
    bool stopped = false;
    bool resume = false;  // noted
    bool ended = false;   // no more comes
    bool held_back = false;
  };
  enum class Close : uint8_t { No, AfterWrites, AtOnce };

  Half& half(runtime::Direction direction) {
    return direction == runtime::Direction::Request ? request_ : response_;
  }
  // The plugin's context, made at the first event.
  void begin();
  // Whether the connection is held: until the guest that has begun it by a call has returned, or
  // the plugin is here.
  bool waits();
  void show_connection();
  abi::NetworkAction ask(runtime::Direction, abi::EndOfStream);
  // Sees to it that not too much is held.
  void bound(runtime::Direction direction);
  void release(runtime::Direction direction);
  void close_with(Close how, std::string_view details);

  Worker& worker_;
  const Configuration& config_;
  EnvoyNetworkFilter* filter_;  // null: gone
  Half request_;
  Half response_;
  NetworkFilterState filter_state_;
  NetworkCalls calls_;
  std::unique_ptr<runtime::NetworkContext> context_;  // null: not begun, or ended
  uint64_t limit_;                                    // of bytes held before Envoy is slowed down
  std::unique_ptr<runtime::Timer> patience_;          // while the plugin is awaited
  Close close_ = Close::No;                           // noted
  std::string_view close_details_;
  bool noted_ = false;
  bool held_ = false;            // noted: a guest's call has begun it
  bool closed_ = false;          // by whomever
  bool upstream_ended_ = false;  // and the plugin has heard
};

}  // namespace weir::envoy_plane
