#include "module/custom_sections.h"

#include <algorithm>

#include "module/reader.h"

namespace weir::wasm {
namespace {

constexpr uint32_t kMaxEntries = 10'000'000;
constexpr uint8_t kFunctionNames = 1;

Reader reader_of(Bytes wasm, const Section& section) {
  return {wasm, section.offset, section.offset + section.size, section.name};
}

Done collect_producers(Reader& in, std::vector<Producer>& producers) {
  WEIR_TRY(const uint32_t fields, in.count(2, kMaxEntries, "fields"));
  for (uint32_t i = 0; i < fields; ++i) {
    WEIR_TRY(const std::string_view field, in.name());
    WEIR_TRY(const uint32_t values, in.count(2, kMaxEntries, "values"));
    for (uint32_t k = 0; k < values; ++k) {
      WEIR_TRY(const std::string_view name, in.name());
      WEIR_TRY(const std::string_view version, in.name());
      producers.push_back({std::string(field), std::string(name), std::string(version)});
    }
  }
  return Unit{};
}

// Calls `add` with each function's index and name.
template <typename Add>
Done for_each_function_name(Bytes wasm, Reader& in, const Add& add) {
  while (!in.at_end()) {
    WEIR_TRY(const uint8_t kind, in.byte());
    WEIR_TRY(const uint32_t size, in.u32());
    const size_t start = in.offset();
    WEIR_TRY(in.take(size));
    if (kind != kFunctionNames) continue;
    Reader names(wasm, start, start + size, "name");
    WEIR_TRY(const uint32_t count, names.count(2, kMaxEntries, "names"));
    for (uint32_t i = 0; i < count; ++i) {
      WEIR_TRY(const uint32_t function, names.u32());
      WEIR_TRY(const std::string_view name, names.name());
      add(function, name);
    }
  }
  return Unit{};
}

}  // namespace

std::vector<Producer> read_producers(Bytes wasm, const ModuleInfo& info) {
  std::vector<Producer> producers;
  if (const Section* section = info.find_custom_section("producers")) {
    Reader in = reader_of(wasm, *section);
    static_cast<void>(collect_producers(in, producers));
  }
  return producers;
}

FunctionNames::FunctionNames(Bytes wasm, const ModuleInfo& info) {
  const Section* section = info.find_custom_section("name");
  if (section == nullptr) return;
  Reader in = reader_of(wasm, *section);
  static_cast<void>(for_each_function_name(
      wasm, in, [this](uint32_t function, std::string_view name) { add(function, name); }));
  // They come in order, unless a tool made a mistake; then the first of two counts.
  std::ranges::stable_sort(entries_, {}, &Entry::function);
}

void FunctionNames::add(uint32_t function, std::string_view name) {
  entries_.push_back({.function = function,
                      .name_size = static_cast<uint32_t>(name.size()),
                      .name_at = text_.size()});
  text_ += name;
}

std::string_view FunctionNames::find(uint32_t function) const {
  const auto found = std::ranges::lower_bound(entries_, function, {}, &Entry::function);
  if (found == entries_.end() || found->function != function) return {};
  return std::string_view(text_).substr(found->name_at, found->name_size);
}

}  // namespace weir::wasm
