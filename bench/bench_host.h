#pragma once
// What the benchmarks of plugins share: a host, a worker with one plugin, a stream with headers.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "engine/engines.h"
#include "runtime/metrics.h"
#include "runtime/trial_services.h"
#include "runtime/worker.h"

namespace weir::runtime {

class QuietLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Warn; }
  void write(LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// A stream with ten request headers, three response headers and nothing else.
class BenchStream final : public HttpStream {
 public:
  PropertyValue attribute(Attribute) const override { return {}; }
  FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType type) override {
    if (type == abi::MapType::RequestHeaders) return &request_headers_;
    return type == abi::MapType::ResponseHeaders ? &response_headers_ : nullptr;
  }
  abi::Buffer* body(Direction) override { return nullptr; }
  void resume(Direction) override {}
  bool send_local_response(const LocalResponse&) override { return true; }
  void reset() override {}
  void fail(std::string_view) override { std::abort(); }
  void clear_route_cache() override {}
  void finished() override {}

 private:
  FilterState filter_state_;
  abi::HeaderList request_headers_{{":method", "GET"},
                                   {":path", "/some/path?with=query"},
                                   {":scheme", "http"},
                                   {":authority", "example.com"},
                                   {"user-agent", "bench/1.0"},
                                   {"accept", "*/*"},
                                   {"accept-encoding", "gzip, deflate, br"},
                                   {"cookie", "session=0123456789abcdef"},
                                   {"x-request-id", "9a3c8f1e-0000-4000-8000-000000000000"},
                                   {"x-forwarded-for", "192.0.2.1"}};
  abi::HeaderList response_headers_{
      {":status", "200"}, {"content-type", "text/plain"}, {"content-length", "25"}};
};

template <typename T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

// A guest of bench/guests, by name.
inline std::string bench_guest(const std::string& name) {
  std::ifstream file(std::string(WEIR_BENCH_GUESTS "/") + name + ".wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A plugin of build/guests, by name.
inline std::string bench_plugin(const std::string& name) {
  std::ifstream file(std::string(WEIR_BENCH_PLUGINS "/") + name + ".wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The engine that WEIR_BENCH_ENGINE names; the default one without it.
inline std::string bench_engine() {
  const char* engine = std::getenv("WEIR_BENCH_ENGINE");
  return engine == nullptr ? "" : engine;
}

// A worker with one plugin, on that engine ("" is the default one).
struct BenchPlugin {
  explicit BenchPlugin(std::string code, const std::string& engine = bench_engine(),
                       Isolation isolation = Isolation::Shared) {
    PluginOptions options;
    options.name = "bench";
    options.vm.code = std::move(code);
    options.vm.engine = engine;
    options.vm.isolation = isolation;
    plugin = must(host.load(options));
    running = must(worker.start(plugin));
  }

  QuietLogger logger;
  SystemClock clock;
  MetricStore metrics;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  Host host{{engines, nullptr, clock, logger, metrics}};
  TrialServices services;
  Worker worker{host, services};
  std::shared_ptr<const Plugin> plugin;
  std::unique_ptr<WorkerPlugin> running;
};

}  // namespace weir::runtime
