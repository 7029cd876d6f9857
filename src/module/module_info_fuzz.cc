// Fuzzes read_module() and what reads a module's custom sections.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "module/custom_sections.h"
#include "module/module_info.h"
#include "module/table_use.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using namespace weir::wasm;

  const Bytes wasm = std::as_bytes(std::span(data, size));
  const auto info = read_module(wasm);
  if (!info.ok()) {
    WEIR_CHECK(!info.error().message.empty() && info.error().message.size() < 500);
    return 0;
  }
  for (const Section& section : info.value().sections) {
    WEIR_CHECK(section.contents(wasm).size() == section.size);
  }
  for (const auto& import : info.value().interface.imports) {
    WEIR_CHECK(import.type.params.size() <= kMaxCrossingValues);
    WEIR_CHECK(import.type.results.size() <= kMaxCrossingValues);
  }
  constexpr uint64_t kMost = 1 << 20;
  if (const auto tables = read_table_use(wasm, info.value(), kMost); tables.ok()) {
    WEIR_CHECK(tables.value().elements <= kMost && tables.value().entries <= kMaxElementEntries);
  }
  read_producers(wasm, info.value());
  const FunctionNames names(wasm, info.value());
  for (uint32_t function = 0; function < 16; ++function) names.find(function);
  return 0;
}
