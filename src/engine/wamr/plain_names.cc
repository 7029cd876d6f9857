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
constexpr std::byte kImportSection{2};
constexpr std::byte kFunctionSection{3};
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

// Those of an imported table or memory.
void skip_limits(Cursor& in) {
  constexpr uint8_t kHasMaximum = 1;
  const uint8_t flags = in.byte();
  in.u32();
  if ((flags & kHasMaximum) != 0) in.u32();
}

// Of the section of imports. What is of a kind that WAMR does not have ends the count: it refuses
// the module then.
uint32_t count_functions(Cursor in) {
  enum Kind : uint8_t { Function, Table, Memory, Global };
  uint32_t functions = 0;
  for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    in.take(in.u32());  // the module's name
    in.take(in.u32());
    switch (in.byte()) {
      case Function:
        in.u32();
        ++functions;
        break;
      case Table:
        in.byte();  // the type of its elements
        skip_limits(in);
        break;
      case Memory:
        skip_limits(in);
        break;
      case Global:
        in.take(2);  // its type, and whether it changes
        break;
      default:
        return functions;
    }
  }
  return functions;
}

// Names in the order of their functions, one for each that is there: WAMR takes no others.
std::optional<Code> plain_functions(Bytes names, uint64_t functions) {
  Cursor in(names);
  Code plain;
  uint32_t count = 0;
  int64_t last = -1;
  for (uint32_t left = in.u32(); left > 0 && !in.failed(); --left) {
    const uint32_t function = in.u32();
    const std::string_view name = as_text(in.take(in.u32()));
    if (function <= last || function >= functions) continue;
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
std::optional<Code> plain_section(Cursor in, uint64_t functions) {
  while (!in.at_end()) {
    const uint8_t part = in.byte();
    const Bytes content = in.take(in.u32());
    if (in.failed()) return std::nullopt;
    if (part != kFunctionNames) continue;
    const auto names = plain_functions(content, functions);
    if (!names) return std::nullopt;
    Code out;
    append_sized(out, as_bytes("name"));
    out.push_back(std::byte{kFunctionNames});
    append_sized(out, *names);
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
  uint64_t functions = 0;
  std::optional<Cursor> names;
  while (!in.at_end()) {
    const std::byte id{in.byte()};
    const Bytes content = in.take(in.u32());
    Cursor named(content);
    if (id == kCustomSection && as_text(named.take(named.u32())) == "name") {
      if (!names) names = named;
      continue;
    }
    if (id == kImportSection) functions += count_functions(Cursor(content));
    if (id == kFunctionSection) functions += Cursor(content).u32();
    out.push_back(id);
    append_sized(out, content);
  }
  if (in.failed()) return {wasm.begin(), wasm.end()};
  if (const auto plain = names ? plain_section(*names, functions) : std::nullopt) {
    out.push_back(kCustomSection);
    append_sized(out, *plain);
  }
  return out;
}

}  // namespace weir::engine::wamr
