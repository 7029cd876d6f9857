// What crossing the engine seam costs. WEIR_ENGINE_PATH must name the folder of the adapters.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <iostream>

#include "engine/engines.h"
#include "engine/testdata/guests.h"

namespace weir::engine {
namespace {

// Adds one to what the guest passes: a constant, or one from the guest's memory.
class Host final : public ImportHandler {
 public:
  Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept override {
    if (token == kAddOne) {
      ++slots[0];
    } else if (token == kCallBack) {
      const std::byte* one = memory.at(kOneAt, 4);
      if (one == nullptr) return Flow::Trap;
      slots[0] += load<uint32_t>(one);
    }
    return Flow::Return;
  }

  static constexpr uint64_t kOneAt = 4096;
};

// guest.wat on one engine.
struct Setup {
  explicit Setup(std::string_view name) {
    auto found = engines.find(name);
    if (!found.ok()) fail(found.error());
    engine = found.value();
    attachment = engine->attach_thread();
    auto compiled = engine->compile(read_guest("guest"), guest_imports().view());
    if (!compiled.ok()) fail(compiled.error());
    module = std::move(compiled).value();
  }

  std::unique_ptr<Instance> start() {
    auto made = module->make_instance(host, Limits{});
    if (!made.ok() || made.value()->instantiate() == Flow::Trap) std::abort();
    return std::move(made).value();
  }

  [[noreturn]] static void fail(const Error& error) {
    std::cerr << error.message << '\n';
    std::exit(1);
  }

  Engines engines{Engines::default_search_path(), EngineOptions{}};
  Host host;
  const Engine* engine;
  std::unique_ptr<ThreadAttachment> attachment;
  std::unique_ptr<const Module> module;
};

void call(benchmark::State& state, Setup& setup, std::string_view name, FuncType type) {
  auto instance = setup.start();
  store<uint32_t>(instance->memory().at(Host::kOneAt, 4), 1);
  const ExportId id = instance->bind_export(name, type.view()).value();
  uint64_t slots[kMaxSlots] = {1};
  for (auto _ : state) {
    if (instance->call(id, slots) == Flow::Trap) state.SkipWithError("trap");
  }
}

void empty_call(benchmark::State& state) {
  Setup setup("wasmtime");
  call(state, setup, "empty", {});
}
BENCHMARK(empty_call);

void call_with_import(benchmark::State& state) {
  Setup setup("wasmtime");
  call(state, setup, "call_nothing", {});
}
BENCHMARK(call_with_import);

void call_with_import_and_values(benchmark::State& state) {
  Setup setup("wasmtime");
  call(state, setup, "call_add_one", {{I32}, {I32}});
}
BENCHMARK(call_with_import_and_values);

void call_with_import_touching_memory(benchmark::State& state) {
  Setup setup("wasmtime");
  call(state, setup, "call_call_back", {{I32}, {I32}});
}
BENCHMARK(call_with_import_touching_memory);

void bind_export(benchmark::State& state) {
  Setup setup("wasmtime");
  auto instance = setup.start();
  const FuncType type{};
  for (auto _ : state) benchmark::DoNotOptimize(instance->bind_export("empty", type.view()));
}
BENCHMARK(bind_export)->Iterations(100'000);

void instantiate_and_destroy(benchmark::State& state) {
  Setup setup("wasmtime");
  for (auto _ : state) setup.start();
}
BENCHMARK(instantiate_and_destroy);

// Stores to some pages before the instance goes.
void instantiate_write_and_destroy(benchmark::State& state) {
  Setup setup("wasmtime");
  for (auto _ : state) {
    auto instance = setup.start();
    for (int64_t page = 0; page < state.range(0); ++page) {
      store<uint32_t>(instance->memory().at(static_cast<uint64_t>(page) * 4096, 4), 1);
    }
  }
}
BENCHMARK(instantiate_write_and_destroy)->ArgName("pages")->Arg(1)->Arg(8);

}  // namespace
}  // namespace weir::engine
