#include "module/fuel_plan.h"

namespace weir::wasm {
namespace {

// A call pays for the function, where that is a small one. What takes as many steps as its
// operands say pays for as many as pass without a look (EditKind::LookIfLong): a function's own
// count of them ends with it. Growing moves a memory, and an exception is searched for through all
// frames.
uint32_t cost_of(Op op) {
  constexpr uint32_t kLongest = 256;
  constexpr uint32_t kRare = 1000;
  switch (op) {
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
      return fuel::kSmallFunction + 1;
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::MemoryFill:
      return kLongest;
    case Op::TableInit:
    case Op::TableCopy:
    case Op::TableFill:
    case Op::MemoryGrow:
    case Op::TableGrow:
    case Op::Throw:
    case Op::Rethrow:
    case Op::ThrowRef:
      return kRare;
    default:
      return 1;
  }
}

}  // namespace

Edit look_before(const Instruction& instruction) {
  const auto look = [&](EditKind kind, uint32_t value) {
    return Edit{.at = instruction.begin, .removed = 0, .kind = kind, .value = value};
  };
  switch (instruction.op) {
    case Op::MemoryInit:
    case Op::MemoryCopy:
    case Op::MemoryFill:
      return look(EditKind::LookIfLong, bulk::kShiftOfBytes);
    case Op::TableInit:
    case Op::TableCopy:
    case Op::TableFill:
    case Op::TableGrow:
      return look(EditKind::LookIfLong, bulk::kShiftOfElements);
    case Op::MemoryGrow:
      return look(EditKind::Look, 0);
    default:
      return look(EditKind::Nothing, 0);
  }
}

void FuelPlan::begin(size_t code_begin) {
  levels_.assign(1, {.payment = edits_.size(), .cost = 0});
  frames_.assign(1, {.is_loop = false, .region_ended = false});
  edits_.push_back({code_begin, 0, EditKind::SpendFuel, 0});
  small_ = true;
}

void FuelPlan::apply(const Instruction& instruction) {
  spend(instruction);
  switch (instruction.op) {
    case Op::Block:
    case Op::If:
    case Op::Try:
    case Op::TryTable:
      frames_.push_back({.is_loop = false, .region_ended = false});
      break;
    case Op::Loop:
      frames_.push_back({.is_loop = true, .region_ended = false});
      levels_.push_back({.payment = edits_.size(), .cost = 0});
      edits_.push_back({instruction.end, 0, EditKind::SpendFuelOfLoop, 0});
      small_ = false;
      break;
    case Op::Else:
    case Op::Catch:
    case Op::CatchAll:
      if (frames_.back().region_ended) begin_region(instruction.end);
      break;
    case Op::End:
    case Op::Delegate:
      end_frame(instruction);
      break;
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
      small_ = false;
      break;
    default:
      if (const Edit look = look_before(instruction); look.kind != EditKind::Nothing) {
        edits_.push_back(look);
      }
      break;
  }
}

void FuelPlan::spend(const Instruction& instruction) {
  const uint32_t cost = cost_of(instruction.op);
  if (levels_.back().cost + cost > fuel::kRegion) {
    begin_region(instruction.begin);
    frames_.back().region_ended = true;
  }
  levels_.back().cost += cost;
}

void FuelPlan::begin_region(size_t at) {
  close(levels_.back());
  levels_.back() = {.payment = edits_.size(), .cost = 0};
  edits_.push_back({at, 0, EditKind::SpendFuel, 0});
}

void FuelPlan::end_frame(const Instruction& instruction) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  if (frame.is_loop) {
    close(levels_.back());
    levels_.pop_back();
  } else if (frame.region_ended && !frames_.empty()) {
    frames_.back().region_ended = true;
    begin_region(instruction.end);
  }
}

// A slice of a function has to hold what its loop pays.
void FuelPlan::close(const Level& level) {
  Edit& payment = edits_[level.payment];
  payment.value = level.cost;
  if (level.cost > fuel::kSlice) payment.kind = EditKind::SpendFuel;
  if (level.cost > fuel::kSmallFunction) small_ = false;
}

void FuelPlan::finish() {
  close(levels_.back());
  if (small_) edits_[levels_.back().payment].kind = EditKind::Nothing;
}

}  // namespace weir::wasm
