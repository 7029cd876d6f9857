#include "module/state_plan.h"

#include <optional>
#include <string>

#include "module/instruction.h"
#include "module/section_rewrite.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr uint32_t kMaxGlobals = 1'000'000;

Error unsupported(std::string what) { return Error{ErrorCode::Unsupported, std::move(what)}; }

// What `op` may change that no file can say; null: nothing.
const char* obstacle(Op op) {
  switch (op) {
    case Op::TableSet:
    case Op::TableInit:
    case Op::TableCopy:
    case Op::TableGrow:
    case Op::TableFill:
      return "its code may change a table";
    case Op::DataDrop:
      return "its code may drop a data segment";
    default:
      return nullptr;
  }
}

std::optional<StateGlobal::Form> form_of(const ValueType& type) {
  if (type.crossing) {
    switch (*type.crossing) {
      case ValType::I32:
        return StateGlobal::Form::I32;
      case ValType::I64:
        return StateGlobal::Form::I64;
      case ValType::F32:
        return StateGlobal::Form::F32;
      case ValType::F64:
        return StateGlobal::Form::F64;
    }
  }
  if (type.name == "v128") return StateGlobal::Form::V128;
  return std::nullopt;
}

class Planner {
 public:
  Planner(Bytes wasm, const ModuleInfo& info) : wasm_(wasm), info_(info) {}

  Result<StatePlan> run() {
    if (!info_.other_imports.empty()) {
      return unsupported("it imports a " + std::string(to_string(info_.other_imports[0].kind)));
    }
    WEIR_TRY(read_memories());
    WEIR_TRY(read_globals());
    WEIR_TRY(read_bodies());
    for (uint32_t i = 0; i < globals_.size(); ++i) {
      if (!globals_[i].is_set) continue;
      if (!globals_[i].form) return unsupported("its code sets a global that holds a reference");
      plan_.globals.push_back({i, *globals_[i].form});
    }
    return std::move(plan_);
  }

 private:
  struct Global {
    std::optional<StateGlobal::Form> form;
    bool is_set = false;
  };

  Done read_memories() {
    const Section* section = info_.find_section(SectionId::Memory);
    if (section == nullptr) return Unit{};
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(const uint32_t count, in.u32());
    if (count == 0) return Unit{};
    if (count > 1) return unsupported("it has several memories");
    if (!info_.memory->exported) return unsupported("its memory is not exported as 'memory'");
    WEIR_TRY(const uint8_t flags, in.byte());
    if (flags > 1) return unsupported("its memory is of an unusual kind");
    plan_.has_memory = true;
    return Unit{};
  }

  Done read_globals() {
    const Section* section = info_.find_section(SectionId::Global);
    if (section == nullptr) return Unit{};
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(const uint32_t count, in.count(3, kMaxGlobals, "globals"));
    globals_.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
      WEIR_TRY(const ValueType type, read_value_type(in));
      WEIR_TRY(in.byte());
      WEIR_TRY(skip_expression(in));
      globals_.push_back({form_of(type)});
    }
    return in.expect_end();
  }

  static Done skip_expression(Reader& in) {
    while (true) {
      WEIR_TRY(const Instruction instruction, read_instruction(in));
      if (instruction.op == Op::End) return Unit{};
    }
  }

  Done read_bodies() {
    const Section* section = info_.find_section(SectionId::Code);
    if (section == nullptr) return Unit{};
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(const uint32_t count, in.u32());
    for (uint32_t i = 0; i < count; ++i) {
      WEIR_TRY(const uint32_t size, in.u32());
      WEIR_TRY(in.take(size));
      WEIR_TRY(read_body(Reader(wasm_, in.offset() - size, in.offset(), in.section())));
    }
    return in.expect_end();
  }

  Done read_body(Reader body) {
    WEIR_TRY(const uint32_t groups, body.u32());
    for (uint32_t i = 0; i < groups; ++i) {
      WEIR_TRY(body.u32());
      WEIR_TRY(read_value_type(body));
    }
    while (!body.at_end()) {
      WEIR_TRY(const Instruction instruction, read_instruction(body));
      if (const char* why = obstacle(instruction.op)) return unsupported(why);
      if (instruction.op == Op::MemoryInit) plan_.uses_memory_init = true;
      if (instruction.op != Op::GlobalSet) continue;
      if (instruction.index >= globals_.size()) {
        return body.error("global " + std::to_string(instruction.index) + " does not exist");
      }
      globals_[instruction.index].is_set = true;
    }
    return Unit{};
  }

  const Bytes wasm_;
  const ModuleInfo& info_;
  std::vector<Global> globals_;
  StatePlan plan_;
};

}  // namespace

size_t StatePlan::words() const {
  size_t words = 0;
  for (const StateGlobal& global : globals) words += global.words();
  return words;
}

Result<StatePlan> plan_state(Bytes wasm, const ModuleInfo& info) {
  return Planner(wasm, info).run();
}

}  // namespace weir::wasm
