#include "module/section_rewrite.h"

#include "module/file_kind.h"

namespace weir::wasm {
namespace {

bool stays(const Section& section) {
  return section.id == SectionId::Custom &&
         (section.name == "name" || section.name == "producers" ||
          section.name == "target_features");
}

// Where the first body lies, in the bytes of `contents`.
Result<size_t> first_body(Bytes contents) {
  Reader in(contents, 0, contents.size(), "code");
  WEIR_TRY(in.u32());
  return in.offset();
}

}  // namespace

Reader reader_of(Bytes wasm, const Section& section) {
  return {wasm, section.offset, section.offset + section.size, section.name};
}

Result<bool> copy_section(Bytes wasm, const Section* section, Writer& out) {
  if (section == nullptr) return false;
  out.append(section->contents(wasm));
  return true;
}

Result<RewrittenModule> rewrite_sections(
    Bytes wasm, const ModuleInfo& info,
    FunctionRef<Result<bool>(SectionId, const Section*, Writer&)> write) {
  RewrittenModule made;
  Writer out;
  out.append(wasm.first(kPreambleBytes));
  for (const SectionId id : kSectionOrder) {
    const Section* section = info.find_section(id);
    Writer contents;
    WEIR_TRY(const bool exists, write(id, section, contents));
    if (!exists) continue;
    out.byte(static_cast<uint8_t>(id));
    out.sized(contents.bytes());
    if (id != SectionId::Code || section == nullptr) continue;
    WEIR_TRY(const size_t before, first_body(section->contents(wasm)));
    WEIR_TRY(const size_t after, first_body(contents.bytes()));
    made.code_shift = static_cast<int64_t>(out.size() - contents.size() + after) -
                      static_cast<int64_t>(section->offset + before);
  }
  for (const Section& section : info.sections) {
    if (!stays(section)) continue;
    Writer contents;
    contents.name(section.name);
    contents.append(section.contents(wasm));
    out.byte(static_cast<uint8_t>(SectionId::Custom));
    out.sized(contents.bytes());
  }
  made.wasm = out.take();
  return made;
}

}  // namespace weir::wasm
