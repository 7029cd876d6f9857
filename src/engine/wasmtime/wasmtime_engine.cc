// Wasmtime behind the engine seam, by its C API.

#include <signal.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <string>

#include "base/wasm_page.h"
#include "engine/adapter.h"
#include "engine/fault_chain.h"
#include "engine/wasmtime/convert.h"
#include "engine/wasmtime/handles.h"
#include "engine/wasmtime/table_count.h"
#include "engine/wasmtime/wasmtime_module.h"

namespace weir::engine::wasmtime {
namespace {

// Wasmtime's own sizes for one memory of the pool: 4 GiB and a guard, so that generated code need
// not check bounds.
constexpr uint64_t kMemoryReservation = 4ull << 30;
constexpr uint64_t kGuardBytes = 32ull << 20;
constexpr uint64_t kPoolTableElements = Limits{}.max_table_elements;
// Of each memory of the pool, what is wiped by the processor instead of being given back to the
// kernel: data, stack and the first of the heap as clang lays them out, 64 KiB of stack behind the
// data. Wiping costs 1 us for each 64 KiB that a memory has of it, and saves 4 us where the guest
// has written there, 1 us for each further page: streams of a C++ plugin with an instance each cost
// 6 us with this, and 12 us with half of it (bench/runtime_bench). Rust has a stack of 1 MiB first.
constexpr size_t kKeptBytes = 128 * 1024;
constexpr size_t kMaxStackBytes = 2 << 20;  // Wasmtime's bound

// All that generated code depends on is the same for every engine made here: one runs what another
// has compiled.
OwnedConfig make_config(const EngineOptions& options) {
  OwnedConfig config(wasm_config_new());
  wasmtime_config_max_wasm_stack_set(config.get(), options.max_stack_bytes);
  wasmtime_config_epoch_interruption_set(config.get(), true);
  wasmtime_config_memory_init_cow_set(config.get(), true);
  // A memory has room for all that it may become, and stays where it is: an instance asks once.
  wasmtime_config_memory_reservation_set(config.get(), kMemoryReservation);
  wasmtime_config_memory_may_move_set(config.get(), false);
  wasmtime_config_wasm_exceptions_set(config.get(), true);
  // What no plugin can use through this seam is not there to be attacked.
  wasmtime_config_wasm_threads_set(config.get(), false);
  wasmtime_config_shared_memory_set(config.get(), false);
  wasmtime_config_wasm_memory64_set(config.get(), false);
  wasmtime_config_wasm_multi_memory_set(config.get(), false);
  wasmtime_config_wasm_gc_set(config.get(), false);
  wasmtime_config_wasm_function_references_set(config.get(), false);
  wasmtime_config_wasm_component_model_set(config.get(), false);
  wasmtime_config_concurrency_support_set(config.get(), false);
  return config;
}

// Whether the address space of a pool can be had. To be asked first, since an engine that cannot
// have it ends the process.
bool can_reserve(uint32_t instances) {
  const uint64_t each =
      kMemoryReservation + 2 * kGuardBytes + 2 * kPoolTableElements * sizeof(void*);
  if (instances >= UINT64_MAX / each) return false;
  const uint64_t total = each * (uint64_t{instances} + 1);
  void* space = mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (space == MAP_FAILED) return false;
  munmap(space, total);
  return true;
}

void add_pool(wasm_config_t* config, const EngineOptions& options) {
  const OwnedPoolConfig pool(wasmtime_pooling_allocation_config_new());
  const uint32_t count = options.pool_instances;
  wasmtime_pooling_allocation_config_total_core_instances_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_memories_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_tables_set(pool.get(), count);
  wasmtime_pooling_allocation_config_total_gc_heaps_set(pool.get(), count);
  wasmtime_pooling_allocation_config_linear_memory_keep_resident_set(pool.get(), kKeptBytes);
  wasmtime_pooling_allocation_config_max_unused_warm_slots_set(pool.get(), count);
  wasmtime_pooling_allocation_config_max_memory_size_set(pool.get(), options.pool_memory_bytes);
  wasmtime_pooling_allocation_config_table_elements_set(pool.get(), kPoolTableElements);
  wasmtime_pooling_allocation_strategy_set(config, pool.get());
}

// Beneath Wasmtime's own handlers. Those leave what is no fault of a guest to whom was there before
// them; where that is the default action, they restore it and return. A fault comes again then, but
// a signal that was sent would be lost, and the next fault of a guest end the process.
void stand_beneath_handlers() {
  static const bool stands = [] {
    chain_faults({SIGSEGV, SIGILL, SIGFPE}, [](int, siginfo_t*, void*) { return false; });
    return true;
  }();
  WEIR_CHECK(stands);
}

class WasmtimeEngine final : public Engine {
 public:
  explicit WasmtimeEngine(const EngineOptions& options) {
    stand_beneath_handlers();
    engines_.max_stack_bytes = options.max_stack_bytes;
    engines_.on_demand.reset(wasm_engine_new_with_config(make_config(options).release()));
    if (options.pool_instances == 0 || !can_reserve(options.pool_instances)) return;
    OwnedConfig pooled = make_config(options);
    add_pool(pooled.get(), options);
    engines_.pooled.reset(wasm_engine_new_with_config(pooled.release()));
    engines_.pool_memory_bytes = options.pool_memory_bytes;
    engines_.pool.resize(options.pool_instances);
  }

  EngineInfo info() const override {
    return {.name = "wasmtime",
            .version = WASMTIME_VERSION,
            .compilation = engines_.pooled != nullptr
                               ? "Cranelift, pooling, copy-on-write memory"
                               : "Cranelift, on demand, copy-on-write memory"};
  }

  Capabilities capabilities() const override {
    return {.interrupt = true,
            .stack_limit = true,
            .memory_limit = true,
            .serialize = true,
            .backtrace = true,
            .function_names = true,
            .reference_types = true,
            .simd = true,
            .relaxed_simd = true,
            .tail_calls = true,
            .exceptions = true,
            .extended_constants = true};
  }

  // The options do not reach generated code: make_config() has one set of features, numbered here
  // with the form of artifacts.
  // An artifact for instructions that this processor lacks is refused by deserialize().
  std::string fingerprint() const override {
    utsname system{};
    uname(&system);
    return std::string("wasmtime " WASMTIME_VERSION " features 4 ") + system.machine;
  }

  InstanceCounts instance_counts() const override {
    return {.pooled_now = engines_.pool.used(),
            .on_demand_total = engines_.on_demand_instances.load()};
  }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import> imports) const override {
    return load(wasm, imports, &wasmtime_module_new, count_tables(wasm));
  }

  Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    const auto counted = split(artifact);
    if (!counted) return Error{ErrorCode::BadModule, "the artifact is cut off"};
    return load(counted->artifact, imports, &wasmtime_module_deserialize, counted->tables);
  }

 private:
  using Loader = decltype(&wasmtime_module_new);

  // The pooling engine refuses a module whose memory, tables or globals exceed its sizes, and does
  // not say so apart from other errors: the other engine has the last word.
  Result<std::unique_ptr<const Module>> load(Bytes bytes, std::span<const Import> imports,
                                             Loader loader, uint32_t tables) const {
    const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
    wasmtime_module_t* code = nullptr;
    if (engines_.pooled != nullptr) {
      const OwnedError error(loader(engines_.pooled.get(), data, bytes.size(), &code));
      if (error == nullptr) {
        return WasmtimeModule::make(engines_, OwnedModule(code), true, tables, imports);
      }
    }
    if (auto* error = loader(engines_.on_demand.get(), data, bytes.size(), &code)) {
      return to_error(error, ErrorCode::BadModule);
    }
    return WasmtimeModule::make(engines_, OwnedModule(code), false, tables, imports);
  }

  EnginePair engines_;
};

Result<std::unique_ptr<Engine>> make_engine(const EngineOptions& options) {
  if (options.max_stack_bytes == 0 || options.max_stack_bytes > kMaxStackBytes) {
    return Error{ErrorCode::BadConfig,
                 "max_stack_bytes must be 1 to " + std::to_string(kMaxStackBytes)};
  }
  if (options.pool_memory_bytes > kMemoryReservation ||
      options.pool_memory_bytes % kWasmPageBytes != 0) {
    return Error{ErrorCode::BadConfig, "pool_memory_bytes must be a multiple of 65536 up to 4 GiB"};
  }
  return std::unique_ptr<Engine>(std::make_unique<WasmtimeEngine>(options));
}

}  // namespace
}  // namespace weir::engine::wasmtime

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = weir::engine::kSeamVersion,
                                                  .make = &weir::engine::wasmtime::make_engine};
  return &kAdapter;
}
