#pragma once
// Compiled code, linked to the host's functions.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/func_type.h"
#include "engine/engine.h"
#include "engine/wasmtime/handles.h"
#include "engine/wasmtime/wasmtime_instance.h"

namespace weir::engine::wasmtime {

// The two engines of the process and what they share. They compile alike, so that one runs the
// other's code.
struct EnginePair {
  OwnedEngine pooled;     // null: no pool
  OwnedEngine on_demand;  // for what the pool does not hold
  uint64_t pool_memory_bytes = 0;
  uint64_t max_stack_bytes = 0;  // of a guest
  mutable Pool pool;
  mutable std::atomic<uint64_t> on_demand_instances = 0;
};

class WasmtimeModule final : public Module {
 public:
  // `code` belongs to engines.pooled where `fits_pool`, else to engines.on_demand.
  static Result<std::unique_ptr<const Module>> make(const EnginePair& engines, OwnedModule code,
                                                    bool fits_pool, uint32_t tables,
                                                    std::span<const Import> imports);

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits& limits) const override;
  Result<std::vector<std::byte>> serialize() const override;

  uint32_t tables() const { return tables_; }

  // Null where there is none, or none whose type can cross the seam.
  const FuncType* find_export(std::string_view name) const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  WasmtimeModule(const EnginePair& engines, OwnedModule code, bool fits_pool, uint32_t tables)
      : engines_(engines), code_(std::move(code)), fits_pool_(fits_pool), tables_(tables) {}

  void read_exports();
  Result<OwnedInstancePre> link(wasm_engine_t* engine, const wasmtime_module_t* code) const;
  Result<const wasmtime_instance_pre_t*> on_demand() const;

  const EnginePair& engines_;
  OwnedModule code_;
  bool fits_pool_;
  uint32_t tables_;
  std::span<const Import> imports_;
  std::vector<HostFunction> functions_;  // one for each import; fixed, the linkers point into it
  std::unordered_map<std::string, FuncType, Hash, std::equal_to<>> exports_;
  OwnedInstancePre pooled_;

  // Made when the pool first overflows.
  mutable std::mutex mutex_;
  mutable OwnedInstancePre on_demand_;
};

}  // namespace weir::engine::wasmtime
