// What the limits that Weir supplies cost: the same guest with what limits its engine has, and with
// all of Weir's besides. WEIR_BENCH_ENGINE names the engine; without it, it is the default one.

#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "abi/limited_module.h"
#include "bench_host.h"
#include "module/limits_pass.h"

namespace weir::abi {
namespace {

using runtime::bench_engine;
using runtime::bench_guest;
using runtime::must;

class NoImports final : public engine::ImportHandler {
 public:
  engine::Flow on_import(uint32_t, engine::Slots, engine::Memory) noexcept override {
    return engine::Flow::Trap;
  }
};

enum class Limits { OfTheEngine, AllOfWeirs };

void call(benchmark::State& state, const char* name, uint64_t argument, Limits limits) {
  const engine::Engines engines(engine::Engines::default_search_path(), {});
  const engine::Engine& engine = *must(engines.find(bench_engine()));
  const auto attached = engine.attach_thread();
  const std::string wasm = bench_guest("limits");
  const auto module =
      must(limits == Limits::OfTheEngine
               ? engine.compile(as_bytes(wasm), {})
               : compile_limited(engine, nullptr, as_bytes(wasm), {}, {}, SupplyLimits::All));
  NoImports handler;
  const auto instance = must(module->make_instance(handler, {}));
  if (instance->instantiate() == engine::Flow::Trap) return state.SkipWithError("trapped");
  static constexpr std::array kI32{ValType::I32};
  const auto id = must(instance->bind_export(name, {kI32, kI32}));
  for (auto _ : state) {
    std::array<uint64_t, 1> slots{argument};
    if (instance->call(id, slots) == engine::Flow::Trap) return state.SkipWithError("trapped");
    benchmark::DoNotOptimize(slots[0]);
  }
}

// The pass itself, on a real plugin.
void rewrite(benchmark::State& state, const char* plugin) {
  std::ifstream file(std::string(WEIR_BENCH_PLUGINS "/") + plugin + ".wasm", std::ios::binary);
  const std::string wasm{std::istreambuf_iterator<char>(file), {}};
  const wasm::LimitsToAdd all{.interrupt = true,
                              .stack_bytes = 512 * 1024,
                              .sizes = wasm::SizeLimits{256u << 20, 1u << 20}};
  if (wasm.empty()) return state.SkipWithError("run scripts/guests.sh");
  size_t size = 0;
  for (auto _ : state) size = must(wasm::add_limits(as_bytes(wasm), all)).wasm.size();
  state.counters["kB"] = static_cast<double>(wasm.size()) / 1024;
  state.counters["kB_after"] = static_cast<double>(size) / 1024;
}

BENCHMARK_CAPTURE(call, empty_bare, "empty", 1, Limits::OfTheEngine);
BENCHMARK_CAPTURE(call, empty_limited, "empty", 1, Limits::AllOfWeirs);
BENCHMARK_CAPTURE(call, loop_bare, "loop", 10, Limits::OfTheEngine);
BENCHMARK_CAPTURE(call, loop_limited, "loop", 10, Limits::AllOfWeirs);
BENCHMARK_CAPTURE(call, calls_bare, "calls", 20, Limits::OfTheEngine);
BENCHMARK_CAPTURE(call, calls_limited, "calls", 20, Limits::AllOfWeirs);
BENCHMARK_CAPTURE(rewrite, rust, "http_all");
BENCHMARK_CAPTURE(rewrite, go, "go_http");

}  // namespace
}  // namespace weir::abi
