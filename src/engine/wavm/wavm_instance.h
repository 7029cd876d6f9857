#pragma once
// A running module: a compartment of its own, copied from the module's template.

#include <WAVM/IR/Value.h>
#include <WAVM/Runtime/Runtime.h>
#include <WAVM/RuntimeABI/RuntimeABI.h>

#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/wavm/host_calls.h"
#include "engine/wavm/wavm_module.h"

namespace weir::engine::wavm {

class WavmInstance final : public Instance, private HostCallTarget {
 public:
  WavmInstance(const WavmModule& module, ImportHandler& handler, const Limits& limits)
      : module_(module), handler_(handler), limits_(limits) {}

  Flow instantiate() noexcept override;
  Result<ExportId> bind_export(std::string_view name, Signature) override;
  Flow call(ExportId, Slots) noexcept override;
  Trap take_trap() override;
  Memory memory() noexcept override;
  void interrupt() const noexcept override {}

 private:
  struct BoundExport {
    const WAVM::Runtime::Function* function;
    WAVM::Runtime::InvokeThunkPointer invoke;
    uint32_t narrow_results;  // one bit for each result that fills half a slot
    uint8_t param_count;
    uint8_t result_count;
    uint8_t slot_count;
  };

  Flow on_host_call(uint32_t index, std::span<WAVM::IR::UntaggedValue> slots) noexcept override;

  // Runs what may throw, or end by a guest's fault.
  template <typename Action>
  Flow guarded(const Action& action) noexcept;
  void copy_template();
  Flow trapped(Trap trap) noexcept;

  const WavmModule& module_;
  ImportHandler& handler_;
  const Limits limits_;

  OwnedCompartment compartment_;
  // All in compartment_.
  WAVM::Runtime::ContextRuntimeData* context_ = nullptr;
  WAVM::Runtime::Instance* instance_ = nullptr;
  WAVM::Runtime::Memory* memory_ = nullptr;
  std::byte* memory_base_ = nullptr;  // it never moves

  std::vector<BoundExport> exports_;
  std::optional<Trap> trap_;
};

}  // namespace weir::engine::wavm
