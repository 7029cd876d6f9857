#pragma once
// The types of wasm functions.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

enum class ValType : uint8_t { I32, I64, F32, F64 };

// A function's type, borrowed.
struct Signature {
  std::span<const ValType> params;
  std::span<const ValType> results;

  friend bool operator==(const Signature& a, const Signature& b) {
    return std::ranges::equal(a.params, b.params) && std::ranges::equal(a.results, b.results);
  }
};

// A function's type, owned.
struct FuncType {
  std::vector<ValType> params;
  std::vector<ValType> results;

  Signature view() const { return {params, results}; }
};

// "(i32, i64) -> i32", for messages.
std::string to_string(Signature);

// The functions that a module imports, in its order with duplicates, and those that it exports.
struct ModuleInterface {
  struct Import {
    std::string module;
    std::string name;
    FuncType type;
  };
  struct Export {
    std::string name;
    FuncType type;
  };

  std::vector<Import> imports;
  std::vector<Export> exports;

  const Export* find_export(std::string_view name) const {
    auto found = std::ranges::find(exports, name, &Export::name);
    return found == exports.end() ? nullptr : &*found;
  }
};

}  // namespace weir
