#pragma once
// A module written again, section by section.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "module/module_info.h"
#include "module/reader.h"
#include "module/writer.h"

namespace weir::wasm {

// The order in which sections stand in a file.
inline constexpr SectionId kSectionOrder[] = {
    SectionId::Type,   SectionId::Import,  SectionId::Function,  SectionId::Table,
    SectionId::Memory, SectionId::Tag,     SectionId::Global,    SectionId::Export,
    SectionId::Start,  SectionId::Element, SectionId::DataCount, SectionId::Code,
    SectionId::Data,
};

Reader reader_of(Bytes wasm, const Section& section);

struct RewrittenModule {
  std::vector<std::byte> wasm;
  // By how many bytes function bodies lie further back than they did.
  int64_t code_shift = 0;
};

// Calls `write` for each kind of section in the order of the file, with the module's own section or
// null; what it puts into the Writer are the new contents, and where it answers false there is no
// such section. Function bodies that were there stay as they are and before any others. Of the
// custom sections "name", "producers" and "target_features" stay: functions and types keep their
// numbers, but no other section that speaks of the file may be believed any more.
Result<RewrittenModule> rewrite_sections(
    Bytes wasm, const ModuleInfo& info,
    FunctionRef<Result<bool>(SectionId, const Section*, Writer&)> write);

// As that callback: the section as it is.
Result<bool> copy_section(Bytes wasm, const Section* section, Writer& out);

}  // namespace weir::wasm
