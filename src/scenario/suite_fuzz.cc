// Scenario files are read without a crash, whatever is in them.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "scenario/suite_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(weir::scenario::read_suite(text, "/nowhere/scenario.yaml", {.update = true}));
  return 0;
}
