#pragma once
// The types in a module: of values, of functions as far as they may cross to the host, of memories.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/func_type.h"
#include "base/result.h"
#include "module/module_info.h"
#include "module/reader.h"

namespace weir::wasm {

// One entry of the type index space.
struct TypeEntry {
  bool function = false;  // else a struct, an array or a continuation
  bool continuation = false;
  TypeShape shape;
  FuncType type;         // empty where `obstacle` is not
  std::string obstacle;  // why no such function crosses the boundary: "it uses v128"
  std::vector<std::string_view> not_crossing;  // names of the value types that do not, each once
};

struct TypeSection {
  std::vector<TypeEntry> types;
  // Whether any lie in a group or are written as subtypes, even if all are functions: no engine
  // reads that unless it has garbage collection.
  bool groups_or_subtypes = false;
};

// Reads the contents of a type section, those of the garbage collection proposal included.
Result<TypeSection> read_type_section(Reader&);

// What references refer to, where that is no type of the module.
inline constexpr int64_t kHeapFunction = -0x10;
inline constexpr int64_t kHeapExtern = -0x11;
inline constexpr int64_t kHeapException = -0x17;
inline constexpr int64_t kHeapNoException = -0x0c;

// A value type that crosses the boundary, or the name of one that does not.
struct ValueType {
  std::optional<ValType> crossing;
  std::string_view name;
};

Result<ValueType> read_value_type(Reader&);

// A memory, with what matters only while the module is read.
struct MemoryType {
  MemoryInfo info;
  bool address64 = false;
  bool own_page_size = false;
};

// Reads a table up to its limits. Whether a value follows those, with which it begins.
Result<bool> read_table_start(Reader&);

// Reads the limits of a memory. Those of a table are written alike.
Result<MemoryType> read_memory_type(Reader&);

}  // namespace weir::wasm
