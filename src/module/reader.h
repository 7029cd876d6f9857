#pragma once
// Reads the binary format's primitives from one section of a module, never past its end.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace weir::wasm {

// A place in a module's bytes. Errors name the section and the offset in the file. Borrows both
// the bytes and the section's name.
class Reader {
 public:
  // Reads [begin, end) of `file`.
  Reader(Bytes file, size_t begin, size_t end, std::string_view section)
      : file_(file), at_(begin), end_(end), section_(section) {}

  Bytes file() const { return file_; }
  std::string_view section() const { return section_; }
  size_t offset() const { return at_; }
  size_t remaining() const { return end_ - at_; }
  bool at_end() const { return at_ == end_; }

  Result<uint8_t> byte();
  Result<uint32_t> u32();
  Result<uint64_t> u64();
  // A signed integer of 33 bits, which is how a heap type is written.
  Result<int64_t> s33();
  // A length and so many bytes. The view lies in the file; its bytes need not be UTF-8.
  Result<std::string_view> name();
  // A number of entries that follow, none of which is shorter than `min_entry_bytes`: more than
  // could lie in the rest of the section is an error, so the count may size an allocation.
  Result<uint32_t> count(size_t min_entry_bytes, uint32_t max, std::string_view what);
  Result<Bytes> take(size_t size);

  // Fails where bytes are left.
  Done expect_end() const;

  // BadModule: "<what> in section '<section>' at byte <offset>".
  Error error(const std::string& what) const { return error_at(at_, what); }
  Error error_at(size_t offset, const std::string& what) const;

 private:
  Result<uint64_t> unsigned_leb(unsigned bits);
  Error ended() const;

  Bytes file_;
  size_t at_;
  size_t end_;
  std::string_view section_;
};

// A name out of a module as it may stand in a message: quoted, control characters and quotes
// escaped, and cut when long.
std::string quoted(std::string_view name);

// "0x7f".
std::string hex(uint8_t byte);

}  // namespace weir::wasm
