#pragma once
// A running module: one WasmEdge module instance in a store of its own.

#include <deque>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/wasmedge/api.h"
#include "engine/wasmedge/executors.h"

namespace weir::engine::wasmedge {

struct Shared;
class WasmEdgeModule;

class WasmEdgeInstance final : public Instance {
 public:
  WasmEdgeInstance(const Shared& shared, const WasmEdgeModule& module, ImportHandler& handler,
                   const Limits& limits);
  ~WasmEdgeInstance() override;

  Flow instantiate() noexcept override;
  Result<ExportId> bind_export(std::string_view name, Signature) override;
  Flow call(ExportId, Slots) noexcept override;
  Trap take_trap() override;
  Memory memory() noexcept override;
  void interrupt() const noexcept override;

  // The one trampoline: every import of every module arrives here. `function` is its HostFunction.
  static WasmEdge_Result on_host_call(void* function, void*,
                                      const WasmEdge_CallingFrameContext* frame,
                                      const WasmEdge_Value* params, uint32_t param_count,
                                      WasmEdge_Value* results, uint32_t result_count);

 private:
  class Running;

  struct BoundExport {
    WasmEdge_FunctionInstanceContext* function;
    std::vector<WasmEdge_ValType> params;
    uint8_t result_count;
  };

  void find_memory(const WasmEdge_ModuleInstanceContext* in);
  Flow trapped(WasmEdge_Result) noexcept;
  Flow trapped(TrapKind, std::string message);

  // Whose guest runs in this thread, so that on_host_call() knows it: host functions belong to the
  // module, not to an instance.
  static thread_local WasmEdgeInstance* current;

  const Shared& shared_;
  const WasmEdgeModule& module_;
  ImportHandler& handler_;
  const Limits limits_;

  Executor executor_;
  // A store keeps what failed to instantiate, so no two instances share one.
  Owned<WasmEdge_StoreContext> store_;
  Owned<WasmEdge_ModuleInstanceContext> instance_;
  WasmEdge_MemoryInstanceContext* memory_ = nullptr;
  std::deque<BoundExport> exports_;  // stays in place while a nested bind_export() adds to it

  std::optional<Trap> trap_;
};

}  // namespace weir::engine::wasmedge
