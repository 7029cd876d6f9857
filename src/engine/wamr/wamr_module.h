#pragma once
// A loaded module, linked to the host's functions.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/func_type.h"
#include "engine/engine.h"
#include "engine/wamr/handles.h"
#include "engine/wamr/wamr_extra.h"

namespace weir::engine::wamr {

// An imported function as the trampoline needs it.
struct HostFunction {
  uint32_t token;
  uint8_t slot_count;  // for parameters and results
};

class WamrModule final : public Module {
 public:
  // `code` is what translate() made.
  static Result<std::unique_ptr<const Module>> make(std::vector<std::byte> code,
                                                    std::span<const Import> imports,
                                                    uint32_t stack_bytes);

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits& limits) const override;
  Result<std::vector<std::byte>> serialize() const override;

  wasm_module_t loaded() const { return loaded_.get(); }
  const weir_wamr_shape& shape() const { return shape_; }
  uint32_t stack_bytes() const { return stack_bytes_; }
  bool exports_memory() const { return exports_memory_; }

  // Null where there is none, or none whose type can cross the seam.
  const FuncType* find_export(std::string_view name) const;

  // What an imported function is linked to.
  const HostFunction& host_function(uint32_t index) const { return functions_[index]; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  WamrModule(std::vector<std::byte> code, OwnedModule loaded, uint32_t stack_bytes)
      : code_(std::move(code)),
        loaded_(std::move(loaded)),
        shape_(weir_wamr_shape_of(loaded_.get())),
        stack_bytes_(stack_bytes) {}

  Done link(std::span<const Import> imports);
  void read_exports();

  std::vector<std::byte> code_;
  OwnedModule loaded_;
  weir_wamr_shape shape_;
  uint32_t stack_bytes_;
  bool exports_memory_ = false;
  std::vector<HostFunction> functions_;  // one for each import; fixed, `loaded_` points into it
  std::unordered_map<std::string, FuncType, Hash, std::equal_to<>> exports_;
};

}  // namespace weir::engine::wamr
