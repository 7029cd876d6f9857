#include "module/function_shift.h"

#include <algorithm>
#include <string>

#include "module/element_segment.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr uint32_t kMaxEntries = 10'000'000;

}  // namespace

void copy_from(size_t begin, const Reader& in, Writer& out) {
  out.append(in.file().subspan(begin, in.offset() - begin));
}

uint32_t FunctionShift::for_host(uint32_t function) const {
  const auto found = std::ranges::lower_bound(wrapped_, function);
  if (found == wrapped_.end() || *found != function) return added_.moved(function);
  return added_.first_wrapper() + static_cast<uint32_t>(found - wrapped_.begin());
}

Result<uint32_t> FunctionShift::read_function(Reader& in) const {
  const size_t start = in.offset();
  WEIR_TRY(const uint32_t function, in.u32());
  if (function >= added_.functions) {
    return in.error_at(start, "function " + std::to_string(function) + " does not exist");
  }
  return function;
}

Done FunctionShift::write_expression(Reader& in, Writer& out) const {
  while (true) {
    Reader ahead = in;
    WEIR_TRY(const Instruction instruction, read_instruction(ahead));
    if (instruction.op == Op::GlobalGet && instruction.index >= added_.globals) {
      return in.error("global " + std::to_string(instruction.index) + " does not exist");
    }
    if (instruction.op == Op::RefFunc) {
      Reader index(in.file(), instruction.index_begin, instruction.index_end, in.section());
      WEIR_TRY(const uint32_t function, read_function(index));
      out.op(Op::RefFunc, added_.moved(function));
    } else {
      copy_from(instruction.begin, ahead, out);
    }
    in = ahead;
    if (instruction.op == Op::End) return Unit{};
  }
}

Done FunctionShift::write_globals(Reader& in, uint32_t count, Writer& out) const {
  for (uint32_t i = 0; i < count; ++i) {
    const size_t start = in.offset();
    WEIR_TRY(read_value_type(in));
    WEIR_TRY(in.byte());
    copy_from(start, in, out);
    WEIR_TRY(write_expression(in, out));
  }
  return in.expect_end();
}

Done FunctionShift::write_exports(Reader& in, Writer& out) const {
  WEIR_TRY(const uint32_t count, in.count(3, kMaxEntries, "exports"));
  out.u32(count);
  for (uint32_t i = 0; i < count; ++i) WEIR_TRY(write_export(in, out));
  return in.expect_end();
}

Done FunctionShift::write_export(Reader& in, Writer& out) const {
  const size_t start = in.offset();
  WEIR_TRY(in.name());
  WEIR_TRY(const uint8_t kind, in.byte());
  copy_from(start, in, out);
  if (kind == static_cast<uint8_t>(ExternKind::Function)) {
    WEIR_TRY(const uint32_t function, read_function(in));
    out.u32(for_host(function));
    return Unit{};
  }
  WEIR_TRY(const uint32_t index, in.u32());
  if (kind == static_cast<uint8_t>(ExternKind::Global) && index >= added_.globals) {
    return in.error("global " + std::to_string(index) + " does not exist");
  }
  out.u32(index);
  return Unit{};
}

Done FunctionShift::write_elements(Reader& in, Writer& out) const {
  WEIR_TRY(const uint32_t count, in.count(2, kMaxEntries, "element segments"));
  out.u32(count);
  for (uint32_t i = 0; i < count; ++i) WEIR_TRY(write_element_segment(in, out));
  return in.expect_end();
}

Done FunctionShift::write_element_segment(Reader& in, Writer& out) const {
  const size_t start = in.offset();
  WEIR_TRY(const SegmentForm form, read_segment_form(in));
  copy_from(start, in, out);
  if (form.active) WEIR_TRY(write_expression(in, out));
  const size_t type = in.offset();
  WEIR_TRY(read_segment_type(in, form));
  copy_from(type, in, out);
  WEIR_TRY(const uint32_t count, in.count(1, kMaxEntries, "elements"));
  out.u32(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (form.expressions) {
      WEIR_TRY(write_expression(in, out));
    } else {
      WEIR_TRY(const uint32_t function, read_function(in));
      out.u32(added_.moved(function));
    }
  }
  return Unit{};
}

Done FunctionShift::write_names(Reader& in, Writer& out) const {
  constexpr uint8_t kFunctions = 1;
  constexpr uint8_t kLocals = 2;
  constexpr uint8_t kLabels = 3;
  while (!in.at_end()) {
    WEIR_TRY(const uint8_t kind, in.byte());
    WEIR_TRY(const uint32_t size, in.u32());
    WEIR_TRY(const Bytes contents, in.take(size));
    Reader names(in.file(), in.offset() - size, in.offset(), in.section());
    out.byte(kind);
    if (kind != kFunctions && kind != kLocals && kind != kLabels) {
      out.sized(contents);
      continue;
    }
    Writer moved;
    WEIR_TRY(write_named_functions(names, moved, kind != kFunctions));
    out.sized(moved.bytes());
  }
  return Unit{};
}

// A map from functions to names, or to maps of names. Names of functions that there are not are
// left out, as engines do: those that the pass adds would get them.
Done FunctionShift::write_named_functions(Reader& in, Writer& out, bool indirect) const {
  WEIR_TRY(const uint32_t count, in.count(2, kMaxEntries, "names"));
  Writer moved;
  uint32_t moved_count = 0;
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(const uint32_t function, in.u32());
    const size_t start = in.offset();
    uint32_t names = 1;
    if (indirect) {
      WEIR_TRY(names, in.count(2, kMaxEntries, "names"));
    }
    for (uint32_t k = 0; k < names; ++k) {
      if (indirect) WEIR_TRY(in.u32());
      WEIR_TRY(in.name());
    }
    if (function >= added_.functions) continue;
    moved.u32(added_.moved(function));
    copy_from(start, in, moved);
    ++moved_count;
  }
  out.u32(moved_count);
  out.append(moved.bytes());
  return in.expect_end();
}

}  // namespace weir::wasm
