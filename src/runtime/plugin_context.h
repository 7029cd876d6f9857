#pragma once
// The root context of a plugin in one VM instance: configuration, ticks, queues, calls to
// upstreams.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/context_base.h"
#include "runtime/grpc_call.h"
#include "runtime/http_call.h"
#include "runtime/load_error.h"
#include "runtime/queue_wakeups.h"
#include "runtime/root_plugins.h"
#include "runtime/started_image.h"
#include "runtime/stream.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

// Owned by its VmInstance. Thread: the worker's.
class PluginContext final : public ContextBase {
 public:
  PluginContext(VmInstance& vm, std::shared_ptr<const Plugin> plugin);
  ~PluginContext() override;

  // proxy_on_context_create, proxy_on_vm_start, proxy_on_configure. The error tells what the plugin
  // refused; whether the instance has failed, the instance tells.
  Result<Unit, LoadError> start();

  // In place of start(), where the guest has an image's state: it has done all that start() does.
  void begin_started(const RootState& state);
  // For an image.
  void save(RootState& to) const {
    to.filter_state.begin_with(filter_state_);
    to.declarations = declarations_;
  }

  // Calls to upstreams and look-ups whose answers are to come.
  bool has_open_calls() const {
    return !http_calls_.empty() || !grpc_calls_.empty() || lookups_ != 0;
  }
  void give_up_calls();
  void stop_ticks() { tick_timer_.reset(); }

  // Ends it once no stream uses it: on_done, perhaps later proxy_done, then on_delete.
  void end();

  // Streams under this root come and go. A plugin that nothing uses may go with its last.
  void stream_added(const Plugin& plugin) { plugins_.stream_added(plugin); }
  void stream_removed(const Plugin& plugin);

  // One of those that share this root, which have the same name, root_id and configuration. Not the
  // same one any more when another has left.
  const Plugin& plugin() const override { return plugins_.any(); }
  bool serves(const Plugin& plugin) const;
  // A user more, and one less, of the root, which has one from the beginning.
  void share_with(std::shared_ptr<const Plugin> plugin) { plugins_.join(std::move(plugin)); }
  void leave(const Plugin& plugin);

  // Of the call or message whose callback runs: null otherwise.
  abi::HeaderMap* call_map(abi::MapType);
  abi::Buffer* call_buffer(abi::BufferType);

  // Envoy's envoy_resolve_dns, asked by the context of that id, which is told the answer.
  abi::Status resolve_dns_for(abi::ContextId asked_by, std::string_view host, uint32_t& token);

  // proxy_on_log for a stream of others, whose maps and properties can be read meanwhile.
  void log_stream(HttpStream& stream);

  // proxy_on_foreign_function; the arguments can be read meanwhile.
  void call_foreign(uint32_t function_id, std::string_view arguments);

  // Configurations, for buffers of this root and its streams.
  abi::Buffer* configuration(abi::BufferType);

  FilterState& filter_state() override { return filter_state_; }
  PropertyDeclarations& declarations() override { return declarations_; }

  // abi::Context
  abi::HeaderMap* header_map(abi::MapType type) override;
  bool may_write(abi::MapType) const override { return false; }
  abi::Buffer* buffer(abi::BufferType) override;
  abi::Status continue_stream(abi::StreamType) override;
  abi::Status close_stream(abi::StreamType) override;
  abi::Status send_local_response(abi::LocalResponseRequest) override;
  abi::Status clear_route_cache() override;
  abi::Status done() override;
  abi::Status get_property(std::string_view path, abi::ValueSink) override;
  abi::Status set_tick_period(Milliseconds period) override;
  abi::Status http_call(abi::HttpCallRequest request, uint32_t& call_id) override;
  abi::Status grpc_call(abi::GrpcCallRequest request, std::string_view message,
                        Milliseconds timeout, uint32_t& call_id) override;
  abi::Status grpc_stream(abi::GrpcCallRequest request, uint32_t& call_id) override;
  abi::Status grpc_send(uint32_t call_id, std::string_view message, abi::EndOfStream) override;
  abi::Status grpc_cancel(uint32_t call_id) override;
  abi::Status grpc_close(uint32_t call_id) override;
  abi::Status get_status(uint32_t& code, std::string& message) override;
  abi::Status register_shared_queue(std::string_view name, uint32_t& queue_id) override;
  std::string_view log_prefix() const override { return plugin().log_prefix(); }

  // ContextBase
  void apply_pending() override;
  void instance_failed(std::string_view reason) override;
  void apply_failure() override {}

  // From the calls that this root owns.
  WorkerServices& services();
  // As the plane knows it.
  std::string upstream_name(std::string_view name) const;
  // A call could not be started: at once, or, where the plane finds out later, before it ends.
  void log_refusal(std::string_view hostcall, std::string_view upstream, std::string_view reason);
  void on_http_call_done(HttpCall& call);
  void on_grpc_initial_metadata(GrpcCall& call, abi::HeaderList metadata);
  void on_grpc_message(GrpcCall& call, std::string message);
  void on_grpc_trailing_metadata(GrpcCall& call, abi::HeaderList metadata);
  void on_grpc_closed(GrpcCall& call, uint32_t status, std::string message);

 private:
  enum class State : uint8_t { Starting, Running, Ending, AwaitingDone, Ended };

  // What the guest can read while one of its callbacks for a call runs.
  struct Delivery {
    abi::HeaderMap* headers = nullptr;
    abi::HeaderMap* trailers = nullptr;
    abi::HeaderMap* initial_metadata = nullptr;
    abi::HeaderMap* trailing_metadata = nullptr;
    abi::ConstBuffer body;
    bool has_body = false;
    abi::ConstBuffer message;
    bool has_message = false;
    abi::ConstBuffer call_data;
    bool has_call_data = false;
    bool has_status = false;
    uint32_t status = 0;
    std::string status_message;
  };

  Result<Unit, LoadError> configure();
  void begin_end();
  void finish();
  // Ticks, and calls that are open.
  void stop_all();
  void on_tick();
  void on_queue_ready(uint32_t queue_id);
  void on_resolved(abi::ContextId asked_by, uint32_t token,
                   const std::vector<std::string>& addresses);
  // Calls the guest with `delivery` readable.
  void deliver(Delivery& delivery, ContextBase& to, abi::Callback, abi::CallbackParams params);
  GrpcCall* find_grpc(uint32_t call_id);
  // Whether the configuration allows calls to that upstream.
  bool may_call(std::string_view upstream, std::string_view hostcall);
  // Whether a call may still bring so many bytes of its own.
  bool may_hold(size_t bytes, std::string_view hostcall);
  // Counts what waits on gRPC calls anew.
  void recount_unsent();
  abi::Status start_grpc(std::unique_ptr<GrpcCall> call, const abi::GrpcCallRequest& request,
                         std::string_view message, Milliseconds timeout);

  // The plugin of plugin() may have changed.
  void read_from_plugin();

  RootPlugins plugins_;
  State state_ = State::Starting;
  bool in_vm_start_ = false;
  bool done_asked_ = false;
  FilterState filter_state_;
  PropertyDeclarations declarations_;
  abi::ConstBuffer vm_configuration_;
  abi::ConstBuffer plugin_configuration_;  // plugin()'s
  Milliseconds tick_period_{0};
  std::unique_ptr<Timer> tick_timer_;
  std::shared_ptr<QueueWakeups> queue_wakeups_;  // once it has registered a queue
  // Answers that come after the end find it expired.
  std::shared_ptr<PluginContext*> self_;  // once it has asked for some
  size_t lookups_ = 0;
  uint64_t held_bytes_ = 0;    // bodies of open HTTP calls
  uint64_t unsent_bytes_ = 0;  // of gRPC messages: at most so many wait
  Delivery* delivery_ = nullptr;
  HttpStream* logged_ = nullptr;  // while the guest is told of it
  std::unordered_map<uint32_t, std::unique_ptr<HttpCall>> http_calls_;
  std::unordered_map<uint32_t, std::unique_ptr<GrpcCall>> grpc_calls_;
};

}  // namespace weir::runtime
