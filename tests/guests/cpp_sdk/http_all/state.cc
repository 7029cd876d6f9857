// Shared data, metrics, the queue, properties, foreign functions, the log.

#include <cstdio>
#include <cstdlib>

#include "scenario.h"

uint64_t count_up(std::string_view key) {
  for (;;) {
    WasmDataPtr value;
    uint32_t cas = 0;
    uint64_t count = 1;
    if (getSharedData(key, &value, &cas) == WasmResult::Ok && value->size() > 0) {
      count = std::stoull(value->toString()) + 1;
    }
    if (setSharedData(key, std::to_string(count), cas) == WasmResult::Ok) return count;
  }
}

namespace {

class CountRequests final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    count_ = count_up("http_all.counter");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-counter", std::to_string(count_));
    return FilterHeadersStatus::Continue;
  }
  uint64_t count_ = 0;
};

class Show final : public Scenario {
 public:
  explicit Show(std::string_view key) : key_(key) {}

 private:
  FilterHeadersStatus on_response_headers() override {
    WasmDataPtr value;
    getSharedData(key_, &value);
    replaceResponseHeader("x-value", value ? value->view() : "");
    return FilterHeadersStatus::Continue;
  }
  std::string_view key_;
};

// Each kind of metric by another way of the SDK.
class Metrics final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    const uint64_t size = getRequestHeader(":path")->size();
    requests_.increment(1);
    last_size_.record(size);
    sizes_.record(size);
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-counter", std::to_string(requests_.get()));
    replaceResponseHeader("x-gauge", std::to_string(last_size_.get()));
    return FilterHeadersStatus::Continue;
  }
  Counter<> requests_{"http_all.requests"};
  Gauge<> last_size_{"http_all.last_path_size"};
  Metric sizes_{MetricType::Histogram, "http_all.path_size"};
};

// What no other guest has: metrics with tags, whose names tell the tags' values.
class TaggedMetrics final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    std::unique_ptr<Counter<std::string, int, bool>> requests(
        Counter<std::string, int, bool>::New("tagged", "method", "code", "ok"));
    SimpleCounter counter = requests->resolve(request_header(":method"), 200, true);
    counter++;
    requests->increment(2, request_header(":method"), 200, true);
    Metric sizes(MetricType::Gauge, "sizes", {{"path", MetricTag::TagType::String}});
    sizes.record(7, "root");
    std::unique_ptr<Histogram<std::string>> times(Histogram<std::string>::New("times", "step"));
    times->record(5, "first");
    value_ = std::to_string(counter.get()) + " " + std::to_string(sizes.get("root"));
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-value", value_);
    return FilterHeadersStatus::Continue;
  }
  std::string value_;
};

class Enqueue final : public Scenario {
 public:
  explicit Enqueue(uint32_t queue) : queue_(queue) {}

 private:
  FilterHeadersStatus on_request_headers() override {
    CHECK_RESULT(enqueueSharedQueue(queue_, getRequestHeader(":path")->view()));
    return FilterHeadersStatus::Continue;
  }
  uint32_t queue_;
};

class PauseUntilTick final : public Scenario {
 public:
  explicit PauseUntilTick(Stream& stream) : stream_(stream) {}

 private:
  FilterHeadersStatus on_request_headers() override {
    stream_.plugin()->paused.push_back(stream_.id());
    return FilterHeadersStatus::StopIteration;
  }
  Stream& stream_;
};

std::string text(std::initializer_list<std::string_view> path) {
  std::string value;
  // As the Rust SDK, take an empty value for none.
  return getValue(path, &value) && !value.empty() ? value : "absent";
}

std::string integer(std::initializer_list<std::string_view> path) {
  int64_t value = 0;
  return getValue(path, &value) ? std::to_string(value) : "absent";
}

class Properties final : public Scenario {
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-request-path", text({"request", "path"}));
    replaceResponseHeader("x-request-method", text({"request", "method"}));
    replaceResponseHeader("x-source-address", text({"source", "address"}));
    replaceResponseHeader("x-plugin-name", text({"plugin_name"}));
    replaceResponseHeader("x-plugin-root-id", text({"plugin_root_id"}));
    std::string agent = "absent";
    getValue(std::vector<std::string>{"request", "headers", "user-agent"}, &agent);
    replaceResponseHeader("x-user-agent", agent);
    replaceResponseHeader("x-response-code", integer({"response", "code"}));
    replaceResponseHeader("x-source-port", integer({"source", "port"}));
    return FilterHeadersStatus::Continue;
  }
};

class SetProperty final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    setFilterState(std::string_view("guest\0note", 10), "kept");
    return FilterHeadersStatus::Continue;
  }
  FilterHeadersStatus on_response_headers() override {
    replaceResponseHeader("x-note", text({"guest", "note"}));
    replaceResponseHeader("x-unset", text({"guest", "unset"}));
    return FilterHeadersStatus::Continue;
  }
};

WasmResult call_function(std::string_view name, std::string_view arguments, std::string* out) {
  char* results = nullptr;
  size_t size = 0;
  const WasmResult result = proxy_call_foreign_function(name.data(), name.size(), arguments.data(),
                                                        arguments.size(), &results, &size);
  *out = WasmData(results, size).toString();
  return result;
}

class Foreign final : public Scenario {
  FilterHeadersStatus on_response_headers() override {
    std::string original;
    for (int i = 0; i < 500; ++i) original += "abcdefgh";
    std::string compressed, uncompressed, nothing;
    CHECK_RESULT(call_function("compress", original, &compressed));
    CHECK_RESULT(call_function("uncompress", compressed, &uncompressed));
    const bool smaller = compressed.size() < original.size();
    replaceResponseHeader("x-compressed", smaller ? "smaller" : "larger");
    replaceResponseHeader("x-uncompressed", uncompressed == original ? "same" : "other");
    const auto some = [&](std::string_view name, std::string_view arguments) {
      return "Some(" + toString(call_function(name, arguments, &nothing)) + ")";
    };
    replaceResponseHeader("x-corrupt", some("uncompress", "not compressed"));
    replaceResponseHeader("x-unknown", some("no_such_function", ""));
    return FilterHeadersStatus::Continue;
  }
};

class Environment final : public Scenario {
  FilterHeadersStatus on_response_headers() override {
    const char* variable = std::getenv("GUEST_TEST");
    replaceResponseHeader("x-environment", variable != nullptr ? variable : "absent");
    replaceResponseHeader("x-time", std::to_string(getCurrentTimeNanoseconds() / 1'000'000'000));
    return FilterHeadersStatus::Continue;
  }
};

class Log final : public Scenario {
  FilterHeadersStatus on_request_headers() override {
    logTrace("log at trace");
    logDebug("log at debug");
    logInfo("log at info");
    logWarn("log at warn");
    logError("log at error");
    std::puts("log to stdout");
    std::fputs("log to stderr\n", stderr);
    std::fflush(stdout);
    return FilterHeadersStatus::Continue;
  }
};

class Lifecycle final : public Scenario {
  void on_log() override {
    const std::string line =
        request_header(":path") + " " + getResponseHeader(":status")->toString();
    logInfo("logged: " + line);
    setSharedData(kLastLogged, line);
  }
};

}  // namespace

ScenarioPtr make_state_scenario(std::string_view path, Stream& stream) {
  if (path == "/shared-data") return std::make_unique<CountRequests>();
  if (path == "/metrics") return std::make_unique<Metrics>();
  if (path == "/metrics/tagged") return std::make_unique<TaggedMetrics>();
  if (path == "/queue") return std::make_unique<Enqueue>(stream.plugin()->queue);
  if (path == "/queue/last") return std::make_unique<Show>(kLastItem);
  if (path == "/tick") return std::make_unique<Show>(kTicks);
  if (path == "/lifecycle/last") return std::make_unique<Show>(kLastLogged);
  if (path == "/pause-until-tick") return std::make_unique<PauseUntilTick>(stream);
  return nullptr;
}

ScenarioPtr make_observed_scenario(std::string_view path) {
  if (path == "/properties") return std::make_unique<Properties>();
  if (path == "/set-property") return std::make_unique<SetProperty>();
  if (path == "/foreign") return std::make_unique<Foreign>();
  if (path == "/environment") return std::make_unique<Environment>();
  if (path == "/log") return std::make_unique<Log>();
  if (path == "/lifecycle") return std::make_unique<Lifecycle>();
  return nullptr;
}
