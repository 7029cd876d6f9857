#include "module/nesting.h"

#include <string>

#include "module/instruction.h"
#include "module/reader.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

// A block is its instruction, its type and its end.
constexpr size_t kLeastBlockBytes = 3;

// The instructions of one body, up to its end.
Done check_body(Reader& in, size_t function) {
  WEIR_TRY(const uint32_t groups, in.count(2, UINT32_MAX, "locals"));
  for (uint32_t i = 0; i < groups; ++i) {
    WEIR_TRY(in.u32());
    WEIR_TRY(read_value_type(in));
  }
  uint32_t depth = 0;
  while (!in.at_end()) {
    WEIR_TRY(const Instruction instruction, read_instruction(in));
    switch (instruction.op) {
      case Op::Block:
      case Op::Loop:
      case Op::If:
      case Op::Try:
      case Op::TryTable:
        ++depth;
        break;
      case Op::End:
      case Op::Delegate:
        if (depth > 0) --depth;
        break;
      default:
        break;
    }
    if (depth > kMaxNesting) {
      Error error = in.error_at(instruction.begin,
                                "function " + std::to_string(function) + " has more than " +
                                    std::to_string(kMaxNesting) +
                                    " blocks in each other, which compilers do not get done with,");
      error.code = ErrorCode::Unsupported;
      return error;
    }
  }
  return Unit{};
}

}  // namespace

Done check_nesting(Bytes wasm, const ModuleInfo& info) {
  const Section* code = info.find_section(SectionId::Code);
  if (code == nullptr) return Unit{};
  Reader in(wasm, code->offset, code->offset + code->size, code->name);
  WEIR_TRY(const uint32_t bodies, in.count(2, UINT32_MAX, "functions"));
  const size_t imported = info.functions.size() - info.defined_functions;
  for (size_t i = 0; i < bodies; ++i) {
    WEIR_TRY(const uint32_t size, in.u32());
    const size_t begin = in.offset();
    WEIR_TRY(in.take(size));
    if (size <= kMaxNesting * kLeastBlockBytes) continue;
    Reader body(wasm, begin, begin + size, in.section());
    WEIR_TRY(check_body(body, imported + i));
  }
  return Unit{};
}

}  // namespace weir::wasm
