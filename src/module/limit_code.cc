#include "module/limit_code.h"

#include "module/fuel_plan.h"
#include "module/limits_pass.h"

namespace weir::wasm {
namespace {

constexpr uint8_t kI32 = 0x7f;
constexpr uint8_t kNoResult = 0x40;

void write_if(Writer& out) {
  out.op(Op::If);
  out.byte(kNoResult);
}

void call_limit(Writer& out, const Additions& added, LimitReason reason) {
  out.i32_const(static_cast<int32_t>(reason));
  out.op(Op::Call, added.limit());
}

void spend_fuel(Writer& out, const Additions& added, uint32_t units) {
  out.op(Op::GlobalGet, added.fuel());
  out.i32_const(static_cast<int32_t>(units));
  out.op(Op::I32Sub);
  out.op(Op::GlobalSet, added.fuel());
  out.op(Op::GlobalGet, added.fuel());
  out.i32_const(0);
  out.op(Op::I32LtS);
  write_if(out);
  out.op(Op::Call, added.look());
  out.op(Op::End);
}

// Local variables begin at 0: a function takes its first slice when it first comes to a loop.
void spend_slice(Writer& out, const Additions& added, uint32_t units, uint32_t fuel_left) {
  out.op(Op::LocalGet, fuel_left);
  out.i32_const(static_cast<int32_t>(units));
  out.op(Op::I32Sub);
  out.op(Op::LocalTee, fuel_left);
  out.i32_const(0);
  out.op(Op::I32LtS);
  write_if(out);
  out.op(Op::Call, added.take_slice());
  out.i32_const(static_cast<int32_t>(fuel::kSlice - units));
  out.op(Op::LocalSet, fuel_left);
  out.op(Op::End);
}

void look(Writer& out, const Additions& added) {
  if (added.interrupt) {
    out.op(Op::Call, added.look());
  } else {
    call_limit(out, added, LimitReason::FuelUsedUp);
  }
}

// On the stack lies how many bytes, or elements of a table, the operation is about. Nothing here
// overflows: a cost has at most 31 bits, and what has come together before fewer than those.
void look_if_long(Writer& out, const Additions& added, const FunctionFacts& facts, uint32_t shift) {
  out.op(Op::LocalTee, facts.length);
  out.op(Op::LocalGet, facts.length);
  out.i32_const(static_cast<int32_t>(shift));
  out.op(Op::I32ShrU);
  out.i32_const(1);
  out.op(Op::I32Add);
  out.op(Op::LocalGet, facts.since_look);
  out.op(Op::I32Add);
  out.op(Op::LocalTee, facts.since_look);
  out.i32_const(bulk::kBetweenLooks);
  out.op(Op::I32GtU);
  write_if(out);
  look(out, added);
  out.i32_const(0);
  out.op(Op::LocalSet, facts.since_look);
  out.op(Op::End);
}

void enter_frame(Writer& out, const Additions& added, const FunctionFacts& facts) {
  out.op(Op::GlobalGet, added.stack_left());
  out.i32_const(static_cast<int32_t>(facts.frame_bytes));
  out.op(Op::I32Sub);
  out.op(Op::LocalTee, facts.stack_left);
  out.i32_const(0);
  out.op(Op::I32LtS);
  write_if(out);
  call_limit(out, added, LimitReason::StackUsedUp);
  out.op(Op::End);
}

void check_frame(Writer& out, const Additions& added, const FunctionFacts& facts) {
  out.op(Op::GlobalGet, added.stack_left());
  out.i32_const(static_cast<int32_t>(facts.frame_bytes));
  out.op(Op::I32LtS);
  write_if(out);
  call_limit(out, added, LimitReason::StackUsedUp);
  out.op(Op::End);
}

void pass_stack(Writer& out, const Additions& added, const FunctionFacts& facts, bool and_frame) {
  out.op(Op::LocalGet, facts.stack_left);
  if (and_frame) {
    out.i32_const(static_cast<int32_t>(facts.frame_bytes));
    out.op(Op::I32Add);
  }
  out.op(Op::GlobalSet, added.stack_left());
}

void write_mutable_i32(Writer& out, uint32_t initial) {
  constexpr uint8_t kMutable = 1;
  out.byte(kI32);
  out.byte(kMutable);
  out.i32_const(static_cast<int32_t>(initial));
  out.op(Op::End);
}

constexpr uint8_t kNoLocals = 0;

}  // namespace

void write_edit(Writer& out, const Edit& edit, const Additions& added, const FunctionFacts& facts) {
  switch (edit.kind) {
    case EditKind::FunctionIndex:
      return out.u32(edit.value);
    case EditKind::SpendFuel:
      return spend_fuel(out, added, edit.value);
    case EditKind::SpendFuelOfLoop:
      return spend_slice(out, added, edit.value, facts.fuel_left);
    case EditKind::Look:
      return look(out, added);
    case EditKind::LookIfLong:
      return look_if_long(out, added, facts, edit.value);
    case EditKind::EnterFrame:
      return enter_frame(out, added, facts);
    case EditKind::CheckFrame:
      return check_frame(out, added, facts);
    case EditKind::PassStack:
      return pass_stack(out, added, facts, false);
    case EditKind::PassStackAndFrame:
      return pass_stack(out, added, facts, true);
    case EditKind::Nothing:
      return;
  }
}

void write_look(Writer& out, const Additions& added) {
  Writer body;
  body.byte(kNoLocals);
  call_limit(body, added, LimitReason::FuelUsedUp);
  body.i32_const(fuel::kBetweenLooks);
  body.op(Op::GlobalSet, added.fuel());
  body.op(Op::End);
  out.sized(body.bytes());
}

void write_take_slice(Writer& out, const Additions& added) {
  Writer body;
  body.byte(kNoLocals);
  spend_fuel(body, added, fuel::kSlice);
  body.op(Op::End);
  out.sized(body.bytes());
}

void write_wrapper(Writer& out, const Additions& added, TypeShape type, uint32_t function) {
  Writer body;
  const uint32_t kept = type.params;
  body.u32(1);  // one local
  body.u32(1);
  body.byte(kI32);
  body.op(Op::GlobalGet, added.stack_left());
  body.op(Op::LocalSet, kept);
  for (uint32_t param = 0; param < type.params; ++param) body.op(Op::LocalGet, param);
  body.op(Op::Call, function);
  body.op(Op::LocalGet, kept);
  body.op(Op::GlobalSet, added.stack_left());
  body.op(Op::End);
  out.sized(body.bytes());
}

uint32_t added_globals(const Additions& added) {
  return static_cast<uint32_t>(added.interrupt) + static_cast<uint32_t>(added.stack);
}

void write_added_globals(Writer& out, const Additions& added) {
  if (added.interrupt) write_mutable_i32(out, fuel::kBetweenLooks);
  if (added.stack) write_mutable_i32(out, added.stack_bytes);
}

}  // namespace weir::wasm
