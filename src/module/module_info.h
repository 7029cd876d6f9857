#pragma once
// What Weir must know of a .wasm file before an engine sees it: its imports and exports, its
// memory, the ABI versions it claims, and where its sections lie.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/func_type.h"
#include "base/result.h"

namespace weir::wasm {

// No function that crosses the boundary has more parameters, or more results, than this.
inline constexpr size_t kMaxCrossingValues = 24;

// The kinds of sections, by their number in the file. They do not come in this order.
enum class SectionId : uint8_t {
  Custom,
  Type,
  Import,
  Function,
  Table,
  Memory,
  Global,
  Export,
  Start,
  Element,
  Code,
  Data,
  DataCount,
  Tag,
  Last = Tag,
};

// One section. A module may hold a non-custom one only once.
struct Section {
  SectionId id = SectionId::Custom;
  std::string name;     // "import", or a custom section's own name
  uint64_t offset = 0;  // in the file, of the contents: after the header and a custom one's name
  uint64_t size = 0;    // of the contents, in bytes

  // `wasm` is the file that this was read from.
  Bytes contents(Bytes wasm) const { return wasm.subspan(offset, size); }
};

enum class ExternKind : uint8_t { Function, Table, Memory, Global, Tag };

std::string_view to_string(ExternKind);

// An import that is no function. Proxy-Wasm has none; a host cannot supply it.
struct OtherImport {
  std::string module;
  std::string name;
  ExternKind kind;
};

struct OtherExport {
  std::string name;
  ExternKind kind;
};

// An exported function that a host cannot call.
struct UncallableExport {
  std::string name;
  std::string reason;  // "it uses v128"
};

struct MemoryInfo {
  uint64_t min_pages = 0;  // of 64 KiB, save where the module sets a page size of its own
  std::optional<uint64_t> max_pages;
  bool imported = false;
  bool exported = false;  // under the name "memory"
  bool shared = false;
};

// The exported functions by which a module tells its ABI version.
struct AbiMarkers {
  bool v0_1_0 = false;
  bool v0_2_0 = false;
  bool v0_2_1 = false;
  bool v0_2_100 = false;
  std::vector<std::string> others;  // whole names: "proxy_abi_version_0_x_x"

  bool none() const { return !v0_1_0 && !v0_2_0 && !v0_2_1 && !v0_2_100 && others.empty(); }
};

// How many values a function of some type takes and gives; none of another type.
struct TypeShape {
  uint32_t params = 0;
  uint32_t results = 0;
};

// What a module is made of. Owns all it holds: the file may go.
struct ModuleInfo {
  ModuleInterface interface;  // every imported function; every exported one that can be called
  std::vector<OtherImport> other_imports;
  std::vector<OtherExport> other_exports;
  std::vector<UncallableExport> uncallable_exports;
  std::optional<MemoryInfo> memory;  // the one exported as "memory", or else the first
  std::optional<uint32_t> start_function;
  uint32_t defined_functions = 0;
  std::vector<TypeShape> types;
  std::vector<uint32_t> functions;  // the type of each, imported ones first
  std::vector<uint32_t> tags;       // the type of each that is not imported
  AbiMarkers abi;
  std::vector<Section> sections;  // in the order of the file

  // The one of that kind, which is not a custom one; or null.
  const Section* find_section(SectionId id) const;

  // The first of that name, or null.
  const Section* find_custom_section(std::string_view name) const;
};

// Reads a module of any origin. Malformed sections are BadModule errors with the byte's offset;
// what no host can supply or use (an import with a vector type, a 64-bit memory) is Unsupported.
// Function bodies, initial values, tables and the uniqueness of export names are left to the
// engine, which validates the whole. Takes memory in proportion to the file's size.
Result<ModuleInfo> read_module(Bytes wasm);

// The same, also of a module with a 64-bit memory: to tell what it uses, not to run it.
Result<ModuleInfo> read_any_module(Bytes wasm);

}  // namespace weir::wasm
