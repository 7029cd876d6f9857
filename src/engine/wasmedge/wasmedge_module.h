#pragma once
// A module that WasmEdge has read and validated, with the host's functions for it.

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "engine/wasmedge/api.h"
#include "engine/wasmedge/bounded_module.h"
#include "engine/wasmedge/convert.h"
#include "engine/wasmedge/executors.h"

namespace weir::engine::wasmedge {

// What an engine's modules and instances share. Thread: any.
struct Shared {
  Shared(std::unique_ptr<const Api> loaded, uint64_t max_stack_bytes)
      : owned_api(std::move(loaded)),
        api(*owned_api),
        types(api),
        executors(api),
        stack_bytes(max_stack_bytes) {}

  std::unique_ptr<const Api> owned_api;
  const Api& api;
  const ValTypes types;
  const Executors executors;
  // For a guest's calls; 0 where guests do not look.
  const uint64_t stack_bytes;
};

// An imported function as the trampoline needs it. Owned by the module.
struct HostFunction {
  uint32_t token;
  uint8_t slot_count;  // the larger of parameters and results
};

class WasmEdgeModule final : public Module {
 public:
  static Result<std::unique_ptr<const Module>> make(const Shared& shared,
                                                    Owned<WasmEdge_ASTModuleContext> code,
                                                    const BoundedModule& bounds,
                                                    std::vector<std::byte> artifact,
                                                    std::span<const Import> imports);

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits& limits) const override;
  Result<std::vector<std::byte>> serialize() const override;

  const WasmEdge_ASTModuleContext* code() const { return code_.get(); }
  // One for each name of a module that is imported from; instances of any thread link to them.
  std::span<const Owned<WasmEdge_ModuleInstanceContext>> host_modules() const {
    return host_modules_;
  }
  uint64_t memory_bytes() const { return memory_bytes_; }
  uint64_t table_elements() const { return table_elements_; }

 private:
  WasmEdgeModule(const Shared& shared, Owned<WasmEdge_ASTModuleContext> code,
                 const BoundedModule& bounds, std::vector<std::byte> artifact)
      : shared_(shared),
        code_(std::move(code)),
        artifact_(std::move(artifact)),
        memory_bytes_(bounds.memory_bytes),
        table_elements_(bounds.table_elements) {}

  Done link(std::span<const Import> imports);

  const Shared& shared_;
  Owned<WasmEdge_ASTModuleContext> code_;
  // Kept, since WasmEdge does not give it back; empty where code is interpreted.
  std::vector<std::byte> artifact_;
  uint64_t memory_bytes_;
  uint64_t table_elements_;
  std::vector<HostFunction> functions_;  // one for each import; fixed, the host modules point to it
  std::vector<Owned<WasmEdge_ModuleInstanceContext>> host_modules_;
};

}  // namespace weir::engine::wasmedge
