// What crossing the engine seam costs. WEIR_ENGINE_PATH must name the folder of the adapters.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "engine/engines.h"

namespace weir::engine {
namespace {

constexpr auto kI32 = ValType::I32;

// Answers `nothing`, and `add_one` with or without a look at the guest's memory.
class Host final : public ImportHandler {
 public:
  enum Token : uint32_t { AddOne, AddOneInMemory, Other };

  Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept override {
    if (token == AddOne) {
      ++slots[0];
    } else if (token == AddOneInMemory) {
      std::byte* at = memory.at(16, 4);
      if (at == nullptr) return Flow::Trap;
      slots[0] += load<uint32_t>(at);
    }
    return Flow::Return;
  }
};

std::string read_guest() {
  std::ifstream file(std::filesystem::path(WEIR_ENGINE_TESTDATA) / "guest.wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// guest.wasm on one engine.
struct Setup {
  explicit Setup(std::string_view name, Host::Token add_one = Host::AddOne)
      : add_one_type{{kI32}, {kI32}},
        mix_type{{kI32, ValType::I64, ValType::F32, ValType::F64}, {ValType::F64}} {
    auto found = engines.find(name);
    if (!found.ok()) fail(found.error());
    engine = found.value();
    attachment = engine->attach_thread();
    imports = {{"env", "add_one", add_one_type.view(), add_one},
               {"env", "mix", mix_type.view(), Host::Other},
               {"env", "add_one", add_one_type.view(), add_one},
               {"env", "refuse", {}, Host::Other},
               {"env", "call_back", add_one_type.view(), Host::Other},
               {"env", "nothing", {}, Host::Other}};
    const std::string wasm = read_guest();
    auto compiled = engine->compile(as_bytes(wasm), imports);
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
  FuncType add_one_type;
  FuncType mix_type;
  std::vector<Import> imports;
  Host host;
  const Engine* engine;
  std::unique_ptr<ThreadAttachment> attachment;
  std::unique_ptr<const Module> module;
};

void call(benchmark::State& state, Setup& setup, std::string_view name, FuncType type) {
  auto instance = setup.start();
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
  call(state, setup, "call_add_one", {{kI32}, {kI32}});
}
BENCHMARK(call_with_import_and_values);

void call_with_import_touching_memory(benchmark::State& state) {
  Setup setup("wasmtime", Host::AddOneInMemory);
  call(state, setup, "call_add_one", {{kI32}, {kI32}});
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
