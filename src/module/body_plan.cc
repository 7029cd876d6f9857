#include "module/body_plan.h"

#include <algorithm>
#include <string>

#include "module/section_rewrite.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

// A bound of the WebAssembly JavaScript interface, which engines share.
constexpr uint32_t kMaxLocals = 50'000;

// A frame as engines lay it out: a place for each variable and operand, what every frame has, and a
// share of the code's size for what a compiler keeps besides (values moved out of loops).
uint32_t frame_bytes(uint64_t values, bool uses_simd, uint64_t code_bytes) {
  constexpr uint64_t kEveryFrame = 96;
  constexpr uint64_t kCodeShare = 8;
  const uint64_t bytes = kEveryFrame + values * (uses_simd ? 16 : 8) + code_bytes / kCodeShare;
  return static_cast<uint32_t>(std::min<uint64_t>(bytes, INT32_MAX / 2));
}

}  // namespace

Result<bool> any_body(Bytes wasm, const ModuleInfo& info,
                      FunctionRef<Result<bool>(Reader& code)> holds) {
  const Section* code = info.find_section(SectionId::Code);
  if (code == nullptr) return false;
  Reader in = reader_of(wasm, *code);
  WEIR_TRY(const uint32_t count, in.u32());
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(const uint32_t size, in.u32());
    WEIR_TRY(in.take(size));
    Reader body(wasm, in.offset() - size, in.offset(), in.section());
    WEIR_TRY(const uint32_t groups, body.count(2, kMaxLocals, "groups of locals"));
    for (uint32_t group = 0; group < groups; ++group) {
      WEIR_TRY(body.u32());
      WEIR_TRY(read_value_type(body));
    }
    WEIR_TRY(const bool found, holds(body));
    if (found) return true;
  }
  return false;
}

Result<bool> has_long_operations(const ModuleInfo& info, Bytes wasm) {
  return any_body(wasm, info, [](Reader& code) -> Result<bool> {
    uint32_t growths = 0;
    while (!code.at_end()) {
      WEIR_TRY(const Instruction instruction, read_instruction(code));
      const EditKind look = look_before(instruction).kind;
      if (look == EditKind::LookIfLong) return true;
      if (look == EditKind::Look && ++growths > bulk::kFewGrowths) return true;
    }
    return false;
  });
}

Result<const BodyPlan*> BodyPlanner::plan(Reader body, uint32_t function) {
  const TypeShape type = info_.types[info_.functions[function]];
  plan_.edits.clear();
  plan_.end = body.offset() + body.remaining();
  uses_simd_ = false;
  calls_ = false;
  growths_ = 0;
  WEIR_TRY(read_locals(body, type.params));

  plan_.code_begin = body.offset();
  plan_.edits.push_back({plan_.code_begin, 0, EditKind::Nothing, 0});
  if (added_.interrupt) fuel_.begin(plan_.code_begin);
  height_.begin(type);
  while (height_.in_function()) {
    WEIR_TRY(const Instruction instruction, read_instruction(body));
    WEIR_TRY(plan_instruction(instruction));
  }
  WEIR_TRY(body.expect_end());
  if (added_.interrupt) fuel_.finish();
  if (added_.stack) finish_stack();
  if (added_.look_if_long) finish_looks();
  add_locals();
  return &plan_;
}

Done BodyPlanner::read_locals(Reader& body, uint32_t params) {
  WEIR_TRY(plan_.local_groups, body.count(2, kMaxLocals, "groups of locals"));
  plan_.locals_begin = body.offset();
  uint64_t locals = params;
  for (uint32_t i = 0; i < plan_.local_groups; ++i) {
    const size_t start = body.offset();
    WEIR_TRY(const uint32_t count, body.u32());
    locals += count;
    if (locals > kMaxLocals) {
      return body.error_at(start, "more than " + std::to_string(kMaxLocals) + " local variables");
    }
    WEIR_TRY(const ValueType type, read_value_type(body));
    if (type.name == "v128") uses_simd_ = true;
  }
  locals_ = static_cast<uint32_t>(locals);
  return Unit{};
}

Done BodyPlanner::plan_instruction(const Instruction& instruction) {
  WEIR_TRY(height_.apply(instruction));
  if (added_.interrupt) fuel_.apply(instruction);
  if (added_.look_if_long) plan_look(instruction);
  if (instruction.is_simd()) uses_simd_ = true;
  switch (instruction.op) {
    case Op::LocalGet:
    case Op::LocalSet:
    case Op::LocalTee:
      if (instruction.index >= locals_) return missing("local", instruction);
      return Unit{};
    case Op::GlobalGet:
    case Op::GlobalSet:
      if (instruction.index >= added_.globals) return missing("global", instruction);
      return Unit{};
    case Op::Call:
    case Op::CallIndirect:
    case Op::CallRef:
    case Op::ReturnCall:
    case Op::ReturnCallIndirect:
    case Op::ReturnCallRef:
    case Op::RefFunc:
      if (added_.stack) plan_stack(instruction);
      return plan_function_index(instruction);
    default:
      return Unit{};
  }
}

Done BodyPlanner::plan_function_index(const Instruction& instruction) {
  const Op op = instruction.op;
  if (op != Op::Call && op != Op::ReturnCall && op != Op::RefFunc) return Unit{};
  if (instruction.index >= added_.functions) return missing("function", instruction);
  const uint32_t moved = added_.moved(instruction.index);
  if (moved == instruction.index) return Unit{};
  plan_.edits.push_back({instruction.index_begin, instruction.index_end - instruction.index_begin,
                         EditKind::FunctionIndex, moved});
  return Unit{};
}

void BodyPlanner::plan_look(const Instruction& instruction) {
  const Edit look = look_before(instruction);
  if (look.kind == EditKind::Nothing) return;
  if (look.kind == EditKind::Look) ++growths_;
  plan_.edits.push_back(look);
}

// A look costs nothing beside what it comes before, but few growths need none.
void BodyPlanner::finish_looks() {
  if (growths_ > bulk::kFewGrowths) return;
  for (Edit& edit : plan_.edits) {
    if (edit.kind == EditKind::Look) edit.kind = EditKind::Nothing;
  }
}

void BodyPlanner::plan_stack(const Instruction& instruction) {
  if (instruction.op == Op::RefFunc) return;
  calls_ = true;
  const bool stays = instruction.op == Op::Call || instruction.op == Op::CallIndirect ||
                     instruction.op == Op::CallRef;
  plan_.edits.push_back(
      {instruction.begin, 0, stays ? EditKind::PassStack : EditKind::PassStackAndFrame, 0});
}

void BodyPlanner::finish_stack() {
  plan_.facts.frame_bytes =
      frame_bytes(uint64_t{locals_} + height_.peak(), uses_simd_, plan_.end - plan_.code_begin);
  EditKind& entry = plan_.edits.front().kind;
  if (calls_) {
    entry = EditKind::EnterFrame;
  } else if (plan_.facts.frame_bytes > kStackReserve) {
    entry = EditKind::CheckFrame;
  }
}

void BodyPlanner::add_locals() {
  const auto has = [&](EditKind kind) {
    return std::ranges::find(plan_.edits, kind, &Edit::kind) != plan_.edits.end();
  };
  uint32_t next = locals_;
  if (has(EditKind::EnterFrame)) plan_.facts.stack_left = next++;
  if (has(EditKind::SpendFuelOfLoop)) plan_.facts.fuel_left = next++;
  if (has(EditKind::LookIfLong)) {
    plan_.facts.length = next++;
    plan_.facts.since_look = next++;
  }
  plan_.added_locals = next - locals_;
}

Error BodyPlanner::missing(const char* what, const Instruction& instruction) const {
  return Error{ErrorCode::BadModule, std::string(what) + " " + std::to_string(instruction.index) +
                                         " does not exist, in section 'code' at byte " +
                                         std::to_string(instruction.begin)};
}

}  // namespace weir::wasm
