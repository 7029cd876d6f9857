#include "module/instance_state.h"

#include <algorithm>

#include "base/check.h"
#include "base/wasm_page.h"
#include "module/instruction.h"
#include "module/state_plan.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

using Form = StateGlobal::Form;

constexpr uint32_t kMaxEntries = 10'000'000;

// Instructions that only this file writes.
constexpr uint8_t kI64Const = 0x42;
constexpr uint8_t kF32Const = 0x43;
constexpr uint8_t kF64Const = 0x44;
constexpr uint8_t kVectorPrefix = 0xfd;
constexpr uint32_t kV128Const = 12;

constexpr uint8_t kActive = 0;
constexpr uint8_t kPassive = 1;

void write_little_endian(uint64_t bits, size_t bytes, Writer& out) {
  for (size_t i = 0; i < bytes; ++i) out.byte(static_cast<uint8_t>(bits >> (8 * i)));
}

// The constant expression of a value; `words` are its bits.
void write_value(Form form, std::span<const uint64_t> words, Writer& out) {
  switch (form) {
    case Form::I32:
      out.i32_const(static_cast<int32_t>(static_cast<uint32_t>(words[0])));
      break;
    case Form::I64:
      out.byte(kI64Const);
      out.s64(static_cast<int64_t>(words[0]));
      break;
    case Form::F32:
      out.byte(kF32Const);
      write_little_endian(words[0], 4, out);
      break;
    case Form::F64:
      out.byte(kF64Const);
      write_little_endian(words[0], 8, out);
      break;
    case Form::V128:
      out.byte(kVectorPrefix);
      out.u32(kV128Const);
      write_little_endian(words[0], 8, out);
      write_little_endian(words[1], 8, out);
      break;
  }
  out.op(Op::End);
}

Done skip_expression(Reader& in) {
  while (true) {
    WEIR_TRY(const Instruction instruction, read_instruction(in));
    if (instruction.op == Op::End) return Unit{};
  }
}

// Bytes of the memory that are not zero, or lie between such.
struct Run {
  size_t begin;
  size_t end;
};

// Zeros are left out by the page: more runs would save bytes, and cost time in each instance.
std::vector<Run> runs_of(Bytes memory) {
  constexpr size_t kGrain = 4096;
  std::vector<Run> runs;
  const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
  for (size_t at = 0; at < memory.size(); at += kGrain) {
    const Bytes page = memory.subspan(at, std::min(kGrain, memory.size() - at));
    const auto first = std::ranges::find_if_not(page, is_zero);
    if (first == page.end()) continue;
    size_t end = page.size();
    while (is_zero(page[end - 1])) --end;
    const size_t begin = at + static_cast<size_t>(first - page.begin());
    const bool joins = !runs.empty() && runs.back().end + kGrain > begin;
    if (joins) {
      runs.back().end = at + end;
    } else {
      runs.push_back({begin, at + end});
    }
  }
  return runs;
}

class Baking {
 public:
  Baking(Bytes wasm, const StatePlan& plan, const InstanceState& state)
      : wasm_(wasm), plan_(plan), state_(state), runs_(runs_of(state.memory)) {}

  Result<bool> write(SectionId id, const Section* section, Writer& out) const {
    switch (id) {
      case SectionId::Memory:
        return write_memory(section, out);
      case SectionId::Global:
        return write_globals(section, out);
      case SectionId::Start:
        return false;
      case SectionId::DataCount:
        return write_data_count(section, out);
      case SectionId::Data:
        return write_data(section, out);
      default:
        return copy_section(wasm_, section, out);
    }
  }

 private:
  Result<bool> write_memory(const Section* section, Writer& out) const {
    if (!plan_.has_memory) return copy_section(wasm_, section, out);
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(in.u32());
    WEIR_TRY(const MemoryType type, read_memory_type(in));
    out.u32(1);
    out.byte(type.info.max_pages ? 1 : 0);
    out.u64(state_.memory.size() / kWasmPageBytes);
    if (type.info.max_pages) out.u64(*type.info.max_pages);
    return true;
  }

  Result<bool> write_globals(const Section* section, Writer& out) const {
    if (section == nullptr) return false;
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(const uint32_t count, in.count(3, kMaxEntries, "globals"));
    out.u32(count);
    auto next = plan_.globals.begin();
    std::span<const uint64_t> words = state_.globals;
    for (uint32_t i = 0; i < count; ++i) {
      const size_t start = in.offset();
      WEIR_TRY(read_value_type(in));
      WEIR_TRY(in.byte());
      const size_t value = in.offset();
      WEIR_TRY(skip_expression(in));
      const bool changes = next != plan_.globals.end() && next->index == i;
      out.append(wasm_.subspan(start, (changes ? value : in.offset()) - start));
      if (!changes) continue;
      write_value(next->form, words.first(next->words()), out);
      words = words.subspan(next->words());
      ++next;
    }
    return true;
  }

  // How many of the module's own segments keep their numbers.
  Result<uint32_t> kept_segments(const Section* data) const {
    if (data == nullptr || !plan_.uses_memory_init) return 0u;
    Reader in = reader_of(wasm_, *data);
    return in.u32();
  }

  // Only code that names segments needs it, and then it is there.
  Result<bool> write_data_count(const Section* section, Writer& out) const {
    if (section == nullptr || !plan_.uses_memory_init) return false;
    Reader in = reader_of(wasm_, *section);
    WEIR_TRY(const uint32_t count, in.u32());
    out.u32(count + static_cast<uint32_t>(runs_.size()));
    return true;
  }

  Result<bool> write_data(const Section* section, Writer& out) const {
    WEIR_TRY(const uint32_t kept, kept_segments(section));
    out.u32(kept + static_cast<uint32_t>(runs_.size()));
    if (kept != 0) WEIR_TRY(write_kept_segments(reader_of(wasm_, *section), out));
    for (const Run& run : runs_) {
      out.byte(kActive);
      out.i32_const(static_cast<int32_t>(static_cast<uint32_t>(run.begin)));
      out.op(Op::End);
      out.sized(state_.memory.subspan(run.begin, run.end - run.begin));
    }
    return kept + runs_.size() != 0;
  }

  // An active segment is empty once it is in the memory; a passive one stays.
  Done write_kept_segments(Reader in, Writer& out) const {
    constexpr uint32_t kNamesMemory = 2;
    WEIR_TRY(const uint32_t count, in.u32());
    for (uint32_t i = 0; i < count; ++i) {
      WEIR_TRY(const uint32_t flags, in.u32());
      if (flags > kNamesMemory) return in.error("unknown form of data segment");
      if (flags == kNamesMemory) WEIR_TRY(in.u32());
      if (flags != kPassive) WEIR_TRY(skip_expression(in));
      WEIR_TRY(const uint32_t size, in.u32());
      WEIR_TRY(const Bytes contents, in.take(size));
      out.byte(kPassive);
      out.sized(flags == kPassive ? contents : Bytes());
    }
    return in.expect_end();
  }

  const Bytes wasm_;
  const StatePlan& plan_;
  const InstanceState& state_;
  const std::vector<Run> runs_;
};

}  // namespace

Result<RewrittenModule> bake_state(Bytes wasm, const InstanceState& state) {
  WEIR_TRY(const ModuleInfo info, read_module(wasm));
  WEIR_TRY(const StatePlan plan, plan_state(wasm, info));
  WEIR_CHECK(state.globals.size() == plan.words());
  const Baking baking(wasm, plan, state);
  return rewrite_sections(wasm, info, [&](SectionId id, auto* section, Writer& out) {
    return baking.write(id, section, out);
  });
}

}  // namespace weir::wasm
