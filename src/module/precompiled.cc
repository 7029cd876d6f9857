#include "module/precompiled.h"

#include <algorithm>

#include "module/file_kind.h"
#include "module/reader.h"
#include "module/writer.h"

namespace weir::wasm {
namespace {

constexpr uint8_t kFormat = 1;
// What a text of a section may come to; longer ones are damage.
constexpr size_t kMaxText = 1024;

bool is_precompiled(const Section& section) {
  return section.id == SectionId::Custom && section.name == kPrecompiledSection;
}

Result<std::string> read_text(Reader& in) {
  WEIR_TRY(const std::string_view text, in.name());
  if (text.size() > kMaxText)
    return in.error("a text of " + std::to_string(text.size()) + " bytes");
  return std::string(text);
}

Result<Digest> read_digest(Reader& in) {
  Digest digest;
  WEIR_TRY(const Bytes bytes, in.take(digest.size()));
  std::ranges::copy(bytes, digest.begin());
  return digest;
}

struct Contents {
  Precompiled section;
  Bytes head;  // what precedes the checksum
  Digest checksum;
};

Result<Contents> read_contents(Bytes from) {
  Reader in(from, 0, from.size(), kPrecompiledSection);
  WEIR_TRY(const uint8_t format, in.byte());
  if (format != kFormat) {
    return Error{ErrorCode::Unsupported, "it has the format " + std::to_string(format) +
                                             ", where " + std::to_string(kFormat) + " is known"};
  }
  Contents contents;
  Precompiled& section = contents.section;
  WEIR_TRY(section.engine, read_text(in));
  WEIR_TRY(section.version, read_text(in));
  WEIR_TRY(section.fingerprint, read_text(in));
  WEIR_TRY(section.plain, read_digest(in));
  WEIR_TRY(section.compiled, read_digest(in));
  contents.head = from.first(in.offset());
  WEIR_TRY(contents.checksum, read_digest(in));
  section.artifact = from.subspan(in.offset());
  return contents;
}

}  // namespace

std::vector<std::byte> write_precompiled(const Precompiled& from) {
  Writer out;
  out.byte(kFormat);
  for (const std::string* text : {&from.engine, &from.version, &from.fingerprint}) {
    WEIR_CHECK(text->size() <= kMaxText);
    out.name(*text);
  }
  out.append(from.plain);
  out.append(from.compiled);
  out.append(sha256({out.bytes(), from.artifact}));
  out.append(from.artifact);
  return out.take();
}

Result<Precompiled> read_precompiled(Bytes contents) {
  WEIR_TRY(Contents read, read_contents(contents));
  return std::move(read.section);
}

bool checksum_matches(Bytes contents) {
  const auto read = read_contents(contents);
  return read.ok() &&
         sha256({read.value().head, read.value().section.artifact}) == read.value().checksum;
}

std::vector<Bytes> precompiled_sections(Bytes wasm, const ModuleInfo& info) {
  std::vector<Bytes> found;
  for (const Section& section : info.sections) {
    if (is_precompiled(section)) found.push_back(section.contents(wasm));
  }
  return found;
}

PlainModule::PlainModule(Bytes wasm, const ModuleInfo& info) : borrowed_(wasm) {
  // The sections of a module follow each other without gaps.
  const auto end_of = [](const Section& section) { return section.offset + section.size; };
  auto last = std::find_if_not(info.sections.rbegin(), info.sections.rend(), is_precompiled);
  const uint64_t end = last == info.sections.rend() ? kPreambleBytes : end_of(*last);
  borrowed_ = wasm.first(end);
  if (std::none_of(last, info.sections.rend(), is_precompiled)) return;

  uint64_t begin = 0;
  uint64_t previous = kPreambleBytes;
  for (const Section& section : info.sections) {
    if (is_precompiled(section)) {
      const Bytes kept = wasm.subspan(begin, previous - begin);
      copy_.insert(copy_.end(), kept.begin(), kept.end());
      begin = end_of(section);
    }
    previous = end_of(section);
  }
  const Bytes kept = wasm.subspan(begin);
  copy_.insert(copy_.end(), kept.begin(), kept.end());
}

void append_precompiled(Bytes contents, std::vector<std::byte>& module) {
  Writer name;
  name.name(kPrecompiledSection);
  Writer out;
  out.byte(static_cast<uint8_t>(SectionId::Custom));
  out.u64(name.size() + contents.size());
  out.append(name.bytes());
  module.insert(module.end(), out.bytes().begin(), out.bytes().end());
  module.insert(module.end(), contents.begin(), contents.end());
}

}  // namespace weir::wasm
