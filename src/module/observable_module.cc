#include "module/instance_state.h"

#include <algorithm>

#include "module/state_plan.h"

namespace weir::wasm {
namespace {

using Form = StateGlobal::Form;

constexpr std::string_view kPrefix = "weir.state.";

constexpr uint8_t kFunctionForm = 0x60;
constexpr uint8_t kI64 = 0x7e;

// Instructions that only this file writes.
constexpr uint8_t kI64ExtendI32U = 0xad;
constexpr uint8_t kI32ReinterpretF32 = 0xbc;
constexpr uint8_t kI64ReinterpretF64 = 0xbd;
constexpr uint8_t kVectorPrefix = 0xfd;
constexpr uint32_t kI64x2ExtractLane = 29;

// A count that precedes the entries of a section, raised, and those entries.
Done write_more(Bytes wasm, const Section* section, uint32_t more, Writer& out) {
  if (section == nullptr) {
    out.u32(more);
    return Unit{};
  }
  Reader in = reader_of(wasm, *section);
  WEIR_TRY(const uint32_t count, in.u32());
  out.u32(count + more);
  out.append(wasm.subspan(in.offset(), in.remaining()));
  return Unit{};
}

// The body of a function that answers one word of a global.
void write_state_function(const StateGlobal& global, uint32_t word, Writer& out) {
  Writer body;
  body.u32(0);
  body.op(Op::GlobalGet, global.index);
  switch (global.form) {
    case Form::I32:
      body.byte(kI64ExtendI32U);
      break;
    case Form::I64:
      break;
    case Form::F32:
      body.byte(kI32ReinterpretF32);
      body.byte(kI64ExtendI32U);
      break;
    case Form::F64:
      body.byte(kI64ReinterpretF64);
      break;
    case Form::V128:
      body.byte(kVectorPrefix);
      body.u32(kI64x2ExtractLane);
      body.byte(static_cast<uint8_t>(word));
      break;
  }
  body.op(Op::End);
  out.sized(body.bytes());
}

class Observing {
 public:
  Observing(Bytes wasm, const ModuleInfo& info, const StatePlan& plan)
      : wasm_(wasm), info_(info), plan_(plan), words_(static_cast<uint32_t>(plan.words())) {}

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (uint32_t i = 0; i < words_; ++i) names.push_back(std::string(kPrefix) + std::to_string(i));
    return names;
  }

  // What is added comes last in its section.
  Result<bool> write(SectionId id, const Section* section, Writer& out) const {
    if (words_ == 0) return copy_section(wasm_, section, out);
    switch (id) {
      case SectionId::Type:
        WEIR_TRY(write_more(wasm_, section, 1, out));
        for (const uint8_t byte : {kFunctionForm, uint8_t{0}, uint8_t{1}, kI64}) out.byte(byte);
        return true;
      case SectionId::Function:
        WEIR_TRY(write_more(wasm_, section, words_, out));
        for (uint32_t i = 0; i < words_; ++i) out.u32(static_cast<uint32_t>(info_.types.size()));
        return true;
      case SectionId::Export:
        WEIR_TRY(write_more(wasm_, section, words_, out));
        write_exports(out);
        return true;
      case SectionId::Code:
        WEIR_TRY(write_more(wasm_, section, words_, out));
        for (const StateGlobal& global : plan_.globals) {
          for (uint32_t i = 0; i < global.words(); ++i) write_state_function(global, i, out);
        }
        return true;
      default:
        return copy_section(wasm_, section, out);
    }
  }

 private:
  void write_exports(Writer& out) const {
    auto function = static_cast<uint32_t>(info_.functions.size());
    for (const std::string& name : names()) {
      out.name(name);
      out.byte(static_cast<uint8_t>(ExternKind::Function));
      out.u32(function++);
    }
  }

  const Bytes wasm_;
  const ModuleInfo& info_;
  const StatePlan& plan_;
  const uint32_t words_;
};

}  // namespace

Result<ObservableModule> make_observable(Bytes wasm) {
  WEIR_TRY(const ModuleInfo info, read_module(wasm));
  WEIR_TRY(const StatePlan plan, plan_state(wasm, info));
  const auto taken = [](const auto& item) { return item.name.starts_with(kPrefix); };
  if (std::ranges::any_of(info.interface.exports, taken) ||
      std::ranges::any_of(info.uncallable_exports, taken) ||
      std::ranges::any_of(info.other_exports, taken)) {
    return Error{ErrorCode::Unsupported, "it exports a name that Weir keeps"};
  }
  const Observing observing(wasm, info, plan);
  ObservableModule made;
  made.state_functions = observing.names();
  WEIR_TRY(made.module, rewrite_sections(wasm, info, [&](SectionId id, auto* section, Writer& out) {
             return observing.write(id, section, out);
           }));
  return made;
}

}  // namespace weir::wasm
