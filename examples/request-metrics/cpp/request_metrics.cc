// Counts requests by method and class of status, and measures them; see ../README.md.

#include <memory>

#include "proxy_wasm_intrinsics.h"

namespace {

// Defined once for the plugin: a metric's id is found by its name and tags.
class Plugin : public RootContext {
 public:
  explicit Plugin(uint32_t id, std::string_view root_id) : RootContext(id, root_id) {}

  Counter<std::string, std::string> requests{"requests", "method", "class"};
  Gauge<> open{"open_requests"};
  Histogram<std::string> milliseconds{"request_milliseconds", "method"};
  Histogram<> response_bytes{"response_bytes"};
};

// Methods are names of metrics: clients must not make up any number of them.
std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    if (method == known) return method;
  }
  return "other";
}

class Stream : public Context {
 public:
  explicit Stream(uint32_t id, RootContext* root)
      : Context(id, root), plugin_(*static_cast<Plugin*>(root)) {}

  void onCreate() override {
    started_ = getCurrentTimeNanoseconds();
    // A gauge is the same for all worker threads, and they change it together.
    incrementMetric(plugin_.open.resolve().metric_id, 1);
  }

  FilterHeadersStatus onRequestHeaders(uint32_t, bool) override {
    method_ = known_method(getRequestHeader(":method")->toString());
    return FilterHeadersStatus::Continue;
  }

  FilterDataStatus onResponseBody(size_t size, bool) override {
    response_bytes_ += size;
    return FilterDataStatus::Continue;
  }

  // At the end, however it came.
  void onLog() override {
    incrementMetric(plugin_.open.resolve().metric_id, -1);
    int64_t code = 0;
    getValue({"response", "code"}, &code);
    const std::string kind = code == 0 ? "none" : std::to_string(code / 100) + "xx";
    plugin_.requests.increment(1, method_, kind);
    const uint64_t passed = getCurrentTimeNanoseconds() - started_;
    plugin_.milliseconds.record(static_cast<int64_t>(passed / 1'000'000), method_);
    plugin_.response_bytes.record(static_cast<int64_t>(response_bytes_));
  }

 private:
  Plugin& plugin_;
  uint64_t started_ = 0;
  uint64_t response_bytes_ = 0;
  std::string method_ = "none";
};

}  // namespace

static RegisterContextFactory registered(CONTEXT_FACTORY(Stream), ROOT_FACTORY(Plugin));
