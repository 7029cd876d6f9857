#pragma once
// The instructions of function bodies and of constant expressions, read one by one.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "module/reader.h"

namespace weir::wasm {

// The number of an instruction that follows a prefix byte.
constexpr uint32_t prefixed(uint8_t prefix, uint32_t number) {
  return uint32_t{prefix} << 16 | number;
}

// Those that are told apart; an Op may have any other number that read_instruction() knows.
enum class Op : uint32_t {
  Unreachable = 0x00,
  Block = 0x02,
  Loop = 0x03,
  If = 0x04,
  Else = 0x05,
  Try = 0x06,
  Catch = 0x07,
  Throw = 0x08,
  Rethrow = 0x09,
  ThrowRef = 0x0a,
  End = 0x0b,
  Br = 0x0c,
  BrTable = 0x0e,
  Return = 0x0f,
  Call = 0x10,
  CallIndirect = 0x11,
  ReturnCall = 0x12,
  ReturnCallIndirect = 0x13,
  CallRef = 0x14,
  ReturnCallRef = 0x15,
  Delegate = 0x18,
  CatchAll = 0x19,
  TryTable = 0x1f,
  LocalGet = 0x20,
  LocalSet = 0x21,
  LocalTee = 0x22,
  GlobalGet = 0x23,
  GlobalSet = 0x24,
  TableSet = 0x26,
  MemoryGrow = 0x40,
  I32Const = 0x41,
  I32LtS = 0x48,
  I32LtU = 0x49,
  I32GtU = 0x4b,
  I32Add = 0x6a,
  I32Sub = 0x6b,
  I32ShrU = 0x76,
  RefFunc = 0xd2,
  RefEq = 0xd3,
  MemoryInit = prefixed(0xfc, 8),
  DataDrop = prefixed(0xfc, 9),
  MemoryCopy = prefixed(0xfc, 10),
  MemoryFill = prefixed(0xfc, 11),
  TableInit = prefixed(0xfc, 12),
  TableCopy = prefixed(0xfc, 14),
  TableGrow = prefixed(0xfc, 15),
  TableFill = prefixed(0xfc, 17),
};

// The type of a block: an index, or at most one result.
struct BlockType {
  std::optional<uint32_t> type;
  bool one_result = false;
};

struct Instruction {
  Op op{};
  // Where it lies in the file.
  size_t begin = 0;
  size_t end = 0;
  // How many more values it leaves than it takes. 0 where that is not the same for all of its op:
  // structured instructions, calls, and what never goes on.
  int8_t height_change = 0;
  // The first index that it names (a function, type, local, global, label or tag), and where that
  // lies in the file.
  uint32_t index = 0;
  size_t index_begin = 0;
  size_t index_end = 0;
  BlockType block;
  int64_t heap_type = 0;  // of ref.null: the number of a type, or negative

  bool is_simd() const { return static_cast<uint32_t>(op) >> 16 == 0xfd; }
};

// Knows the standard up to version 3 save garbage collection, and exceptions in their older form.
// What belongs to a proposal that Weir does not run is Unsupported, any other byte a BadModule.
Result<Instruction> read_instruction(Reader& in);

}  // namespace weir::wasm
