#include "generated/bulk_memory.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "module/instruction.h"
#include "module/module_info.h"
#include "module/reader.h"
#include "module/types.h"

namespace weir::test {
namespace {

constexpr auto kElemDrop = static_cast<wasm::Op>(wasm::prefixed(0xfc, 13));
constexpr std::array kOfSegments{wasm::Op::MemoryInit, wasm::Op::DataDrop, wasm::Op::TableInit,
                                 kElemDrop};

// The value of what is known to be whole: the module has been read already.
template <typename T>
T sure(Result<T> result) {
  WEIR_CHECK(result.ok());
  return std::move(result).value();
}

bool body_uses_them(wasm::Reader in) {
  const uint32_t groups = sure(in.count(2, UINT32_MAX, "locals"));
  for (uint32_t i = 0; i < groups; ++i) {
    sure(in.u32());
    sure(wasm::read_value_type(in));
  }
  while (!in.at_end()) {
    if (std::ranges::count(kOfSegments, sure(wasm::read_instruction(in)).op) > 0) return true;
  }
  return false;
}

}  // namespace

bool copies_or_drops_segments(Bytes wasm) {
  const wasm::ModuleInfo info = sure(wasm::read_module(wasm));
  const wasm::Section* code = info.find_section(wasm::SectionId::Code);
  if (code == nullptr) return false;
  wasm::Reader in(wasm, code->offset, code->offset + code->size, code->name);
  const uint32_t bodies = sure(in.u32());
  for (uint32_t i = 0; i < bodies; ++i) {
    const uint32_t size = sure(in.u32());
    const size_t begin = in.offset();
    sure(in.take(size));
    if (body_uses_them({wasm, begin, begin + size, in.section()})) return true;
  }
  return false;
}

}  // namespace weir::test
