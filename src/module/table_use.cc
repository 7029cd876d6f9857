#include "module/table_use.h"

#include <algorithm>
#include <string>

#include "module/body_plan.h"
#include "module/element_segment.h"
#include "module/instruction.h"
#include "module/section_rewrite.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

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
    WEIR_TRY(const bool has_value, read_table_start(in));
    WEIR_TRY(const MemoryType type, read_memory_type(in));
    if (has_value) WEIR_TRY(skip_value(in));
    // Each is added to what is at most `max_elements`: no sum wraps.
    const uint64_t least = std::min(type.info.min_pages, max_elements);
    const uint64_t most = std::min(type.info.max_pages.value_or(max_elements), max_elements);
    sizes.least = std::min(sizes.least + least, max_elements);
    sizes.most = std::min(sizes.most + std::max(least, most), max_elements);
  }
  return sizes;
}

Result<bool> grows_tables(Bytes wasm, const ModuleInfo& info) {
  return any_body(wasm, info, [](Reader& code) -> Result<bool> {
    while (!code.at_end()) {
      WEIR_TRY(const Instruction instruction, read_instruction(code));
      if (instruction.op == Op::TableGrow) return true;
    }
    return false;
  });
}

Error too_many(uint64_t entries) {
  return Error{ErrorCode::Unsupported, "the module's element segments have " +
                                           std::to_string(entries) + " entries or more, where " +
                                           std::to_string(kMaxElementEntries) +
                                           " are allowed: each instance begins with all of them"};
}

// One segment, up to its entries; then those, unless there are too many.
Done read_segment(Reader& in, uint64_t& entries) {
  WEIR_TRY(const SegmentForm form, read_segment_form(in));
  if (form.active) WEIR_TRY(skip_value(in));
  WEIR_TRY(read_segment_type(in, form));
  WEIR_TRY(const uint32_t count, in.count(1, UINT32_MAX, "elements"));
  entries += uint64_t{count} + 1;
  if (entries > kMaxElementEntries) return too_many(entries);
  for (uint32_t i = 0; i < count; ++i) {
    if (form.expressions) {
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
