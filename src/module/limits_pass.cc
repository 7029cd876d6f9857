#include "module/limits_pass.h"

#include <algorithm>

#include "module/body_plan.h"
#include "module/file_kind.h"
#include "module/function_shift.h"
#include "module/limit_code.h"
#include "module/module_info.h"
#include "module/section_rewrite.h"
#include "module/size_limits.h"
#include "module/writer.h"

namespace weir::wasm {
namespace {

// What is inserted is at most twenty times what was there: offsets stay within 32 bits.
constexpr size_t kMaxFileBytes = 128u << 20;

constexpr uint8_t kFunctionForm = 0x60;
constexpr uint8_t kI32 = 0x7f;

Error own_name(const ModuleInterface::Import& import) {
  return Error{ErrorCode::BadModule, "the module imports '" + import.module + "." + import.name +
                                         "', of a module name that Weir keeps for itself"};
}

class Pass {
 public:
  Pass(Bytes wasm, const ModuleInfo& info, const LimitsToAdd& limits)
      : wasm_(wasm), info_(info), limits_(limits), shift_(added_, wrapped_) {}

  Result<LimitedCode> run() {
    WEIR_TRY(decide());
    if (!changes_code() && !limits_.sizes) {
      result_.unchanged = true;
      return std::move(result_);
    }
    out_.append(wasm_.first(kPreambleBytes));
    for (const SectionId id : kSectionOrder) WEIR_TRY(write_section(id));
    for (const Section& section : info_.sections) {
      if (section.id == SectionId::Custom) write_custom_section(section);
    }
    result_.wasm = out_.take();
    return std::move(result_);
  }

 private:
  bool changes_code() const { return added_.interrupt || added_.stack || added_.look_if_long; }

  // What is added, and where that lies in the spaces of indexes.
  Done decide() {
    added_.functions = static_cast<uint32_t>(info_.functions.size());
    added_.imports = added_.functions - info_.defined_functions;
    if (const Section* globals = info_.find_section(SectionId::Global)) {
      Reader in = reader_of(wasm_, *globals);
      WEIR_TRY(added_.globals, in.count(3, UINT32_MAX, "globals"));
    }
    if (info_.defined_functions != 0) {
      added_.interrupt = limits_.interrupt;
      added_.stack = limits_.stack_bytes.has_value();
      added_.stack_bytes = limits_.stack_bytes.value_or(0);
      if (limits_.look_if_long && !added_.interrupt) {
        WEIR_TRY(added_.look_if_long, has_long_operations(info_, wasm_));
      }
    }
    if (!changes_code()) return Unit{};

    result_.imports_limit = true;
    if (!added_.interrupt && !added_.stack) result_.limit_module = kLookModule;
    result_.origin.set_functions(added_.functions, added_.limit());
    if (!info_.other_imports.empty()) {
      return Error{ErrorCode::Unsupported, "limits cannot be added to a module that imports a " +
                                               std::string(to_string(info_.other_imports[0].kind))};
    }
    // What the look for long operations has added may be in what gets the other limits.
    for (const auto& import : info_.interface.imports) {
      if (import.module == result_.limit_module) return own_name(import);
    }
    return added_.stack ? find_wrapped() : Done(Unit{});
  }

  TypeShape type_of(uint32_t function) const { return info_.types[info_.functions[function]]; }

  // The functions that the host may call: those of its own that the module exports or starts with,
  // save what has so many parameters that no host can call it.
  Done find_wrapped() {
    if (info_.start_function) wrapped_.push_back(*info_.start_function);
    if (const Section* exports = info_.find_section(SectionId::Export)) {
      Reader in = reader_of(wasm_, *exports);
      WEIR_TRY(const uint32_t count, in.u32());
      for (uint32_t i = 0; i < count; ++i) {
        WEIR_TRY(in.name());
        WEIR_TRY(const uint8_t kind, in.byte());
        WEIR_TRY(const uint32_t index, in.u32());
        if (kind == static_cast<uint8_t>(ExternKind::Function)) wrapped_.push_back(index);
      }
    }
    std::erase_if(wrapped_, [this](uint32_t function) {
      return function < added_.imports || type_of(function).params > kMaxCrossingValues;
    });
    std::ranges::sort(wrapped_);
    wrapped_.erase(std::unique(wrapped_.begin(), wrapped_.end()), wrapped_.end());
    return Unit{};
  }

  Done write_section(SectionId id) {
    const Section* section = info_.find_section(id);
    Reader in = section != nullptr ? reader_of(wasm_, *section) : Reader(wasm_, 0, 0, {});
    Writer contents;
    if (section != nullptr || adds_to(id)) {
      WEIR_TRY(write_contents(id, in, contents));
      out_.byte(static_cast<uint8_t>(id));
      out_.sized(contents.bytes());
    }
    if (id == SectionId::Code) result_.origin.set_code_section(out_.size() - contents.size());
    return Unit{};
  }

  // Whether the pass makes a section that the module does not have.
  bool adds_to(SectionId id) const {
    return changes_code() && (id == SectionId::Import || id == SectionId::Global);
  }

  Done write_contents(SectionId id, Reader& in, Writer& out) {
    if (id == SectionId::Memory) return write_memories(in, limits_.sizes, out, result_.excess);
    if (id == SectionId::Table) return write_tables(in, limits_.sizes, shift_, out, result_.excess);
    if (!changes_code()) {
      if (id == SectionId::Code) keep_code(in);
      out.append(wasm_.subspan(in.offset(), in.remaining()));
      return Unit{};
    }
    switch (id) {
      case SectionId::Type:
        return write_types(in, out);
      case SectionId::Import:
        return write_imports(in, out);
      case SectionId::Function:
        return write_functions(in, out);
      case SectionId::Global: {
        if (!in.at_end()) WEIR_TRY(in.u32());
        out.u32(added_.globals + added_globals(added_));
        WEIR_TRY(shift_.write_globals(in, added_.globals, out));
        write_added_globals(out, added_);
        return Unit{};
      }
      case SectionId::Export:
        return shift_.write_exports(in, out);
      case SectionId::Start:
        out.u32(shift_.for_host(*info_.start_function));
        return Unit{};
      case SectionId::Element:
        return shift_.write_elements(in, out);
      case SectionId::Code:
        return write_bodies(in, out);
      default:
        out.append(wasm_.subspan(in.offset(), in.remaining()));
        return Unit{};
    }
  }

  void keep_code(const Reader& in) {
    result_.origin.begin_body(static_cast<uint32_t>(in.offset()));
    result_.origin.end_body(0);
  }

  // The added types come last: of `limit`, and of functions without parameters and results.
  uint32_t limit_type() const { return static_cast<uint32_t>(info_.types.size()); }
  uint32_t plain_type() const { return limit_type() + 1; }

  Done write_types(Reader& in, Writer& out) const {
    WEIR_TRY(const uint32_t groups, in.u32());
    out.u32(groups + 2);
    out.append(wasm_.subspan(in.offset(), in.remaining()));
    for (const uint8_t byte : {kFunctionForm, uint8_t{1}, kI32, uint8_t{0}}) out.byte(byte);
    for (const uint8_t byte : {kFunctionForm, uint8_t{0}, uint8_t{0}}) out.byte(byte);
    return Unit{};
  }

  Done write_imports(Reader& in, Writer& out) const {
    uint32_t count = 0;
    if (!in.at_end()) {
      WEIR_TRY(count, in.u32());
    }
    out.u32(count + 1);
    out.append(wasm_.subspan(in.offset(), in.remaining()));
    out.name(result_.limit_module);
    out.name(kLimitName);
    out.byte(static_cast<uint8_t>(ExternKind::Function));
    out.u32(limit_type());
    return Unit{};
  }

  uint32_t added_bodies() const {
    return added_.first_wrapper() - (added_.functions + 1) + static_cast<uint32_t>(wrapped_.size());
  }

  Done write_functions(Reader& in, Writer& out) const {
    WEIR_TRY(const uint32_t count, in.u32());
    out.u32(count + added_bodies());
    out.append(wasm_.subspan(in.offset(), in.remaining()));
    if (added_.interrupt) {
      out.u32(plain_type());
      out.u32(plain_type());
    }
    for (const uint32_t function : wrapped_) out.u32(info_.functions[function]);
    return Unit{};
  }

  Done write_bodies(Reader& in, Writer& out) {
    BodyPlanner planner(info_, added_);
    WEIR_TRY(const uint32_t count, in.u32());
    out.u32(count + added_bodies());
    for (uint32_t i = 0; i < count; ++i) {
      WEIR_TRY(const uint32_t size, in.u32());
      WEIR_TRY(in.take(size));
      const Reader body(wasm_, in.offset() - size, in.offset(), in.section());
      WEIR_TRY(const BodyPlan* plan, planner.plan(body, added_.imports + i));
      write_body(*plan, out);
    }
    WEIR_TRY(in.expect_end());
    if (added_.interrupt) {
      write_look(out, added_);
      write_take_slice(out, added_);
    }
    for (const uint32_t function : wrapped_) {
      write_wrapper(out, added_, type_of(function), added_.moved(function));
    }
    return Unit{};
  }

  void write_body(const BodyPlan& plan, Writer& out) {
    body_.clear();
    body_.u32(plan.local_groups + (plan.added_locals != 0 ? 1 : 0));
    body_.append(wasm_.subspan(plan.locals_begin, plan.code_begin - plan.locals_begin));
    if (plan.added_locals != 0) {
      body_.u32(plan.added_locals);
      body_.byte(kI32);
    }
    const size_t code_begin = body_.size();
    write_code(plan);
    out.sized(body_.bytes());
    result_.origin.end_body(static_cast<uint32_t>(out.size() - (body_.size() - code_begin)));
  }

  void write_code(const BodyPlan& plan) {
    result_.origin.begin_body(static_cast<uint32_t>(plan.code_begin));
    size_t at = plan.code_begin;      // what comes before is written
    size_t mapped = plan.code_begin;  // and what comes before this is in the map
    for (const Edit& edit : plan.edits) {
      if (edit.kind == EditKind::Nothing) continue;
      body_.append(wasm_.subspan(at, edit.at - at));
      const size_t before = body_.size();
      write_edit(body_, edit, added_, plan.facts);
      const size_t inserted = body_.size() - before;
      at = edit.at + edit.removed;
      if (inserted == edit.removed) continue;
      result_.origin.add_edit(static_cast<uint32_t>(edit.at - mapped),
                              static_cast<uint32_t>(edit.removed), static_cast<uint32_t>(inserted));
      mapped = at;
    }
    body_.append(wasm_.subspan(at, plan.end - at));
  }

  // What is malformed is dropped: nothing here is needed to run the module.
  void write_custom_section(const Section& section) {
    Writer contents;
    contents.name(section.name);
    Reader in = reader_of(wasm_, section);
    if (!changes_code() || section.name == "producers" || section.name == "target_features") {
      contents.append(section.contents(wasm_));
    } else if (section.name != "name" || !shift_.write_names(in, contents).ok()) {
      return;
    }
    out_.byte(static_cast<uint8_t>(SectionId::Custom));
    out_.sized(contents.bytes());
  }

  const Bytes wasm_;
  const ModuleInfo& info_;
  const LimitsToAdd& limits_;
  Additions added_;
  std::vector<uint32_t> wrapped_;
  FunctionShift shift_;
  Writer out_;
  Writer body_;
  LimitedCode result_;
};

}  // namespace

Done check_own_names(const ModuleInterface& interface) {
  for (const auto& import : interface.imports) {
    if (is_limit_module(import.module)) return own_name(import);
  }
  return Unit{};
}

Result<LimitedCode> add_limits(Bytes wasm, const LimitsToAdd& limits) {
  if (wasm.size() > kMaxFileBytes) {
    return Error{ErrorCode::Unsupported, "limits cannot be added to a module of " +
                                             std::to_string(wasm.size()) + " bytes, more than " +
                                             std::to_string(kMaxFileBytes)};
  }
  WEIR_TRY(const ModuleInfo info, read_module(wasm));
  return Pass(wasm, info, limits).run();
}

}  // namespace weir::wasm
