#pragma once
// Where the code of a rewritten module comes from.

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::wasm {

// Functions and byte offsets of the new file, as those of the old one. Takes two or three bytes for
// each place in the code where the two differ.
class OriginMap {
 public:
  // The old file has so many functions. One was added at `added_at`, and others after all.
  void set_functions(uint32_t functions, uint32_t added_at) {
    functions_ = functions;
    added_at_ = added_at;
  }

  // Bodies come in their order. Offsets in the new file count here from the contents of its code
  // section, those in the old one from the file's begin.
  void begin_body(uint32_t old_code);
  // `copied` bytes are the same in both; then `inserted` bytes take the place of `removed` ones.
  void add_edit(uint32_t copied, uint32_t removed, uint32_t inserted);
  void end_body(uint32_t new_code) { bodies_.back().new_code = new_code; }

  // To be told once the file is whole.
  void set_code_section(uint64_t new_offset) { section_ = new_offset; }

  // Nothing for a function that was added.
  std::optional<uint32_t> old_function(uint32_t new_function) const;

  // Both count from the begin of their file. Of code that was inserted it is the place of that.
  uint64_t old_offset(uint64_t new_offset) const;

 private:
  struct Body {
    uint32_t new_code;
    uint32_t old_code;
    size_t edits;  // in edits_
  };

  void put(uint32_t number);
  uint32_t get(size_t& at) const;

  uint32_t functions_ = UINT32_MAX;
  uint32_t added_at_ = UINT32_MAX;
  uint64_t section_ = 0;
  std::vector<Body> bodies_;
  std::vector<uint8_t> edits_;  // three numbers for each, in LEB128
};

}  // namespace weir::wasm
