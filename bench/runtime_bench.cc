// What a plugin costs, without a proxy around it: callbacks, hostcalls by kind, a whole stream, a
// clone of a VM. Hostcall figures are for the one call, a tenth of the callback that makes ten.

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "engine/engines.h"
#include "runtime/metrics.h"
#include "runtime/trial_services.h"
#include "runtime/worker.h"

namespace weir::runtime {
namespace {

class QuietLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Warn; }
  void write(LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// A stream with ten request headers and nothing else.
class BenchStream final : public HttpStream {
 public:
  PropertyValue attribute(Attribute) const override { return {}; }
  FilterState& filter_state() override { return filter_state_; }
  abi::HeaderMap* header_map(abi::MapType type) override {
    return type == abi::MapType::RequestHeaders ? &request_headers_ : nullptr;
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
};

template <typename T>
T must(Result<T> result) {
  if (result.ok()) return std::move(result).value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

std::string read_guest(const std::string& name) {
  std::ifstream file(std::string(WEIR_BENCH_GUESTS "/") + name + ".wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A worker with one plugin, on the engine that WEIR_BENCH_ENGINE names (the default one without
// it).
struct Bench {
  explicit Bench(const std::string& guest) {
    PluginOptions options;
    options.name = guest;
    options.vm.code = read_guest(guest);
    if (const char* engine = std::getenv("WEIR_BENCH_ENGINE")) options.vm.engine = engine;
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

// One callback in a loop; `calls` hostcalls in each.
template <typename Callback>
void run_callback(benchmark::State& state, int calls, Callback&& callback) {
  Bench bench("calls");
  BenchStream stream;
  auto context = bench.running->make_http_context(stream);
  for (auto _ : state) callback(*context);
  state.SetItemsProcessed(state.iterations() * calls);
  context->finish();
}

void empty_callback(benchmark::State& state) {
  run_callback(state, 1, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_headers(Direction::Request, abi::EndOfStream::Yes));
  });
}
void ten_get_header(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_body(Direction::Request, abi::EndOfStream::No));
  });
}
void ten_replace_header(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_trailers(Direction::Request));
  });
}
void ten_get_header_pairs(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    abi::HeaderList metadata;
    context.on_metadata(Direction::Request, metadata);
  });
}
void ten_get_current_time(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_headers(Direction::Response, abi::EndOfStream::No));
  });
}
void ten_log_below_level(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_body(Direction::Response, abi::EndOfStream::No));
  });
}
void ten_get_property(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    benchmark::DoNotOptimize(context.on_trailers(Direction::Response));
  });
}
void ten_increment_metric(benchmark::State& state) {
  run_callback(state, 10, [](HttpContext& context) {
    abi::HeaderList metadata;
    context.on_metadata(Direction::Response, metadata);
  });
}

void noop_stream(benchmark::State& state) {
  Bench bench("noop");
  BenchStream stream;
  for (auto _ : state) {
    auto context = bench.running->make_http_context(stream);
    benchmark::DoNotOptimize(context->on_headers(Direction::Request, abi::EndOfStream::Yes));
    benchmark::DoNotOptimize(context->on_headers(Direction::Response, abi::EndOfStream::Yes));
    context->finish();
  }
}

// A worker's own instance of a VM that is compiled already, started and configured.
void start_on_a_worker(benchmark::State& state) {
  Bench bench("noop");
  for (auto _ : state) {
    Worker worker(bench.host, bench.services);
    auto running = must(worker.start(bench.plugin));
    benchmark::DoNotOptimize(running);
  }
}

BENCHMARK(empty_callback);
BENCHMARK(noop_stream);
BENCHMARK(ten_get_header);
BENCHMARK(ten_replace_header);
BENCHMARK(ten_get_header_pairs);
BENCHMARK(ten_get_current_time);
BENCHMARK(ten_log_below_level);
BENCHMARK(ten_get_property);
BENCHMARK(ten_increment_metric);
BENCHMARK(start_on_a_worker);

}  // namespace
}  // namespace weir::runtime
