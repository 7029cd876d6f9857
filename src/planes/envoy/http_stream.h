#pragma once
// One HTTP request and its response in Envoy, as one filter of this module sees them.

#include <memory>
#include <optional>
#include <string>

#include "planes/envoy/body.h"
#include "planes/envoy/configuration.h"
#include "planes/envoy/filter_state.h"
#include "planes/envoy/header_map.h"
#include "planes/envoy/own_reply.h"
#include "planes/envoy/stream_calls.h"
#include "planes/envoy/worker_stream.h"
#include "runtime/http_context.h"
#include "runtime/worker_services.h"

namespace weir::envoy_plane {

class Worker;

// Envoy drives it by its events; the plugin's context acts on it. Thread: its worker's.
class HttpStream final : public runtime::HttpStream, public WorkerStream {
 public:
  // `config` is the filter's; a route may name another one.
  HttpStream(Worker& worker, const Configuration& config, EnvoyHttpFilter* filter);
  ~HttpStream() override;

  // Envoy's events. An answer is what Envoy is to do.
  abi::HeadersAction on_headers(runtime::Direction, abi::EndOfStream);
  abi::DataAction on_body(runtime::Direction, abi::EndOfStream);
  abi::TrailersAction on_trailers(runtime::Direction);
  void on_complete();
  // Envoy's filter goes: nothing of it is touched from now on. What is left of the plugin's context
  // ends, at once or in end().
  void on_destroy();

  Worker& worker() const { return worker_; }
  StreamCalls& calls() { return calls_; }

  // WorkerStream
  void note() override;
  void settle() override;
  void end() override;
  void on_plugin_settled() override;
  bool may_call(runtime::Protocol) const override { return filter_ != nullptr && !completed_; }
  Result<std::unique_ptr<runtime::UpstreamStream>, runtime::OpenError> open_call(
      std::string_view cluster, const abi::HeaderList& headers, abi::EndOfStream end,
      runtime::UpstreamObserver& observer) override {
    return calls_.open(cluster, headers, end, observer);
  }
  std::unique_ptr<Waker> make_waker() override;

  // runtime::HttpStream
  runtime::PropertyValue attribute(runtime::Attribute) const override;
  runtime::PropertyValue plane_property(std::span<const std::string_view> path) const override;
  runtime::FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType) override;
  abi::Buffer* body(runtime::Direction) override;
  void resume(runtime::Direction) override;
  bool send_local_response(const runtime::LocalResponse&) override;
  void reset() override;
  void fail(std::string_view reason) override;
  void clear_route_cache() override;
  void finished() override {}

 private:
  struct Reply {
    uint32_t status;
    std::string details;
    std::string body;
    abi::HeaderList headers;
    int32_t grpc_status;
    bool is_failure;
  };
  // One direction of the message.
  struct Half {
    Half(EnvoyHttpFilter* filter, runtime::Direction direction) : body(filter, direction) {}

    EnvoyBody body;
    bool in_event = false;   // of its body
    bool stopped = false;    // Envoy holds it until it is told to go on
    bool buffering = false;  // what it stopped with is with Envoy, for the plugin to see
    bool resume = false;     // noted
    bool has_trailers = false;
    std::optional<abi::EndOfStream> held;  // noted: its headers are to be shown
    uint64_t bytes = 0;                    // of body that came
  };

  // Whether Envoy does not tell when the stream began.
  static bool needs_clock();
  // What the stream's route names, or else the filter's configuration.
  const ConfiguredPlugin& configured() const;
  // The plugin's context, made at the first event that the plugin is to see.
  void begin(const ConfiguredPlugin& configured);
  // What a guest's call has Envoy do at once is held until that guest has returned: a stream to the
  // cluster begins, or others are answered whose connection it has ended.
  abi::HeadersAction hold(runtime::Direction, abi::EndOfStream);
  // Shows what was held, if something was.
  void show_held();
  void show_late(runtime::Direction, abi::EndOfStream);
  // Whether more of a message goes on though a guest runs, and so its plugin cannot be asked.
  bool passes_unseen();
  // The stream is held until the plugin is here.
  void wait(abi::EndOfStream end);
  abi::HeadersAction show_headers(runtime::Direction, abi::EndOfStream);
  Half& half(runtime::Direction direction) {
    return direction == runtime::Direction::Request ? request_ : response_;
  }
  runtime::PropertyValue computed(runtime::Attribute) const;
  // Request headers have changed: the route is chosen anew.
  void flush_changes();
  void send(Reply reply);
  // The plugin sees its own answer as it would one of an upstream.
  void show(OwnReply& reply);
  void go_on(runtime::Direction direction);

  Worker& worker_;
  const Configuration& config_;
  EnvoyHttpFilter* filter_;  // null: gone
  EnvoyHeaderMap request_headers_;
  EnvoyHeaderMap request_trailers_;
  EnvoyHeaderMap response_headers_;
  EnvoyHeaderMap response_trailers_;
  Half request_;
  Half response_;
  EnvoyFilterState filter_state_;
  StreamCalls calls_;
  std::unique_ptr<runtime::HttpContext> context_;  // null: not begun, or ended
  std::optional<Reply> reply_;                     // noted
  OwnReply* own_reply_ = nullptr;                  // while the plugin is shown it
  bool reset_ = false;                             // noted
  std::unique_ptr<runtime::Timer> patience_;       // while the plugin is awaited
  abi::EndOfStream awaited_end_ = abi::EndOfStream::No;
  bool noted_ = false;
  bool has_response_ = false;     // its headers were there
  bool response_passed_ = false;  // they have gone on from here
  bool answered_ = false;         // by this filter
  bool completed_ = false;
  Nanoseconds began_;  // wall clock, where needs_clock()
};

}  // namespace weir::envoy_plane
