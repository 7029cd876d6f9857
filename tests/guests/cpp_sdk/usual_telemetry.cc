// A program as authors for the usual C++ SDK write them: telemetry of an access log and a filter in
// one, which counts requests by dimensions, tells what an expression says of them, and asks a
// policy service about those that the expression is true of. Configuration: the expression, on one
// line.
//
// Metrics: requests_total with the tags of Dimensions, request_bytes, cache hits and misses of what
// is known about a peer, and `decisions` of the policy service.

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy_wasm_intrinsics.h"

START_WASM_PLUGIN(Telemetry)

#include "contrib/proxy_expr.h"

namespace {

constexpr uint32_t kTimeoutMilliseconds = 5000;

const std::vector<MetricTag> kDimensions = {
    {"method", MetricTag::TagType::String},
    {"code", MetricTag::TagType::Int},
    {"suspect", MetricTag::TagType::Bool},
};

}  // namespace

class TelemetryRootContext : public RootContext {
 public:
  explicit TelemetryRootContext(uint32_t id, std::string_view root_id)
      : RootContext(id, root_id),
        requests_(MetricType::Counter, "requests_total", kDimensions, ";.;", "=.="),
        request_bytes_(Histogram<std::string>::New("request_bytes", "method")) {
    Metric cache(MetricType::Counter, "peers", {MetricTag{"cache", MetricTag::TagType::String}});
    hits_ = cache.resolve("hit");
    misses_ = cache.resolve("miss");
  }

  bool onConfigure(size_t size) override {
    const auto text = getBufferBytes(WasmBufferType::PluginConfiguration, 0, size);
    if (createExpression(text->view(), &expression_) != WasmResult::Ok) {
      logWarn("not an expression: " + text->toString());
      return false;
    }
    return true;
  }

  bool onDone() override {
    if (asked_ == 0) return exprDelete(expression_) == WasmResult::Ok;
    leaving_ = true;
    return false;  // until the last answer is there
  }

  bool suspect() {
    bool found = false;
    return evaluateExpression(expression_, &found) && found;
  }

  // Whether anything has been heard of this peer before.
  void meet(const std::string& address, const std::string& agent) {
    const bool is_new = peers_.try_emplace({address, agent}, peers_.size()).second;
    incrementMetric(is_new ? misses_ : hits_, 1);
  }

  void count(const std::string& method, int code, bool suspect, uint64_t bytes) {
    requests_.increment(1, method, code, suspect);
    request_bytes_->record(static_cast<int64_t>(bytes), method);
  }

  FilterHeadersStatus ask(uint32_t stream_context_id) {
    std::string path;
    getValue(std::vector<std::string>{"request", "path"}, &path);
    HeaderStringPairs headers;
    HeaderStringPairs trailers;
    headers.emplace_back(":method", "POST");
    headers.emplace_back(":path", "/v1/allow");
    headers.emplace_back(":authority", "policy.example");
    const auto result = httpCall(
        "policy", headers, path, trailers, kTimeoutMilliseconds,
        [this, stream_context_id](uint32_t header_count, size_t body_size, uint32_t) {
          --asked_;
          if (leaving_ && asked_ == 0) proxy_done();
          if (getContext(stream_context_id) == nullptr) return;
          getContext(stream_context_id)->setEffectiveContext();
          const auto body = getBufferBytes(WasmBufferType::HttpCallResponseBody, 0, body_size);
          decide(header_count != 0 && body->view() == "allow");
        });
    if (result != WasmResult::Ok) {
      logWarn("no policy service: " + toString(result));
      return FilterHeadersStatus::Continue;
    }
    ++asked_;
    return FilterHeadersStatus::StopIteration;
  }

 private:
  void decide(bool allowed) {
    decisions_.increment(1, allowed ? "allowed" : "denied");
    if (!allowed) {
      sendLocalResponse(403, "policy", "", {});
      return;
    }
    proxy_continue_request();
  }

  Metric requests_;
  std::unique_ptr<Histogram<std::string>> request_bytes_;
  Counter<std::string> decisions_{"decisions", "outcome"};
  uint32_t hits_ = 0;
  uint32_t misses_ = 0;
  uint32_t expression_ = 0;
  int asked_ = 0;
  bool leaving_ = false;
  std::unordered_map<std::pair<std::string, std::string>, size_t, PairHash> peers_;
};

class TelemetryContext : public Context {
 public:
  explicit TelemetryContext(uint32_t id, RootContext* root) : Context(id, root) {}

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    suspect_ = rootContext()->suspect();
    setFilterStateStringValue("telemetry.suspect", suspect_ ? "yes" : "no");
    return suspect_ ? rootContext()->ask(id()) : FilterHeadersStatus::Continue;
  }

  FilterDataStatus onRequestBody(size_t body_buffer_length, bool) override {
    bytes_ += body_buffer_length;
    return FilterDataStatus::Continue;
  }

  void onLog() override {
    std::string address;
    std::string agent;
    std::string method = "unknown";
    int64_t code = 0;
    getValue({"source", "address"}, &address);
    getValue({"request", "useragent"}, &agent);
    getValue({"request", "method"}, &method);
    getValue({"response", "code"}, &code);
    const auto duration = getProperty({"request", "duration"});
    if (!duration.has_value() || (*duration)->size() != sizeof(int64_t)) {
      logCritical("a request without duration");
    }
    rootContext()->meet(address, agent);
    rootContext()->count(method, static_cast<int>(code), suspect_, bytes_);
  }

 private:
  inline TelemetryRootContext* rootContext() {
    return static_cast<TelemetryRootContext*>(this->root());
  }

  bool suspect_ = false;
  uint64_t bytes_ = 0;
};

static RegisterContextFactory register_Telemetry(CONTEXT_FACTORY(TelemetryContext),
                                                 ROOT_FACTORY(TelemetryRootContext));

END_WASM_PLUGIN
