#pragma once
// How many values a function keeps on the operand stack.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "module/instruction.h"
#include "module/module_info.h"

namespace weir::wasm {

// Follows one function body. Types are not checked, as the engine does that: of invalid code the
// height is some number.
class OperandHeight {
 public:
  explicit OperandHeight(const ModuleInfo& info) : info_(info) {}

  // Begins a function of that type.
  void begin(TypeShape function);

  // The next instruction, while in_function(). Fails where a function, type or tag that it names
  // does not exist, and where it ends what has not begun.
  Done apply(const Instruction& instruction);

  bool in_function() const { return !frames_.empty(); }
  // The most values at once, so far.
  uint32_t peak() const { return static_cast<uint32_t>(peak_); }

 private:
  struct Frame {
    int64_t base;  // without the block's parameters
    uint32_t params;
    uint32_t results;
  };

  Done enter(const Instruction& instruction);
  Done apply_call(uint32_t type, const Instruction& instruction);
  Result<TypeShape> type(uint32_t index, const Instruction& instruction) const;
  Result<uint32_t> type_of_function(const Instruction& instruction) const;

  const ModuleInfo& info_;
  std::vector<Frame> frames_;
  int64_t height_ = 0;
  int64_t peak_ = 0;
};

}  // namespace weir::wasm
