#pragma once
// What custom sections tell people about a module. Nothing here is needed to run it, so a malformed
// section is no error: what precedes the fault is kept.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "module/module_info.h"

namespace weir::wasm {

// One entry of the "producers" section.
struct Producer {
  std::string field;  // "language", "processed-by", "sdk"
  std::string name;
  std::string version;
};

// `wasm` is the file that `info` was read from.
std::vector<Producer> read_producers(Bytes wasm, const ModuleInfo& info);

// The names of functions, from the "name" section. Owns them: the file may go.
class FunctionNames {
 public:
  FunctionNames() = default;

  // `wasm` is the file that `info` was read from.
  FunctionNames(Bytes wasm, const ModuleInfo& info);

  // `function` counts imported functions first. Empty: it has no name.
  std::string_view find(uint32_t function) const;

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    uint32_t function;
    uint32_t name_size;
    size_t name_at;
  };

  void add(uint32_t function, std::string_view name);

  std::string text_;
  std::vector<Entry> entries_;  // in the order of `function`
};

}  // namespace weir::wasm
