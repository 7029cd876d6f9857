#include "engine/wamr/plain_names.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/printable.h"
#include "engine/wasm_cursor.h"

namespace weir::engine::wamr {
namespace {

// A trap shows 256 bytes of a name, and whether there are more.
constexpr size_t kMaxNameBytes = 300;
constexpr size_t kPreambleBytes = 8;
constexpr std::byte kCustomSection{0};
constexpr uint8_t kFunctionNames = 1;

using Code = std::vector<std::byte>;

void append(Code& to, Bytes bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

void append_u32(Code& to, size_t number) {
  for (; number >= 0x80; number >>= 7) to.push_back(static_cast<std::byte>(number | 0x80));
  to.push_back(static_cast<std::byte>(number));
}

// A section, a part of one, or a name: its size, then itself.
void append_sized(Code& to, Bytes bytes) {
  append_u32(to, bytes.size());
  append(to, bytes);
}

std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Names in the order of their functions, one for each: WAMR takes no others.
std::optional<Code> plain_functions(Bytes names) {
  Cursor in(names);
  Code plain;
  uint32_t count = 0;
  int64_t last = -1;
  for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const uint32_t function = in.u32();
    const std::string_view name = as_text(in.take(in.u32()));
    if (function <= last) continue;
    last = function;
    ++count;
    append_u32(plain, function);
    append_sized(plain, as_bytes(printable(first_bytes(name, kMaxNameBytes))));
  }
  if (in.failed() || !in.at_end()) return std::nullopt;
  Code out;
  append_u32(out, count);
  append(out, plain);
  return out;
}

// Of the parts of the section the names of functions are all that WAMR reads.
std::optional<Code> plain_section(Cursor in) {
  while (!in.at_end()) {
    const uint8_t part = in.byte();
    const Bytes content = in.take(in.u32());
    if (in.failed()) return std::nullopt;
    if (part != kFunctionNames) continue;
    const auto functions = plain_functions(content);
    if (!functions) return std::nullopt;
    Code out;
    append_sized(out, as_bytes("name"));
    out.push_back(std::byte{kFunctionNames});
    append_sized(out, *functions);
    return out;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::byte> with_plain_names(Bytes wasm) {
  Cursor in(wasm);
  Code out;
  out.reserve(wasm.size());
  append(out, in.take(kPreambleBytes));
  while (!in.at_end()) {
    const std::byte id{in.byte()};
    const Bytes content = in.take(in.u32());
    Cursor named(content);
    if (id != kCustomSection || as_text(named.take(named.u32())) != "name") {
      out.push_back(id);
      append_sized(out, content);
    } else if (const auto plain = plain_section(named)) {
      out.push_back(id);
      append_sized(out, *plain);
    }
  }
  if (in.failed()) return {wasm.begin(), wasm.end()};
  return out;
}

}  // namespace weir::engine::wamr
