// Fuzzes add_limits(): what it makes of a readable module is one again, whose code is whole.

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "module/instruction.h"
#include "module/limits_pass.h"
#include "module/module_info.h"
#include "module/operand_height.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr SizeLimits kSizes{.memory_bytes = 1u << 20, .table_elements = 1000};

// Reads every body to its end.
Done read_code(Bytes wasm, const ModuleInfo& info) {
  const Section* code = info.find_section(SectionId::Code);
  if (code == nullptr) return Unit{};
  Reader in(wasm, code->offset, code->offset + code->size, code->name);
  OperandHeight height(info);
  WEIR_TRY(const uint32_t count, in.u32());
  for (uint32_t i = 0; i < count; ++i) {
    WEIR_TRY(const uint32_t size, in.u32());
    WEIR_TRY(in.take(size));
    Reader body(wasm, in.offset() - size, in.offset(), code->name);
    WEIR_TRY(const uint32_t groups, body.u32());
    for (uint32_t group = 0; group < groups; ++group) {
      WEIR_TRY(body.u32());
      WEIR_TRY(read_value_type(body));
    }
    height.begin(info.types[info.functions[info.functions.size() - count + i]]);
    while (height.in_function()) {
      WEIR_TRY(const Instruction instruction, read_instruction(body));
      WEIR_TRY(height.apply(instruction));
    }
    WEIR_TRY(body.expect_end());
  }
  return in.expect_end();
}

void check(Bytes wasm, const ModuleInfo& before, const LimitsToAdd& limits) {
  const auto made = add_limits(wasm, limits);
  if (!made.ok()) {
    WEIR_CHECK(!made.error().message.empty() && made.error().message.size() < 500);
    return;
  }
  const LimitedCode& limited = made.value();
  if (limited.unchanged) {
    WEIR_CHECK(limited.wasm.empty() && !limits.interrupt && !limits.stack_bytes && !limits.sizes);
    return;
  }
  WEIR_CHECK(limited.wasm.size() < 20 * wasm.size() + 1000);
  const auto info = read_module(limited.wasm);
  WEIR_CHECK(info.ok());
  const ModuleInfo& after = info.value();
  WEIR_CHECK(after.interface.imports.size() ==
             before.interface.imports.size() + (limited.imports_limit ? 1 : 0));
  WEIR_CHECK(after.interface.exports.size() == before.interface.exports.size());
  WEIR_CHECK(after.start_function.has_value() == before.start_function.has_value());
  if (!limited.imports_limit) return;
  WEIR_CHECK(read_code(limited.wasm, after).ok());
  for (uint64_t offset = 0; offset <= limited.wasm.size(); ++offset) {
    WEIR_CHECK(limited.origin.old_offset(offset) <= limited.wasm.size());
  }
  for (uint32_t function = 0; function < after.functions.size(); ++function) {
    const auto old = limited.origin.old_function(function);
    WEIR_CHECK(!old || *old < before.functions.size());
  }
}

}  // namespace
}  // namespace weir::wasm

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir;
  using namespace weir::wasm;

  const Bytes wasm = std::as_bytes(std::span(data, size));
  const auto before = read_module(wasm);
  if (!before.ok()) {
    WEIR_CHECK(!add_limits(wasm, {.interrupt = true}).ok());
    return 0;
  }
  constexpr uint32_t kStackBytes = 1u << 19;
  check(wasm, before.value(), {.interrupt = true});
  check(wasm, before.value(), {.look_if_long = true});
  check(wasm, before.value(), {.stack_bytes = kStackBytes});
  check(wasm, before.value(), {.sizes = kSizes});
  check(wasm, before.value(), {.interrupt = true, .stack_bytes = kStackBytes, .sizes = kSizes});
  return 0;
}
