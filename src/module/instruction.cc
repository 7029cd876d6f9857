#include "module/instruction.h"

#include <array>
#include <string>

#include "module/types.h"

namespace weir::wasm {
namespace {

// What follows an opcode.
enum class Immediates : uint8_t {
  Unknown,  // there is no such instruction
  None,
  Block,
  TryTable,
  Index,
  TwoIndexes,
  Labels,
  ValueTypes,
  HeapType,
  I32,
  I64,
  FourBytes,
  EightBytes,
  SixteenBytes,
  MemArg,
  Lane,
  MemArgAndLane,
};

struct Form {
  Immediates immediates = Immediates::Unknown;
  int8_t height_change = 0;
};

// Neighbouring instructions of one form.
struct Row {
  uint16_t first;
  uint16_t last;
  Immediates immediates;
  int8_t height_change;
};

using enum Immediates;

constexpr Row kPlain[] = {
    {0x00, 0x01, None, 0},         // unreachable, nop
    {0x02, 0x03, Block, 0},        // block, loop
    {0x04, 0x04, Block, -1},       // if
    {0x05, 0x05, None, 0},         // else
    {0x06, 0x06, Block, 0},        // try
    {0x07, 0x09, Index, 0},        // catch, throw, rethrow
    {0x0a, 0x0b, None, 0},         // throw_ref, end
    {0x0c, 0x0c, Index, 0},        // br
    {0x0d, 0x0d, Index, -1},       // br_if
    {0x0e, 0x0e, Labels, 0},       // br_table
    {0x0f, 0x0f, None, 0},         // return
    {0x10, 0x10, Index, 0},        // call
    {0x11, 0x11, TwoIndexes, 0},   // call_indirect
    {0x12, 0x12, Index, 0},        // return_call
    {0x13, 0x13, TwoIndexes, 0},   // return_call_indirect
    {0x14, 0x15, Index, 0},        // call_ref, return_call_ref
    {0x18, 0x18, Index, 0},        // delegate
    {0x19, 0x19, None, 0},         // catch_all
    {0x1a, 0x1a, None, -1},        // drop
    {0x1b, 0x1b, None, -2},        // select
    {0x1c, 0x1c, ValueTypes, -2},  // select t
    {0x1f, 0x1f, TryTable, 0},     // try_table
    {0x20, 0x20, Index, 1},        // local.get
    {0x21, 0x21, Index, -1},       // local.set
    {0x22, 0x22, Index, 0},        // local.tee
    {0x23, 0x23, Index, 1},        // global.get
    {0x24, 0x24, Index, -1},       // global.set
    {0x25, 0x25, Index, 0},        // table.get
    {0x26, 0x26, Index, -2},       // table.set
    {0x28, 0x35, MemArg, 0},       // loads
    {0x36, 0x3e, MemArg, -2},      // stores
    {0x3f, 0x3f, Index, 1},        // memory.size
    {0x40, 0x40, Index, 0},        // memory.grow
    {0x41, 0x41, I32, 1},          // i32.const
    {0x42, 0x42, I64, 1},          // i64.const
    {0x43, 0x43, FourBytes, 1},    // f32.const
    {0x44, 0x44, EightBytes, 1},   // f64.const
    {0x45, 0x45, None, 0},         // i32.eqz
    {0x46, 0x4f, None, -1},        // i32 comparisons
    {0x50, 0x50, None, 0},         // i64.eqz
    {0x51, 0x66, None, -1},        // i64, f32, f64 comparisons
    {0x67, 0x69, None, 0},         // i32.clz, ctz, popcnt
    {0x6a, 0x78, None, -1},        // i32.add and so on
    {0x79, 0x7b, None, 0},         // i64.clz, ctz, popcnt
    {0x7c, 0x8a, None, -1},        // i64.add and so on
    {0x8b, 0x91, None, 0},         // f32.abs and so on
    {0x92, 0x98, None, -1},        // f32.add and so on
    {0x99, 0x9f, None, 0},         // f64.abs and so on
    {0xa0, 0xa6, None, -1},        // f64.add and so on
    {0xa7, 0xc4, None, 0},         // conversions, sign extensions
    {0xd0, 0xd0, HeapType, 1},     // ref.null
    {0xd1, 0xd1, None, 0},         // ref.is_null
    {0xd2, 0xd2, Index, 1},        // ref.func
    {0xd4, 0xd4, None, 0},         // ref.as_non_null
    {0xd5, 0xd5, Index, 0},        // br_on_null
    {0xd6, 0xd6, Index, -1},       // br_on_non_null
};

constexpr uint8_t kMiscPrefix = 0xfc;
constexpr Row kMisc[] = {
    {0, 7, None, 0},           // saturating truncations
    {8, 8, TwoIndexes, -3},    // memory.init
    {9, 9, Index, 0},          // data.drop
    {10, 10, TwoIndexes, -3},  // memory.copy
    {11, 11, Index, -3},       // memory.fill
    {12, 12, TwoIndexes, -3},  // table.init
    {13, 13, Index, 0},        // elem.drop
    {14, 14, TwoIndexes, -3},  // table.copy
    {15, 15, Index, -1},       // table.grow
    {16, 16, Index, 1},        // table.size
    {17, 17, Index, -3},       // table.fill
    {19, 20, None, -2},        // i64.add128, sub128
    {21, 22, None, 0},         // i64.mul_wide_s, mul_wide_u
};

constexpr uint8_t kVectorPrefix = 0xfd;
constexpr Row kVector[] = {
    {0x00, 0x0a, MemArg, 0},                                  // loads
    {0x0b, 0x0b, MemArg, -2},                                 // v128.store
    {0x0c, 0x0c, SixteenBytes, 1},                            // v128.const
    {0x0d, 0x0d, SixteenBytes, -1},                           // i8x16.shuffle
    {0x0e, 0x0e, None, -1},                                   // i8x16.swizzle
    {0x0f, 0x14, None, 0},                                    // splats
    {0x15, 0x16, Lane, 0},                                    // i8x16.extract_lane
    {0x17, 0x17, Lane, -1},                                   // i8x16.replace_lane
    {0x18, 0x19, Lane, 0},                                    // i16x8
    {0x1a, 0x1a, Lane, -1},          {0x1b, 0x1b, Lane, 0},   // i32x4
    {0x1c, 0x1c, Lane, -1},          {0x1d, 0x1d, Lane, 0},   // i64x2
    {0x1e, 0x1e, Lane, -1},          {0x1f, 0x1f, Lane, 0},   // f32x4
    {0x20, 0x20, Lane, -1},          {0x21, 0x21, Lane, 0},   // f64x2
    {0x22, 0x22, Lane, -1},          {0x23, 0x4c, None, -1},  // comparisons
    {0x4d, 0x4d, None, 0},                                    // v128.not
    {0x4e, 0x51, None, -1},                                   // and, andnot, or, xor
    {0x52, 0x52, None, -2},                                   // bitselect
    {0x53, 0x53, None, 0},                                    // any_true
    {0x54, 0x57, MemArgAndLane, -1},                          // load_lane
    {0x58, 0x5b, MemArgAndLane, -2},                          // store_lane
    {0x5c, 0x5d, MemArg, 0},                                  // load_zero
    {0x5e, 0x64, None, 0},     // demote, promote; i8x16.abs, neg, popcnt, all_true, bitmask
    {0x65, 0x66, None, -1},    // i8x16.narrow
    {0x67, 0x6a, None, 0},     // f32x4.ceil, floor, trunc, nearest
    {0x6b, 0x73, None, -1},    // i8x16 shifts, add, sub
    {0x74, 0x75, None, 0},     // f64x2.ceil, floor
    {0x76, 0x79, None, -1},    // i8x16.min, max
    {0x7a, 0x7a, None, 0},     // f64x2.trunc
    {0x7b, 0x7b, None, -1},    // i8x16.avgr_u
    {0x7c, 0x81, None, 0},     // extadd_pairwise; i16x8.abs, neg
    {0x82, 0x82, None, -1},    // i16x8.q15mulr_sat_s
    {0x83, 0x84, None, 0},     // i16x8.all_true, bitmask
    {0x85, 0x86, None, -1},    // i16x8.narrow
    {0x87, 0x8a, None, 0},     // i16x8.extend
    {0x8b, 0x93, None, -1},    // i16x8 shifts, add, sub
    {0x94, 0x94, None, 0},     // f64x2.nearest
    {0x95, 0x99, None, -1},    // i16x8.mul, min, max
    {0x9b, 0x9f, None, -1},    // i16x8.avgr_u, extmul
    {0xa0, 0xa1, None, 0},     // i32x4.abs, neg
    {0xa3, 0xa4, None, 0},     // i32x4.all_true, bitmask
    {0xa7, 0xaa, None, 0},     // i32x4.extend
    {0xab, 0xae, None, -1},    // i32x4 shifts, add
    {0xb1, 0xb1, None, -1},    // i32x4.sub
    {0xb5, 0xba, None, -1},    // i32x4.mul, min, max, dot
    {0xbc, 0xbf, None, -1},    // i32x4.extmul
    {0xc0, 0xc1, None, 0},     // i64x2.abs, neg
    {0xc3, 0xc4, None, 0},     // i64x2.all_true, bitmask
    {0xc7, 0xca, None, 0},     // i64x2.extend
    {0xcb, 0xce, None, -1},    // i64x2 shifts, add
    {0xd1, 0xd1, None, -1},    // i64x2.sub
    {0xd5, 0xdf, None, -1},    // i64x2.mul, comparisons, extmul
    {0xe0, 0xe1, None, 0},     // f32x4.abs, neg
    {0xe3, 0xe3, None, 0},     // f32x4.sqrt
    {0xe4, 0xeb, None, -1},    // f32x4.add and so on
    {0xec, 0xed, None, 0},     // f64x2.abs, neg
    {0xef, 0xef, None, 0},     // f64x2.sqrt
    {0xf0, 0xf7, None, -1},    // f64x2.add and so on
    {0xf8, 0xff, None, 0},     // conversions
    {0x100, 0x100, None, -1},  // relaxed: i8x16.swizzle
    {0x101, 0x104, None, 0},   // truncations
    {0x105, 0x10c, None, -2},  // multiply and add, laneselect
    {0x10d, 0x112, None, -1},  // min, max, q15mulr, dot
    {0x113, 0x113, None, -2},  // dot and add
};

template <size_t Size, size_t Rows>
constexpr std::array<Form, Size> forms_of(const Row (&rows)[Rows]) {
  std::array<Form, Size> forms{};
  for (const Row& row : rows) {
    for (size_t op = row.first; op <= row.last; ++op) {
      forms[op] = {row.immediates, row.height_change};
    }
  }
  return forms;
}

constexpr auto kPlainForms = forms_of<0x100>(kPlain);
constexpr auto kMiscForms = forms_of<23>(kMisc);
constexpr auto kVectorForms = forms_of<0x114>(kVector);

template <size_t Size>
Form form_of(const std::array<Form, Size>& forms, uint32_t number) {
  return number < Size ? forms[number] : Form{};
}

Done skip_leb(Reader& in, unsigned max_bytes) {
  const size_t start = in.offset();
  for (unsigned i = 0; i < max_bytes; ++i) {
    WEIR_TRY(const uint8_t next, in.byte());
    if ((next & 0x80) == 0) return Unit{};
  }
  return in.error_at(start, "an integer of too many bytes");
}

Result<BlockType> read_block_type(Reader& in) {
  constexpr uint8_t kEmpty = 0x40;
  Reader ahead = in;
  WEIR_TRY(const uint8_t first, ahead.byte());
  if (first == kEmpty) {
    in = ahead;
    return BlockType{};
  }
  // A type's index is not negative; value types are written as negative numbers.
  constexpr uint8_t kSign = 0x40;
  if ((first & (0x80 | kSign)) == kSign) {
    WEIR_TRY(read_value_type(in));
    return BlockType{.one_result = true};
  }
  const size_t start = in.offset();
  WEIR_TRY(const int64_t type, in.s33());
  if (type < 0) return in.error_at(start, "a negative index of a type");
  return BlockType{.type = static_cast<uint32_t>(type)};
}

Done skip_catches(Reader& in) {
  constexpr uint8_t kCatchAll = 2;
  constexpr uint8_t kLast = 3;
  WEIR_TRY(const uint32_t n, in.count(2, UINT32_MAX, "catches"));
  for (uint32_t i = 0; i < n; ++i) {
    const size_t start = in.offset();
    WEIR_TRY(const uint8_t kind, in.byte());
    if (kind > kLast) return in.error_at(start, "unknown kind " + hex(kind) + " of catch");
    if (kind < kCatchAll) WEIR_TRY(in.u32());
    WEIR_TRY(in.u32());
  }
  return Unit{};
}

Done skip_labels(Reader& in) {
  WEIR_TRY(const uint32_t n, in.count(1, UINT32_MAX, "labels"));
  for (uint32_t i = 0; i < n; ++i) WEIR_TRY(in.u32());
  WEIR_TRY(in.u32());
  return Unit{};
}

Done skip_memory_argument(Reader& in) {
  constexpr uint32_t kNamesMemory = 0x40;
  WEIR_TRY(const uint32_t alignment, in.u32());
  if ((alignment & kNamesMemory) != 0) WEIR_TRY(in.u32());
  WEIR_TRY(in.u64());
  return Unit{};
}

Done read_index(Reader& in, Instruction& instruction) {
  instruction.index_begin = in.offset();
  WEIR_TRY(instruction.index, in.u32());
  instruction.index_end = in.offset();
  return Unit{};
}

Done read_immediates(Reader& in, Immediates immediates, Instruction& instruction) {
  switch (immediates) {
    case Unknown:
    case None:
      return Unit{};
    case Block: {
      WEIR_TRY(instruction.block, read_block_type(in));
      return Unit{};
    }
    case TryTable: {
      WEIR_TRY(instruction.block, read_block_type(in));
      return skip_catches(in);
    }
    case Index:
      return read_index(in, instruction);
    case TwoIndexes: {
      WEIR_TRY(read_index(in, instruction));
      WEIR_TRY(in.u32());
      return Unit{};
    }
    case Labels:
      return skip_labels(in);
    case ValueTypes: {
      WEIR_TRY(const uint32_t n, in.count(1, UINT32_MAX, "types"));
      for (uint32_t i = 0; i < n; ++i) WEIR_TRY(read_value_type(in));
      return Unit{};
    }
    case HeapType: {
      WEIR_TRY(instruction.heap_type, in.s33());
      return Unit{};
    }
    case I32:
      return skip_leb(in, 5);
    case I64:
      return skip_leb(in, 10);
    case FourBytes: {
      WEIR_TRY(in.take(4));
      return Unit{};
    }
    case EightBytes: {
      WEIR_TRY(in.take(8));
      return Unit{};
    }
    case SixteenBytes: {
      WEIR_TRY(in.take(16));
      return Unit{};
    }
    case MemArg:
      return skip_memory_argument(in);
    case Lane: {
      WEIR_TRY(in.byte());
      return Unit{};
    }
    case MemArgAndLane: {
      WEIR_TRY(skip_memory_argument(in));
      WEIR_TRY(in.byte());
      return Unit{};
    }
  }
  return Unit{};
}

Error unknown(const Reader& in, size_t begin, uint8_t first, uint32_t number) {
  constexpr uint8_t kGarbageCollectionPrefix = 0xfb;
  constexpr uint8_t kThreadsPrefix = 0xfe;
  const auto unsupported = [&](const std::string& proposal) {
    Error error = in.error_at(begin, "an instruction of the " + proposal + " proposal");
    error.code = ErrorCode::Unsupported;
    return error;
  };
  const bool is_ref_eq = first == static_cast<uint8_t>(Op::RefEq);
  if (first == kGarbageCollectionPrefix || is_ref_eq) return unsupported("garbage collection");
  if (first == kThreadsPrefix) return unsupported("threads");
  std::string name = hex(first);
  if (first == kMiscPrefix || first == kVectorPrefix) name += " " + std::to_string(number);
  return in.error_at(begin, "unknown instruction " + name);
}

}  // namespace

Result<Instruction> read_instruction(Reader& in) {
  Instruction instruction{.begin = in.offset()};
  WEIR_TRY(const uint8_t first, in.byte());
  uint32_t number = first;
  Form form;
  if (first == kMiscPrefix || first == kVectorPrefix) {
    WEIR_TRY(number, in.u32());
    form = first == kMiscPrefix ? form_of(kMiscForms, number) : form_of(kVectorForms, number);
    instruction.op = static_cast<Op>(prefixed(first, number));
  } else {
    form = kPlainForms[first];
    instruction.op = static_cast<Op>(first);
  }
  if (form.immediates == Unknown) return unknown(in, instruction.begin, first, number);
  instruction.height_change = form.height_change;
  WEIR_TRY(read_immediates(in, form.immediates, instruction));
  instruction.end = in.offset();
  return instruction;
}

}  // namespace weir::wasm
