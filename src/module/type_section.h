#pragma once
// The function types of a module, seen as what may cross to the host.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/func_type.h"
#include "base/result.h"
#include "module/reader.h"

namespace weir::wasm {

// One entry of the type index space.
struct TypeEntry {
  bool function = false;  // else a struct or an array
  FuncType type;          // empty where `obstacle` is not
  std::string obstacle;   // why no such function crosses the boundary: "it uses v128"
};

// Reads the contents of a type section, those of the garbage collection proposal included.
Result<std::vector<TypeEntry>> read_type_section(Reader&);

// A value type that crosses the boundary, or the name of one that does not.
struct ValueType {
  std::optional<ValType> crossing;
  std::string_view name;
};

Result<ValueType> read_value_type(Reader&);

}  // namespace weir::wasm
