#pragma once
// The guests in this folder, for tests and benchmarks.

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace weir::engine {

inline constexpr auto I32 = ValType::I32;
inline constexpr auto I64 = ValType::I64;
inline constexpr auto F32 = ValType::F32;
inline constexpr auto F64 = ValType::F64;

// testdata/NAME.wat, translated.
inline std::vector<std::byte> read_guest(std::string_view name) {
  const auto path = std::filesystem::path(WEIR_ENGINE_TESTDATA) / (std::string(name) + ".wasm");
  std::ifstream file(path, std::ios::binary);
  WEIR_CHECK(file.good());
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const Bytes view = as_bytes(bytes);
  return {view.begin(), view.end()};
}

// Imports, with what they refer to.
class ImportList {
 public:
  struct Row {
    std::string name;
    FuncType type;
  };

  // All of module "env", with tokens 100, 101, ...
  ImportList(std::initializer_list<Row> rows) : rows_(rows) {
    for (const Row& row : rows_) {
      const auto token = static_cast<uint32_t>(100 + imports_.size());
      imports_.push_back({"env", row.name, row.type.view(), token});
    }
  }

  ImportList(const ImportList&) = delete;
  ImportList& operator=(const ImportList&) = delete;

  std::span<const Import> view() const { return imports_; }

 private:
  std::vector<Row> rows_;
  std::vector<Import> imports_;
};

// What guest.wat imports, in its order; the tokens, by name.
inline const ImportList& guest_imports() {
  static const ImportList imports{
      {"add_one", {{I32}, {I32}}},   {"mix", {{I32, I64, F32, F64}, {F64}}},
      {"add_one", {{I32}, {I32}}},   {"refuse", {}},
      {"call_back", {{I32}, {I32}}}, {"nothing", {}}};
  return imports;
}
enum Token : uint32_t { kAddOne = 100, kMix, kAddOneAgain, kRefuse, kCallBack, kNothing };

}  // namespace weir::engine
