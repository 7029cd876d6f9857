#pragma once
// A running module: one WAMR instance and the one environment that its functions run in.

#include <atomic>
#include <optional>
#include <vector>

#include "engine/engine.h"
#include "engine/wamr/handles.h"

namespace weir::engine::wamr {

class WamrModule;

class WamrInstance final : public Instance {
 public:
  WamrInstance(const WamrModule& module, ImportHandler& handler, const Limits& limits)
      : module_(module), handler_(handler), limits_(limits) {}

  Flow instantiate() noexcept override;
  Result<ExportId> bind_export(std::string_view name, Signature) override;
  Flow call(ExportId, Slots) noexcept override;
  Trap take_trap() override;
  Memory memory() noexcept override;
  void interrupt() const noexcept override;

  // The one trampoline: every import of every module arrives here.
  static void on_host_call(wasm_exec_env_t env, uint64_t* slots);

 private:
  struct BoundExport {
    wasm_function_inst_t function;
    uint32_t index;         // among all functions, the imported ones first
    uint32_t wide_params;   // one bit for each, where it fills a slot
    uint32_t wide_results;  // likewise
    uint8_t param_count;
    uint8_t result_count;
  };

  bool is_imported(uint32_t function) const;
  Flow start();
  Flow call_host(uint32_t function, Slots) noexcept;
  template <typename Function>
  bool enter(Function&& function) noexcept;
  Flow stopped(TrapKind, std::string why);
  Flow trapped();

  const WamrModule& module_;
  ImportHandler& handler_;
  Limits limits_;

  OwnedInstance instance_;
  OwnedExecEnv env_;  // goes before instance_
  std::vector<BoundExport> exports_;
  uint32_t depth_ = 0;  // of calls nested in each other

  bool refused_ = false;  // a handler has ended the call
  std::optional<Trap> trap_;

  // See interrupt().
  mutable std::atomic<bool> interrupted_ = false;
  std::atomic<wasm_exec_env_t> interruptible_ = nullptr;
};

}  // namespace weir::engine::wamr
