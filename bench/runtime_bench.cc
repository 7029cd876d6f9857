// What a plugin costs, without a proxy around it: callbacks, hostcalls by kind, a whole stream in
// an instance that it shares and in its own, a clone of a VM. Hostcall figures are for the one
// call, a tenth of the callback that makes ten.

#include "bench_host.h"

namespace weir::runtime {
namespace {

// One callback in a loop; `calls` hostcalls in each.
template <typename Callback>
void run_callback(benchmark::State& state, int calls, Callback&& callback) {
  BenchPlugin bench(bench_guest("calls"));
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

void run_streams(benchmark::State& state, const std::string& guest, Isolation isolation) {
  BenchPlugin bench(guest, bench_engine(), isolation);
  BenchStream stream;
  for (auto _ : state) {
    auto context = bench.running->make_http_context(stream);
    benchmark::DoNotOptimize(context->on_headers(Direction::Request, abi::EndOfStream::Yes));
    benchmark::DoNotOptimize(context->on_headers(Direction::Response, abi::EndOfStream::Yes));
    context->finish();
  }
}

void noop_stream(benchmark::State& state) {
  run_streams(state, bench_guest("noop"), Isolation::Shared);
}
// Each in an instance of its own.
void noop_stream_isolated(benchmark::State& state) {
  run_streams(state, bench_guest("noop"), Isolation::Stream);
}

// Real plugins: build/guests must be there.
void rust_stream(benchmark::State& state) {
  run_streams(state, bench_plugin("header-edit-rust"), Isolation::Shared);
}
void rust_stream_isolated(benchmark::State& state) {
  run_streams(state, bench_plugin("header-edit-rust"), Isolation::Stream);
}
void cpp_stream(benchmark::State& state) {
  run_streams(state, bench_plugin("cpp_http"), Isolation::Shared);
}
void cpp_stream_isolated(benchmark::State& state) {
  run_streams(state, bench_plugin("cpp_http"), Isolation::Stream);
}

// A worker's own instance of a VM that is compiled already, started and configured.
void start_on_a_worker(benchmark::State& state) {
  BenchPlugin bench(bench_guest("noop"));
  for (auto _ : state) {
    Worker worker(bench.host, bench.services);
    auto running = must(worker.start(bench.plugin));
    benchmark::DoNotOptimize(running);
  }
}

BENCHMARK(empty_callback);
BENCHMARK(noop_stream);
BENCHMARK(noop_stream_isolated);
BENCHMARK(rust_stream);
BENCHMARK(rust_stream_isolated);
BENCHMARK(cpp_stream);
BENCHMARK(cpp_stream_isolated);
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
