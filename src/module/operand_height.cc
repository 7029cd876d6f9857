#include "module/operand_height.h"

#include <algorithm>
#include <string>

namespace weir::wasm {
namespace {

Error missing(const char* what, uint32_t index, const Instruction& instruction) {
  return Error{ErrorCode::BadModule, std::string(what) + " " + std::to_string(index) +
                                         " does not exist, in section 'code' at byte " +
                                         std::to_string(instruction.begin)};
}

}  // namespace

void OperandHeight::begin(TypeShape function) {
  frames_.assign(1, {.base = 0, .params = 0, .results = function.results});
  height_ = 0;
  peak_ = function.results;
}

Result<TypeShape> OperandHeight::type(uint32_t index, const Instruction& instruction) const {
  if (index >= info_.types.size()) return missing("type", index, instruction);
  return info_.types[index];
}

Result<uint32_t> OperandHeight::type_of_function(const Instruction& instruction) const {
  if (instruction.index >= info_.functions.size()) {
    return missing("function", instruction.index, instruction);
  }
  return info_.functions[instruction.index];
}

Done OperandHeight::enter(const Instruction& instruction) {
  TypeShape shape{.results = instruction.block.one_result ? 1u : 0u};
  if (instruction.block.type) {
    WEIR_TRY(shape, type(*instruction.block.type, instruction));
  }
  const int64_t base = std::max(height_ - shape.params, frames_.back().base);
  frames_.push_back({.base = base, .params = shape.params, .results = shape.results});
  height_ = base + shape.params;
  return Unit{};
}

Done OperandHeight::apply_call(uint32_t index, const Instruction& instruction) {
  WEIR_TRY(const TypeShape shape, type(index, instruction));
  height_ = std::max(height_ - shape.params, frames_.back().base) + shape.results;
  return Unit{};
}

Done OperandHeight::apply(const Instruction& instruction) {
  height_ += instruction.height_change;
  Frame& frame = frames_.back();
  switch (instruction.op) {
    case Op::Block:
    case Op::Loop:
    case Op::If:
    case Op::Try:
    case Op::TryTable:
      WEIR_TRY(enter(instruction));
      break;
    case Op::Else:
      height_ = frame.base + frame.params;
      break;
    case Op::Catch: {
      if (instruction.index >= info_.tags.size()) {
        return missing("tag", instruction.index, instruction);
      }
      WEIR_TRY(const TypeShape shape, type(info_.tags[instruction.index], instruction));
      height_ = frame.base + shape.params;
      break;
    }
    case Op::End:
    case Op::Delegate:
      height_ = frame.base + frame.results;
      peak_ = std::max(peak_, height_);
      frames_.pop_back();
      return Unit{};
    case Op::Call: {
      WEIR_TRY(const uint32_t index, type_of_function(instruction));
      WEIR_TRY(apply_call(index, instruction));
      break;
    }
    case Op::CallIndirect:
    case Op::CallRef:
      --height_;
      WEIR_TRY(apply_call(instruction.index, instruction));
      break;
    case Op::Br:
    case Op::BrTable:
    case Op::Return:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
    case Op::Throw:
    case Op::Rethrow:
    case Op::ThrowRef:
    case Op::CatchAll:
    case Op::Unreachable:
      height_ = frame.base;
      break;
    default:
      break;
  }
  height_ = std::max(height_, frames_.back().base);
  peak_ = std::max(peak_, height_);
  return Unit{};
}

}  // namespace weir::wasm
