#include "engine/wasmedge/bounded_module.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/wasm_page.h"
#include "engine/wasm_cursor.h"

namespace weir::engine::wasmedge {
namespace {

constexpr size_t kHeaderBytes = 8;
constexpr uint64_t kMaxLocals = 50'000;  // of one function, as in other engines
constexpr size_t kMaxTables = 100;

enum SectionId : uint8_t {
  CustomSection = 0,
  TypeSection = 1,
  TableSection = 4,
  MemorySection = 5,
  CodeSection = 10
};

void append_u32(std::vector<std::byte>& to, uint32_t value) {
  do {
    const uint32_t more = value > 0x7f ? 0x80 : 0;
    to.push_back(static_cast<std::byte>((value & 0x7f) | more));
    value >>= 7;
  } while (value != 0);
}

void append_section(std::vector<std::byte>& to, uint8_t id, Bytes content) {
  to.push_back(static_cast<std::byte>(id));
  append_u32(to, static_cast<uint32_t>(content.size()));
  to.insert(to.end(), content.begin(), content.end());
}

// Of a memory or table.
struct Size {
  uint32_t min = 0;
  uint32_t max = UINT32_MAX;
};

// Nothing for what is malformed, shared or of 64 bits.
std::optional<Size> read_size(Cursor& from) {
  const uint8_t flags = from.byte();
  if (flags > 1) return std::nullopt;
  Size size{.min = from.u32()};
  if (flags == 1) size.max = from.u32();
  if (from.failed()) return std::nullopt;
  return size;
}

struct Table {
  uint8_t element_type;
  Size size;
};

// Nothing for what is malformed or of a kind that this engine does not take.
std::optional<std::vector<Table>> read_tables(Bytes section) {
  Cursor from(section);
  const uint32_t count = from.u32();
  std::vector<Table> tables;
  for (uint32_t i = 0; i < count; ++i) {
    const uint8_t type = from.byte();
    const auto size = read_size(from);
    if (!size || (type != 0x70 && type != 0x6f)) return std::nullopt;
    tables.push_back({type, *size});
  }
  if (from.failed() || !from.at_end()) return std::nullopt;
  return tables;
}

// What is left of the bound is for all tables alike.
std::vector<std::byte> write_tables(const std::vector<Table>& tables, uint64_t elements,
                                    uint64_t max_elements) {
  const uint64_t spare =
      tables.empty() || elements > max_elements ? 0 : (max_elements - elements) / tables.size();
  std::vector<std::byte> section;
  append_u32(section, static_cast<uint32_t>(tables.size()));
  for (const auto& [type, size] : tables) {
    section.push_back(static_cast<std::byte>(type));
    section.push_back(std::byte{1});
    append_u32(section, size.min);
    append_u32(section, static_cast<uint32_t>(std::min<uint64_t>(size.max, size.min + spare)));
  }
  return section;
}

// Nothing for what is malformed, shared or of 64 bits: WasmEdge takes a shared memory also where it
// has not been told to.
std::optional<uint64_t> read_memory_bytes(Bytes section) {
  Cursor from(section);
  uint64_t pages = 0;
  for (uint32_t count = from.u32(); count > 0; --count) {
    const auto size = read_size(from);
    if (!size) return std::nullopt;
    pages += size->min;
  }
  return pages * kWasmPageBytes;
}

// Whether a type is other than a function's, as those of garbage collection are, which WasmEdge
// takes also where it has not been told to. What comes after a type that cannot be read is left to
// it.
bool has_other_types(Bytes section) {
  constexpr uint8_t kFunction = 0x60;
  constexpr uint8_t kFirstOneByteType = 0x69;  // up to 0x7f; others have an index
  Cursor from(section);
  for (uint32_t count = from.u32(); count > 0 && !from.failed(); --count) {
    if (from.byte() != kFunction) return true;
    for (int part = 0; part < 2; ++part) {
      for (uint32_t types = from.u32(); types > 0 && !from.failed(); --types) {
        if (from.byte() < kFirstOneByteType) return false;
      }
    }
  }
  return false;
}

bool has_too_many_locals(Bytes section) {
  Cursor from(section);
  for (uint32_t count = from.u32(); count > 0 && !from.failed(); --count) {
    Cursor body(from.take(from.u32()));
    uint64_t locals = 0;
    for (uint32_t groups = body.u32(); groups > 0 && !body.failed(); --groups) {
      locals += body.u32();
      body.byte();  // the type
      if (locals > kMaxLocals) return true;
    }
  }
  return false;
}

}  // namespace

Result<BoundedModule> bound_module(Bytes wasm, uint64_t max_table_elements) {
  constexpr std::string_view kHeader("\0asm\1\0\0\0", kHeaderBytes);
  if (wasm.size() > UINT32_MAX || !as_text(wasm).starts_with(kHeader)) {
    return Error{ErrorCode::BadModule, "no WebAssembly module"};
  }

  BoundedModule module;
  module.wasm.reserve(wasm.size());
  module.wasm.assign(wasm.begin(), wasm.begin() + kHeaderBytes);
  Cursor from(wasm.subspan(kHeaderBytes));
  while (!from.at_end()) {
    const uint8_t id = from.byte();
    const Bytes section = from.take(from.u32());
    if (from.failed()) {
      return Error{ErrorCode::BadModule, "section " + std::to_string(id) + " is cut off"};
    }
    if (id == CustomSection) continue;
    if (id == CodeSection && has_too_many_locals(section)) {
      return Error{ErrorCode::LimitExceeded, "a function has more than 50000 locals"};
    }
    if (id == TypeSection && has_other_types(section)) {
      return Error{ErrorCode::BadModule, "a type is no function's"};
    }
    if (id == MemorySection) {
      const auto bytes = read_memory_bytes(section);
      if (!bytes) {
        return Error{ErrorCode::BadModule, "a memory is malformed, or of a kind not supported"};
      }
      module.memory_bytes += *bytes;
    }
    if (id == TableSection) {
      const auto tables = read_tables(section);
      if (!tables) {
        return Error{ErrorCode::BadModule, "a table is malformed, or of a kind not supported"};
      }
      if (tables->size() > kMaxTables) {
        return Error{ErrorCode::LimitExceeded, "more than 100 tables"};
      }
      for (const Table& table : *tables) module.table_elements += table.size.min;
      append_section(module.wasm, id,
                     write_tables(*tables, module.table_elements, max_table_elements));
      continue;
    }
    append_section(module.wasm, id, section);
  }
  return module;
}

}  // namespace weir::engine::wasmedge
