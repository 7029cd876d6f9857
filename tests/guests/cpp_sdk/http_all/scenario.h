#pragma once
// http_all for the C++ SDK: the scenarios of rust/http_all, by the same paths and with the same
// effects
// (../../README.md). The same sources become a .wasm file and a native plugin.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy_wasm_intrinsics.h"

// The plugin: its configuration, its ticks and its queue.
class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  bool onStart(size_t configuration_size) override;
  bool onConfigure(size_t configuration_size) override;
  void onTick() override;
  void onQueueReady(uint32_t token) override;

  std::string scenario;  // for every request, where it is not empty
  uint32_t queue = 0;
  std::vector<uint32_t> paused;  // the streams that the next tick resumes
};

class Scenario;

// One request and its response: chooses the scenario by the path, then leaves everything to it.
class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root) : Context(id, root) {}

  Plugin* plugin() { return dynamic_cast<Plugin*>(root()); }

  FilterHeadersStatus onRequestHeaders(uint32_t headers, bool end_of_stream) override;
  FilterDataStatus onRequestBody(size_t size, bool end_of_stream) override;
  FilterTrailersStatus onRequestTrailers(uint32_t trailers) override;
  FilterHeadersStatus onResponseHeaders(uint32_t headers, bool end_of_stream) override;
  FilterDataStatus onResponseBody(size_t size, bool end_of_stream) override;
  FilterTrailersStatus onResponseTrailers(uint32_t trailers) override;
  void onLog() override;

  Scenario* scenario() { return scenario_.get(); }

 private:
  std::unique_ptr<Scenario> scenario_;
};

// What a stream of some path does. What a scenario leaves out lets everything pass.
class Scenario {
 public:
  virtual ~Scenario() = default;
  virtual FilterHeadersStatus on_request_headers() { return FilterHeadersStatus::Continue; }
  virtual FilterDataStatus on_request_body(size_t, bool) { return FilterDataStatus::Continue; }
  virtual FilterTrailersStatus on_request_trailers() { return FilterTrailersStatus::Continue; }
  virtual FilterHeadersStatus on_response_headers() { return FilterHeadersStatus::Continue; }
  virtual FilterDataStatus on_response_body(size_t, bool) { return FilterDataStatus::Continue; }
  virtual FilterTrailersStatus on_response_trailers() { return FilterTrailersStatus::Continue; }
  virtual void on_call_response(uint32_t /* headers */, size_t /* body_size */) {}
  virtual void on_log() {}
};

using ScenarioPtr = std::unique_ptr<Scenario>;

// Null where the path is none of theirs.
ScenarioPtr make_headers_scenario(std::string_view path);
ScenarioPtr make_body_scenario(std::string_view path);
ScenarioPtr make_reply_scenario(std::string_view path);
ScenarioPtr make_call_scenario(std::string_view path, Stream& stream);
ScenarioPtr make_state_scenario(std::string_view path, Stream& stream);
ScenarioPtr make_observed_scenario(std::string_view path);

inline std::string request_header(std::string_view name) {
  return getRequestHeader(name)->toString();
}

// Adds one to a number in shared data, as text, however many others do the same.
uint64_t count_up(std::string_view key);

inline constexpr std::string_view kLastItem = "http_all.last_item";
inline constexpr std::string_view kLastLogged = "http_all.last_logged";
inline constexpr std::string_view kTicks = "http_all.ticks";
