#include "module/table_use.h"

#include <algorithm>
#include <string>

#include "module/instruction.h"
#include "module/section_rewrite.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr uint8_t kTableWithValue = 0x40;  // a table's first byte, followed by a reserved one

Done skip_value(Reader& in) {
  while (true) {
    WEIR_TRY(const Instruction instruction, read_instruction(in));
    if (instruction.op == Op::End) return Unit{};
  }
}

// What the tables begin with, and what they may grow to, together.
struct TableSizes {
  uint64_t least = 0;
  uint64_t most = 0;
};

Result<TableSizes> read_sizes(Reader in, uint64_t max_elements) {
  TableSizes sizes;
  WEIR_TRY(const uint32_t count, in.count(3, UINT32_MAX, "tables"));
  for (uint32_t i = 0; i < count; ++i) {
    Reader ahead = in;
    WEIR_TRY(const uint8_t first, ahead.byte());
    if (first == kTableWithValue) {
      WEIR_TRY(ahead.byte());
      in = ahead;
    }
    WEIR_TRY(read_value_type(in));
    WEIR_TRY(const MemoryType type, read_memory_type(in));
    if (first == kTableWithValue) WEIR_TRY(skip_value(in));
    // Each is added to what is at most `max_elements`: no sum wraps.
    const uint64_t least = std::min(type.info.min_pages, max_elements);
    const uint64_t most = std::min(type.info.max_pages.value_or(max_elements), max_elements);
    sizes.least = std::min(sizes.least + least, max_elements);
    sizes.most = std::min(sizes.most + std::max(least, most), max_elements);
  }
  return sizes;
}

Result<bool> grows_tables(Bytes wasm, const ModuleInfo& info) {
  const Section* code = info.find_section(SectionId::Code);
  if (code == nullptr) return false;
  Reader in = reader_of(wasm, *code);
  WEIR_TRY(const uint32_t count, in.u32());
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(const uint32_t size, in.u32());
    WEIR_TRY(in.take(size));
    Reader body(wasm, in.offset() - size, in.offset(), in.section());
    WEIR_TRY(const uint32_t groups, body.count(2, UINT32_MAX, "groups of locals"));
    for (uint32_t group = 0; group < groups; ++group) {
      WEIR_TRY(body.u32());
      WEIR_TRY(read_value_type(body));
    }
    while (!body.at_end()) {
      WEIR_TRY(const Instruction instruction, read_instruction(body));
      if (instruction.op == Op::TableGrow) return true;
    }
  }
  return false;
}

Error too_many(uint64_t entries) {
  return Error{ErrorCode::Unsupported, "the module's element segments have " +
                                           std::to_string(entries) + " entries or more, where " +
                                           std::to_string(kMaxElementEntries) +
                                           " are allowed: each instance begins with all of them"};
}

// One segment, up to its entries; then those, unless there are too many.
Done read_segment(Reader& in, uint64_t& entries) {
  constexpr uint32_t kNotActive = 1;
  constexpr uint32_t kNamesTable = 2;  // of an active one
  constexpr uint32_t kExpressions = 4;
  const size_t start = in.offset();
  WEIR_TRY(const uint32_t flags, in.u32());
  if (flags > (kNotActive | kNamesTable | kExpressions)) {
    return in.error_at(start, "unknown form " + std::to_string(flags) + " of element segment");
  }
  if ((flags & (kNotActive | kNamesTable)) == kNamesTable) WEIR_TRY(in.u32());
  if ((flags & kNotActive) == 0) WEIR_TRY(skip_value(in));
  if ((flags & (kNotActive | kNamesTable)) != 0) {
    if ((flags & kExpressions) != 0) {
      WEIR_TRY(read_value_type(in));
    } else {
      WEIR_TRY(in.byte());
    }
  }
  WEIR_TRY(const uint32_t count, in.count(1, UINT32_MAX, "elements"));
  entries += uint64_t{count} + 1;
  if (entries > kMaxElementEntries) return too_many(entries);
  for (uint32_t i = 0; i < count; ++i) {
    if ((flags & kExpressions) != 0) {
      WEIR_TRY(skip_value(in));
    } else {
      WEIR_TRY(in.u32());
    }
  }
  return Unit{};
}

}  // namespace

Result<TableUse> read_table_use(Bytes wasm, const ModuleInfo& info, uint64_t max_elements) {
  TableUse use;
  if (const Section* tables = info.find_section(SectionId::Table)) {
    WEIR_TRY(const TableSizes sizes, read_sizes(reader_of(wasm, *tables), max_elements));
    use.elements = sizes.least;
    if (sizes.most > sizes.least) {
      WEIR_TRY(const bool grow, grows_tables(wasm, info));
      if (grow) use.elements = sizes.most;
    }
  }
  if (const Section* elements = info.find_section(SectionId::Element)) {
    Reader in = reader_of(wasm, *elements);
    WEIR_TRY(const uint32_t count, in.count(2, UINT32_MAX, "element segments"));
    for (uint32_t i = 0; i < count; ++i) WEIR_TRY(read_segment(in, use.entries));
    WEIR_TRY(in.expect_end());
  }
  return use;
}

}  // namespace weir::wasm
