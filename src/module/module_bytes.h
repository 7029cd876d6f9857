#pragma once
// Modules for tests, written byte by byte.

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::wasm {

using namespace std::literals;

inline const std::string kPreamble = "\0asm\1\0\0\0"s;

// An unsigned integer in LEB128.
inline std::string leb(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text += static_cast<char>(value | 0x80);
  return text + static_cast<char>(value);
}

// A name with its length.
inline std::string name(std::string_view text) { return leb(text.size()) + std::string(text); }

// A section with its header.
inline std::string section(uint8_t id, std::string_view contents) {
  return static_cast<char>(id) + leb(contents.size()) + std::string(contents);
}

inline std::string custom(std::string_view title, std::string_view contents) {
  return section(0, name(title) + std::string(contents));
}

inline std::string type_section(std::string_view contents) { return section(1, contents); }
inline std::string import_section(std::string_view contents) { return section(2, contents); }
inline std::string function_section(std::string_view contents) { return section(3, contents); }
inline std::string memory_section(std::string_view contents) { return section(5, contents); }
inline std::string export_section(std::string_view contents) { return section(7, contents); }
inline std::string start_section(std::string_view contents) { return section(8, contents); }
inline std::string code_section(std::string_view contents) { return section(10, contents); }

// The type section with () -> () alone.
inline const std::string kEmptyType = type_section("\1\x60\0\0"sv);

}  // namespace weir::wasm
