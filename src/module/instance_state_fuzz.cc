// Fuzzes make_observable() and bake_state(): what they make of a readable module is one again.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/check.h"
#include "module/instance_state.h"
#include "module/module_info.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using namespace weir::wasm;

  const Bytes wasm = std::as_bytes(std::span(data, size));
  const auto made = make_observable(wasm);
  if (!made.ok()) {
    WEIR_CHECK(!made.error().message.empty() && made.error().message.size() < 500);
    return 0;
  }
  const auto before = read_module(wasm);
  const auto after = read_module(made.value().module.wasm);
  WEIR_CHECK(before.ok() && after.ok());
  const size_t words = made.value().state_functions.size();
  WEIR_CHECK(after.value().functions.size() == before.value().functions.size() + words);
  WEIR_CHECK(after.value().interface.exports.size() ==
             before.value().interface.exports.size() + words);

  // A memory that the module could have.
  constexpr uint64_t kPageBytes = 65536;
  const auto& type = before.value().memory;
  const uint64_t pages = type ? std::max<uint64_t>(type->min_pages, 1) : 0;
  if (pages > 4 || (type && type->max_pages.value_or(pages) < pages)) return 0;
  std::vector<std::byte> memory(pages * kPageBytes);
  for (size_t i = 0; i < size && i * 2000 < memory.size(); ++i)
    memory[i * 2000] = std::byte{data[i]};
  const std::vector<uint64_t> globals(words, UINT64_MAX);
  const auto image = bake_state(wasm, {memory, globals});
  // Its data segments are read only now.
  if (!image.ok()) return 0;
  const auto info = read_module(image.value().wasm);
  WEIR_CHECK(info.ok());
  WEIR_CHECK(!info.value().start_function);
  WEIR_CHECK(info.value().interface.exports.size() == before.value().interface.exports.size());
  return 0;
}
