#include "module/module_info.h"

#include <algorithm>

#include "module/file_kind.h"
#include "module/reader.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

// Bounds of the WebAssembly JavaScript interface, which engines share.
constexpr uint32_t kMaxFunctions = 1'000'000;
constexpr uint32_t kMaxImports = 100'000;
constexpr uint32_t kMaxExports = 100'000;
constexpr uint32_t kMaxMemories = 100'000;
constexpr uint32_t kMaxTags = 1'000'000;

struct SectionRule {
  std::string_view name;
  uint8_t rank;  // sections come in rising rank; custom ones anywhere
};

constexpr SectionRule kSectionRules[] = {
    {"custom", 0}, {"type", 1},   {"import", 2},      {"function", 3}, {"table", 4},
    {"memory", 5}, {"global", 7}, {"export", 8},      {"start", 9},    {"element", 10},
    {"code", 12},  {"data", 13},  {"data count", 11}, {"tag", 6},
};
static_assert(std::size(kSectionRules) == static_cast<size_t>(SectionId::Last) + 1);

constexpr std::string_view kMarkerPrefix = "proxy_abi_version_";

std::string in_module(std::string_view module, std::string_view name) {
  return quoted(module) + "." + quoted(name);
}

Error unsupported(std::string message) { return Error{ErrorCode::Unsupported, std::move(message)}; }

enum class LargeMemories : uint8_t { Refused, Taken };

// Reads one module. Index spaces grow as its sections come.
class ModuleReader {
 public:
  ModuleReader(Bytes wasm, LargeMemories large) : wasm_(wasm), large_(large) {}

  Result<ModuleInfo> read() {
    WEIR_TRY(check_preamble(wasm_));
    Reader in(wasm_, kPreambleBytes, wasm_.size(), {});
    while (!in.at_end()) WEIR_TRY(read_section(in));
    WEIR_TRY(check_bodies());
    WEIR_TRY(choose_memory());
    return std::move(info_);
  }

 private:
  // Reads a section's header and contents.
  Done read_section(Reader& file) {
    const size_t start = file.offset();
    WEIR_TRY(const uint8_t id, file.byte());
    if (id > static_cast<uint8_t>(SectionId::Last)) {
      return file.error_at(start, "unknown section " + std::to_string(id));
    }
    const SectionRule& rule = kSectionRules[id];
    auto size = file.u32();
    if (!size.ok()) return std::move(size).error().in("size of section " + quoted(rule.name));
    if (size.value() > file.remaining()) {
      return Error{ErrorCode::BadModule, "truncated in section " + quoted(rule.name) + " at byte " +
                                             std::to_string(wasm_.size()) + ": the section has " +
                                             std::to_string(size.value()) + " bytes, the file " +
                                             std::to_string(file.remaining()) + " of them"};
    }
    Reader section(wasm_, file.offset(), file.offset() + size.value(), rule.name);
    WEIR_TRY(file.take(size.value()));
    if (id == static_cast<uint8_t>(SectionId::Custom)) return note_custom_section(section);
    if (rule.rank <= last_rank_) {
      return file.error_at(start, "section " + quoted(rule.name) + " twice or out of order");
    }
    last_rank_ = rule.rank;
    const auto kind = static_cast<SectionId>(id);
    info_.sections.push_back({.id = kind,
                              .name = std::string(rule.name),
                              .offset = section.offset(),
                              .size = section.remaining()});
    return read_contents(kind, section);
  }

  Done note_custom_section(Reader& in) {
    WEIR_TRY(const std::string_view name, in.name());
    info_.sections.push_back(
        {.name = std::string(name), .offset = in.offset(), .size = in.remaining()});
    return Unit{};
  }

  Done read_contents(SectionId id, Reader& in) {
    switch (id) {
      case SectionId::Type: {
        WEIR_TRY(TypeSection section, read_type_section(in));
        types_ = std::move(section.types);
        for (const TypeEntry& type : types_) info_.types.push_back(type.shape);
        break;
      }
      case SectionId::Import:
        WEIR_TRY(read_imports(in));
        break;
      case SectionId::Function:
        WEIR_TRY(read_functions(in));
        break;
      case SectionId::Memory:
        WEIR_TRY(read_memories(in));
        break;
      case SectionId::Tag:
        WEIR_TRY(read_tags(in));
        break;
      case SectionId::Export:
        WEIR_TRY(read_exports(in));
        break;
      case SectionId::Start:
        WEIR_TRY(read_start(in));
        break;
      case SectionId::Code: {
        WEIR_TRY(bodies_, in.u32());
        return Unit{};
      }
      default:
        return Unit{};
    }
    return in.expect_end();
  }

  Done read_imports(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(4, kMaxImports, "imports"));
    for (uint32_t i = 0; i < n; ++i) WEIR_TRY(read_import(in));
    return Unit{};
  }

  Done read_import(Reader& in) {
    WEIR_TRY(const std::string_view module, in.name());
    WEIR_TRY(const std::string_view name, in.name());
    WEIR_TRY(const ExternKind kind, read_kind(in));
    if (kind == ExternKind::Function) return import_function(in, module, name);
    if (kind == ExternKind::Table) {
      WEIR_TRY(read_value_type(in));
      WEIR_TRY(read_memory_type(in));
    } else if (kind == ExternKind::Memory) {
      WEIR_TRY(MemoryType memory, read_memory_type(in));
      memory.info.imported = true;
      memories_.push_back(memory);
    } else if (kind == ExternKind::Global) {
      WEIR_TRY(read_value_type(in));
      WEIR_TRY(in.byte());
    } else {
      WEIR_TRY(in.byte());
      WEIR_TRY(in.u32());
    }
    info_.other_imports.push_back({std::string(module), std::string(name), kind});
    return Unit{};
  }

  Done import_function(Reader& in, std::string_view module, std::string_view name) {
    WEIR_TRY(const uint32_t type, read_function_type_index(in));
    if (!types_[type].obstacle.empty()) {
      return unsupported("imported function " + in_module(module, name) +
                         " cannot be supplied: " + types_[type].obstacle);
    }
    info_.functions.push_back(type);
    info_.interface.imports.push_back({std::string(module), std::string(name), types_[type].type});
    return Unit{};
  }

  Done read_functions(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(1, kMaxFunctions, "functions"));
    info_.functions.reserve(info_.functions.size() + n);
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const uint32_t type, read_function_type_index(in));
      info_.functions.push_back(type);
    }
    info_.defined_functions = n;
    return Unit{};
  }

  Done read_memories(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(2, kMaxMemories, "memories"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const MemoryType memory, read_memory_type(in));
      memories_.push_back(memory);
    }
    return Unit{};
  }

  Done read_tags(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(2, kMaxTags, "tags"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(in.byte());
      WEIR_TRY(const uint32_t type, read_function_type_index(in));
      info_.tags.push_back(type);
    }
    return Unit{};
  }

  Done read_exports(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(3, kMaxExports, "exports"));
    for (uint32_t i = 0; i < n; ++i) WEIR_TRY(read_export(in));
    return Unit{};
  }

  Done read_export(Reader& in) {
    WEIR_TRY(const std::string_view name, in.name());
    WEIR_TRY(const ExternKind kind, read_kind(in));
    if (kind == ExternKind::Function) {
      WEIR_TRY(const uint32_t function, read_function_index(in));
      export_function(name, types_[info_.functions[function]]);
      return Unit{};
    }
    const size_t start = in.offset();
    WEIR_TRY(const uint32_t index, in.u32());
    if (kind == ExternKind::Memory) {
      if (index >= memories_.size()) {
        return in.error_at(start, "memory " + std::to_string(index) + " does not exist");
      }
      if (name == "memory") exported_memory_ = index;
    }
    info_.other_exports.push_back({std::string(name), kind});
    return Unit{};
  }

  void export_function(std::string_view name, const TypeEntry& type) {
    if (name.starts_with(kMarkerPrefix)) note_marker(name);
    if (type.obstacle.empty()) {
      info_.interface.exports.push_back({std::string(name), type.type});
    } else {
      info_.uncallable_exports.push_back({std::string(name), type.obstacle});
    }
  }

  void note_marker(std::string_view name) {
    const std::string_view version = name.substr(kMarkerPrefix.size());
    AbiMarkers& abi = info_.abi;
    if (version == "0_1_0") {
      abi.v0_1_0 = true;
    } else if (version == "0_2_0") {
      abi.v0_2_0 = true;
    } else if (version == "0_2_1") {
      abi.v0_2_1 = true;
    } else if (version == "0_2_100") {
      abi.v0_2_100 = true;
    } else {
      abi.others.emplace_back(name);
    }
  }

  Done read_start(Reader& in) {
    WEIR_TRY(info_.start_function, read_function_index(in));
    return Unit{};
  }

  Result<ExternKind> read_kind(Reader& in) {
    const size_t start = in.offset();
    WEIR_TRY(const uint8_t kind, in.byte());
    if (kind > static_cast<uint8_t>(ExternKind::Tag)) {
      return in.error_at(start, "unknown kind " + hex(kind) + " of import or export");
    }
    return static_cast<ExternKind>(kind);
  }

  Result<uint32_t> read_function_type_index(Reader& in) {
    const size_t start = in.offset();
    WEIR_TRY(const uint32_t type, in.u32());
    if (type >= types_.size() || !types_[type].function) {
      return in.error_at(start, "type " + std::to_string(type) + " is no function type");
    }
    return type;
  }

  Result<uint32_t> read_function_index(Reader& in) {
    const size_t start = in.offset();
    WEIR_TRY(const uint32_t function, in.u32());
    if (function >= info_.functions.size()) {
      return in.error_at(start, "function " + std::to_string(function) + " does not exist");
    }
    return function;
  }

  // A file cut between two sections is told by its missing function bodies.
  Done check_bodies() const {
    if (bodies_ == info_.defined_functions) return Unit{};
    return Error{ErrorCode::BadModule, std::to_string(info_.defined_functions) +
                                           " functions are declared, but the code section holds " +
                                           std::to_string(bodies_) + ": is the file truncated?"};
  }

  Done choose_memory() {
    if (memories_.empty()) return Unit{};
    const MemoryType& memory = memories_[exported_memory_.value_or(0)];
    if (exported_memory_ && memory.address64 && large_ == LargeMemories::Refused) {
      return unsupported("a 64-bit memory: build the plugin for wasm32");
    }
    info_.memory = memory.info;
    info_.memory->exported = exported_memory_.has_value();
    return Unit{};
  }

  const Bytes wasm_;
  const LargeMemories large_;
  ModuleInfo info_;
  std::vector<TypeEntry> types_;
  std::vector<MemoryType> memories_;
  std::optional<uint32_t> exported_memory_;
  uint32_t bodies_ = 0;
  uint8_t last_rank_ = 0;
};

}  // namespace

std::string_view to_string(ExternKind kind) {
  constexpr std::string_view kNames[] = {"function", "table", "memory", "global", "tag"};
  return kNames[static_cast<size_t>(kind)];
}

const Section* ModuleInfo::find_section(SectionId id) const {
  auto found = std::ranges::find(sections, id, &Section::id);
  return found == sections.end() ? nullptr : &*found;
}

const Section* ModuleInfo::find_custom_section(std::string_view name) const {
  auto found = std::ranges::find_if(
      sections, [name](const Section& s) { return s.id == SectionId::Custom && s.name == name; });
  return found == sections.end() ? nullptr : &*found;
}

Result<ModuleInfo> read_module(Bytes wasm) {
  return ModuleReader(wasm, LargeMemories::Refused).read();
}

Result<ModuleInfo> read_any_module(Bytes wasm) {
  return ModuleReader(wasm, LargeMemories::Taken).read();
}

}  // namespace weir::wasm
