// Fuzzes what reads precompiled code out of a module: the input is a module, and the contents of a
// section.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "module/module_info.h"
#include "module/precompiled.h"

namespace {

using weir::Bytes;

// Contents that are read are those that are written of what was read, where their checksum is
// right.
void read_contents(Bytes contents) {
  const auto read = weir::wasm::read_precompiled(contents);
  const bool whole = weir::wasm::checksum_matches(contents);
  WEIR_CHECK(read.ok() || !whole);
  if (!read.ok()) {
    WEIR_CHECK(!read.error().message.empty() && read.error().message.size() < 500);
    return;
  }
  const auto written = weir::wasm::write_precompiled(read.value());
  WEIR_CHECK(weir::wasm::checksum_matches(written));
  const auto again = weir::wasm::read_precompiled(written);
  WEIR_CHECK(again.ok() && again.value().fingerprint == read.value().fingerprint);
  WEIR_CHECK(weir::as_text(again.value().artifact) == weir::as_text(read.value().artifact));
}

void read_file(Bytes wasm) {
  const auto info = weir::wasm::read_module(wasm);
  if (!info.ok()) return;
  const auto sections = weir::wasm::precompiled_sections(wasm, info.value());
  for (const Bytes contents : sections) read_contents(contents);

  const weir::wasm::PlainModule plain(wasm, info.value());
  WEIR_CHECK(plain.bytes().size() <= wasm.size());
  WEIR_CHECK(!sections.empty() || plain.bytes().size() == wasm.size());
  const auto plain_info = weir::wasm::read_module(plain.bytes());
  WEIR_CHECK(plain_info.ok());
  WEIR_CHECK(weir::wasm::precompiled_sections(plain.bytes(), plain_info.value()).empty());
  WEIR_CHECK(plain_info.value().sections.size() + sections.size() == info.value().sections.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input = std::as_bytes(std::span(data, size));
  read_contents(input);
  read_file(input);
  return 0;
}
