#include "module/types.h"

#include <algorithm>

namespace weir::wasm {
namespace {

// Bounds of the WebAssembly JavaScript interface, which engines share.
constexpr uint32_t kMaxTypes = 1'000'000;
constexpr uint32_t kMaxValues = 1000;
constexpr uint32_t kMaxFields = 10'000;

// How the forms of a type begin.
constexpr uint8_t kFunction = 0x60;
constexpr uint8_t kStruct = 0x5f;
constexpr uint8_t kArray = 0x5e;
constexpr uint8_t kContinuation = 0x5d;
constexpr uint8_t kSub = 0x50;
constexpr uint8_t kSubFinal = 0x4f;
constexpr uint8_t kGroup = 0x4e;

// Reads the parameters or the results of a function type: how many they are, and which.
Result<uint32_t> read_values(Reader& in, std::string_view what, std::vector<ValType>& values,
                             TypeEntry& entry) {
  std::string& obstacle = entry.obstacle;
  WEIR_TRY(const uint32_t n, in.count(1, kMaxValues, what));
  if (n > kMaxCrossingValues) {
    obstacle = "it has " + std::to_string(n) + " " + std::string(what) + ", more than " +
               std::to_string(kMaxCrossingValues);
  }
  for (uint32_t i = 0; i < n; ++i) {
    WEIR_TRY(const ValueType value, read_value_type(in));
    if (!value.crossing) {
      obstacle = "it uses " + std::string(value.name);
      auto& names = entry.not_crossing;
      if (std::ranges::find(names, value.name) == names.end()) names.push_back(value.name);
    }
    if (obstacle.empty()) values.push_back(*value.crossing);
  }
  return n;
}

Result<TypeEntry> read_function_type(Reader& in) {
  TypeEntry entry{.function = true};
  WEIR_TRY(entry.shape.params, read_values(in, "parameters", entry.type.params, entry));
  WEIR_TRY(entry.shape.results, read_values(in, "results", entry.type.results, entry));
  if (!entry.obstacle.empty()) entry.type = {};
  return entry;
}

Done skip_field(Reader& in) {
  constexpr uint8_t kI8 = 0x78;
  constexpr uint8_t kI16 = 0x77;
  Reader packed = in;
  WEIR_TRY(const uint8_t form, packed.byte());
  if (form == kI8 || form == kI16) {
    in = packed;
  } else {
    WEIR_TRY(read_value_type(in));
  }
  WEIR_TRY(const uint8_t mutability, in.byte());
  if (mutability > 1) return in.error("bad mutability " + hex(mutability));
  return Unit{};
}

Done skip_fields(Reader& in) {
  WEIR_TRY(const uint32_t n, in.count(2, kMaxFields, "fields"));
  for (uint32_t i = 0; i < n; ++i) WEIR_TRY(skip_field(in));
  return Unit{};
}

// Reads one type with the list of its supertypes, if it begins with one.
Result<TypeEntry> read_type(Reader& in, bool& is_subtype) {
  const size_t start = in.offset();
  WEIR_TRY(uint8_t form, in.byte());
  if (form == kSub || form == kSubFinal) {
    is_subtype = true;
    WEIR_TRY(const uint32_t supertypes, in.count(1, kMaxTypes, "supertypes"));
    for (uint32_t i = 0; i < supertypes; ++i) WEIR_TRY(in.u32());
    WEIR_TRY(form, in.byte());
  }
  if (form == kFunction) return read_function_type(in);
  if (form == kStruct) {
    WEIR_TRY(skip_fields(in));
  } else if (form == kArray) {
    WEIR_TRY(skip_field(in));
  } else if (form == kContinuation) {
    WEIR_TRY(in.s33());
    return TypeEntry{.continuation = true};
  } else {
    return in.error_at(start, "unknown form of type " + hex(form));
  }
  return TypeEntry{};
}

// A reference that is written with what it refers to; an abstract type has a negative number.
ValueType long_reference(int64_t heap_type, bool nullable) {
  const bool abstract = heap_type < 0;
  if (abstract && heap_type != kHeapFunction && heap_type != kHeapExtern) {
    return {{}, "a reference"};
  }
  if (!abstract || !nullable) return {{}, "a typed reference"};
  return {{}, heap_type == kHeapFunction ? "(ref null func)" : "(ref null extern)"};
}

}  // namespace

Result<ValueType> read_value_type(Reader& in) {
  const size_t start = in.offset();
  WEIR_TRY(const uint8_t form, in.byte());
  switch (form) {
    case 0x7f:
      return ValueType{ValType::I32, "i32"};
    case 0x7e:
      return ValueType{ValType::I64, "i64"};
    case 0x7d:
      return ValueType{ValType::F32, "f32"};
    case 0x7c:
      return ValueType{ValType::F64, "f64"};
    case 0x7b:
      return ValueType{{}, "v128"};
    case 0x70:
      return ValueType{{}, "funcref"};
    case 0x6f:
      return ValueType{{}, "externref"};
    case 0x69:
    case 0x74:
      return ValueType{{}, "exnref"};
    case 0x63:
    case 0x64: {
      WEIR_TRY(const int64_t heap_type, in.s33());
      return long_reference(heap_type, form == 0x63);
    }
    default:
      break;
  }
  // The other references to abstract types: anyref and so on.
  if (form >= 0x68 && form <= 0x75) return ValueType{{}, "a reference"};
  return in.error_at(start, "unknown value type " + hex(form));
}

Result<TypeSection> read_type_section(Reader& in) {
  TypeSection section;
  std::vector<TypeEntry>& types = section.types;
  WEIR_TRY(const uint32_t groups, in.count(1, kMaxTypes, "types"));
  for (uint32_t group = 0; group < groups; ++group) {
    uint32_t size = 1;
    Reader ahead = in;
    WEIR_TRY(const uint8_t form, ahead.byte());
    if (form == kGroup) {
      section.groups_or_subtypes = true;
      in = ahead;
      WEIR_TRY(size, in.count(1, kMaxTypes, "types"));
    }
    if (types.size() + size > kMaxTypes) return in.error("too many types");
    for (uint32_t i = 0; i < size; ++i) {
      WEIR_TRY(TypeEntry entry, read_type(in, section.groups_or_subtypes));
      types.push_back(std::move(entry));
    }
  }
  return section;
}

Result<bool> read_table_start(Reader& in) {
  constexpr uint8_t kWithValue = 0x40;  // followed by a byte that is reserved
  Reader ahead = in;
  WEIR_TRY(const uint8_t first, ahead.byte());
  if (first == kWithValue) {
    WEIR_TRY(ahead.byte());
    in = ahead;
  }
  WEIR_TRY(read_value_type(in));
  return first == kWithValue;
}

Result<MemoryType> read_memory_type(Reader& in) {
  constexpr uint8_t kHasMax = 1;
  constexpr uint8_t kShared = 2;
  constexpr uint8_t kAddress64 = 4;
  constexpr uint8_t kPageSize = 8;
  const size_t start = in.offset();
  WEIR_TRY(const uint8_t flags, in.byte());
  if ((flags & ~(kHasMax | kShared | kAddress64 | kPageSize)) != 0) {
    return in.error_at(start, "unknown limits " + hex(flags));
  }
  MemoryType memory{.address64 = (flags & kAddress64) != 0,
                    .own_page_size = (flags & kPageSize) != 0};
  memory.info.shared = (flags & kShared) != 0;
  WEIR_TRY(memory.info.min_pages, in.u64());
  if ((flags & kHasMax) != 0) {
    WEIR_TRY(memory.info.max_pages, in.u64());
    if (*memory.info.max_pages < memory.info.min_pages) {
      return in.error_at(start, "a maximum below the minimum");
    }
  }
  if ((flags & kPageSize) != 0) WEIR_TRY(in.u32());
  return memory;
}

}  // namespace weir::wasm
