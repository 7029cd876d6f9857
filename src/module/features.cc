#include "module/features.h"

#include <iterator>

#include "module/instruction.h"
#include "module/module_info.h"
#include "module/reader.h"
#include "module/types.h"

namespace weir::wasm {
namespace {

constexpr uint8_t kGarbageCollectionPrefix = 0xfb;
constexpr uint8_t kThreadsPrefix = 0xfe;
constexpr uint8_t kContNew = 0xe0;
constexpr uint8_t kSwitch = 0xe6;
constexpr uint32_t kFirstRelaxed = 0x100;
constexpr uint8_t kFunctionReference = 0x70;

// Looks through one module, section by section.
class FeatureReader {
 public:
  FeatureReader(Bytes wasm, const ModuleInfo& info) : wasm_(wasm), info_(info) {}

  Result<FeatureSet> read() {
    note_imports();
    for (const Section& section : info_.sections) {
      Reader in(wasm_, section.offset, section.offset + section.size, section.name);
      WEIR_TRY(read_section(section.id, in));
    }
    return found_;
  }

 private:
  void note_imports() {
    for (const OtherImport& import : info_.other_imports) {
      memories_ += import.kind == ExternKind::Memory ? 1 : 0;
      tables_ += import.kind == ExternKind::Table ? 1 : 0;
    }
  }

  Done read_section(SectionId id, Reader& in) {
    switch (id) {
      case SectionId::Type:
        return read_types(in);
      case SectionId::Table:
        return read_tables(in);
      case SectionId::Memory:
        return read_memories(in);
      case SectionId::Global:
        return read_globals(in);
      case SectionId::Element:
        return read_elements(in);
      case SectionId::Code:
        return read_bodies(in);
      case SectionId::Data:
        return read_data(in);
      case SectionId::Tag:
        has_tags_ = true;
        return Unit{};
      default:
        return Unit{};
    }
  }

  Done read_types(Reader& in) {
    WEIR_TRY(const TypeSection section, read_type_section(in));
    if (section.groups_or_subtypes) found_.add(Feature::GarbageCollection);
    for (const TypeEntry& type : section.types) {
      if (type.continuation) {
        found_.add(Feature::StackSwitching);
      } else if (!type.function) {
        found_.add(Feature::GarbageCollection);
      }
      for (const std::string_view name : type.not_crossing) note_type(name);
    }
    return Unit{};
  }

  // By the name that read_value_type() gives it.
  void note_type(std::string_view name) {
    if (name == "v128") found_.add(Feature::Simd);
    if (name == "funcref" || name == "externref") found_.add(Feature::ReferenceTypes);
    if (name == "(ref null func)" || name == "(ref null extern)") {
      found_.add(Feature::ReferenceTypes);
      found_.add(Feature::LongReferences);
    }
    if (name == "a typed reference") found_.add(Feature::FunctionReferences);
    if (name == "exnref") found_.add(Feature::Exceptions);
    if (name == "a reference") found_.add(Feature::GarbageCollection);
  }

  Done note_value_type(Reader& in) {
    WEIR_TRY(const ValueType type, read_value_type(in));
    note_type(type.name);
    return Unit{};
  }

  Done read_tables(Reader& in) {
    constexpr uint8_t kHasInitialValue = 0x40;
    WEIR_TRY(const uint32_t n, in.count(3, UINT32_MAX, "tables"));
    tables_ += n;
    for (uint32_t i = 0; i < n; ++i) {
      Reader ahead = in;
      WEIR_TRY(const uint8_t first, ahead.byte());
      if (first == kHasInitialValue) {
        found_.add(Feature::FunctionReferences);
        return Unit{};  // no older engine reads on, nor need we
      }
      if (first == kFunctionReference) {
        in = ahead;
      } else {
        WEIR_TRY(note_value_type(in));
      }
      WEIR_TRY(const MemoryType size, read_memory_type(in));
      if (size.address64) found_.add(Feature::LargeTable);
    }
    if (tables_ > 1) found_.add(Feature::ReferenceTypes);
    return Unit{};
  }

  Done read_memories(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(2, UINT32_MAX, "memories"));
    if (memories_ + n > 1) found_.add(Feature::SeveralMemories);
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const MemoryType memory, read_memory_type(in));
      if (memory.address64) found_.add(Feature::LargeMemory);
      if (memory.own_page_size) found_.add(Feature::CustomPageSizes);
      if (memory.info.shared) found_.add(Feature::Threads);
    }
    return Unit{};
  }

  Done read_globals(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(3, UINT32_MAX, "globals"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(note_value_type(in));
      WEIR_TRY(in.byte());
      WEIR_TRY(read_constant(in));
    }
    return Unit{};
  }

  Done read_elements(Reader& in) {
    constexpr uint32_t kPassive = 1;
    constexpr uint32_t kExplicit = 2;
    constexpr uint32_t kExpressions = 4;
    WEIR_TRY(const uint32_t n, in.count(3, UINT32_MAX, "segments"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const uint32_t flags, in.u32());
      if ((flags & kPassive) == 0) {
        if ((flags & kExplicit) != 0) WEIR_TRY(in.u32());
        WEIR_TRY(read_constant(in));
      }
      if ((flags & kExpressions) != 0) {
        if ((flags & (kPassive | kExplicit)) != 0) WEIR_TRY(read_value_type(in));
      } else if ((flags & (kPassive | kExplicit)) != 0) {
        WEIR_TRY(in.byte());
      }
      WEIR_TRY(const uint32_t values, in.count(1, UINT32_MAX, "values"));
      for (uint32_t value = 0; value < values; ++value) {
        if ((flags & kExpressions) != 0) {
          WEIR_TRY(read_constant(in));
        } else {
          WEIR_TRY(in.u32());
        }
      }
    }
    return Unit{};
  }

  Done read_data(Reader& in) {
    constexpr uint32_t kPassive = 1;
    constexpr uint32_t kExplicit = 2;
    WEIR_TRY(const uint32_t n, in.count(2, UINT32_MAX, "segments"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const uint32_t flags, in.u32());
      if (flags == kExplicit) WEIR_TRY(in.u32());
      if (flags != kPassive) WEIR_TRY(read_constant(in));
      WEIR_TRY(in.name());
    }
    return Unit{};
  }

  // One instruction and `end`, save where constants are extended.
  Done read_constant(Reader& in) {
    for (uint32_t length = 0;; ++length) {
      WEIR_TRY(const bool known, note_instruction(in));
      if (!known) return in.error("an expression that cannot be read on");
      if (last_.op == Op::End) return Unit{};
      if (length > 0) found_.add(Feature::ExtendedConstants);
    }
  }

  Done read_bodies(Reader& in) {
    WEIR_TRY(const uint32_t n, in.count(2, UINT32_MAX, "functions"));
    for (uint32_t i = 0; i < n; ++i) {
      WEIR_TRY(const uint32_t size, in.u32());
      const size_t begin = in.offset();
      WEIR_TRY(in.take(size));
      Reader body(wasm_, begin, begin + size, in.section());
      WEIR_TRY(read_body(body));
    }
    // A tag that nothing throws or catches is of either form: of the standard's.
    if (has_tags_ && !found_.has(Feature::LegacyExceptions)) found_.add(Feature::Exceptions);
    return Unit{};
  }

  Done read_body(Reader& in) {
    WEIR_TRY(const uint32_t groups, in.count(2, UINT32_MAX, "locals"));
    for (uint32_t i = 0; i < groups; ++i) {
      WEIR_TRY(in.u32());
      WEIR_TRY(note_value_type(in));
    }
    while (!in.at_end()) {
      WEIR_TRY(const bool known, note_instruction(in));
      if (!known) return Unit{};
    }
    return Unit{};
  }

  // Whether it could be read, so that what follows it can.
  Result<bool> note_instruction(Reader& in) {
    Reader ahead = in;
    WEIR_TRY(const uint8_t first, ahead.byte());
    if (first == kGarbageCollectionPrefix || first == kThreadsPrefix ||
        first == static_cast<uint8_t>(Op::RefEq)) {
      found_.add(first == kThreadsPrefix ? Feature::Threads : Feature::GarbageCollection);
      return false;
    }
    if (first >= kContNew && first <= kSwitch) {
      found_.add(Feature::StackSwitching);
      return false;
    }
    WEIR_TRY(last_, read_instruction(in));
    note(last_);
    return true;
  }

  void note_heap_type(int64_t type) {
    if (type >= 0) {
      found_.add(Feature::FunctionReferences);
    } else if (type == kHeapException || type == kHeapNoException) {
      found_.add(Feature::Exceptions);
    } else if (type != kHeapFunction && type != kHeapExtern) {
      found_.add(Feature::GarbageCollection);
    }
    found_.add(Feature::ReferenceTypes);
  }

  void note(const Instruction& instruction) {
    if (instruction.is_simd()) {
      const uint32_t number = static_cast<uint32_t>(instruction.op) & 0xffff;
      found_.add(number < kFirstRelaxed ? Feature::Simd : Feature::RelaxedSimd);
      return;
    }
    switch (static_cast<uint32_t>(instruction.op)) {
      case 0x06:  // try
      case 0x07:  // catch
      case 0x09:  // rethrow
      case 0x18:  // delegate
      case 0x19:  // catch_all
        found_.add(Feature::LegacyExceptions);
        break;
      case 0x0a:  // throw_ref
      case 0x1f:  // try_table
        found_.add(Feature::Exceptions);
        break;
      case 0x12:  // return_call
      case 0x13:  // return_call_indirect
        found_.add(Feature::TailCalls);
        break;
      case 0x15:  // return_call_ref
        found_.add(Feature::TailCalls);
        [[fallthrough]];
      case 0x14:  // call_ref
      case 0xd4:  // ref.as_non_null
      case 0xd5:  // br_on_null
      case 0xd6:  // br_on_non_null
        found_.add(Feature::FunctionReferences);
        break;
      case 0xd0:  // ref.null
        note_heap_type(instruction.heap_type);
        break;
      case 0x1c:                // select t
      case 0x25:                // table.get
      case 0x26:                // table.set
      case 0xd1:                // ref.is_null
      case 0xd2:                // ref.func
      case prefixed(0xfc, 15):  // table.grow
      case prefixed(0xfc, 16):  // table.size
      case prefixed(0xfc, 17):  // table.fill
        found_.add(Feature::ReferenceTypes);
        break;
      case prefixed(0xfc, 19):  // i64.add128
      case prefixed(0xfc, 20):  // i64.sub128
      case prefixed(0xfc, 21):  // i64.mul_wide_s
      case prefixed(0xfc, 22):  // i64.mul_wide_u
        found_.add(Feature::WideArithmetic);
        break;
      default:
        break;
    }
  }

  const Bytes wasm_;
  const ModuleInfo& info_;
  FeatureSet found_;
  Instruction last_;
  uint64_t tables_ = 0;
  uint64_t memories_ = 0;
  bool has_tags_ = false;
};

}  // namespace

std::string_view to_string(Feature feature) {
  constexpr std::string_view kNames[] = {"reference types",
                                         "SIMD",
                                         "relaxed SIMD",
                                         "tail calls",
                                         "exceptions",
                                         "exceptions in their older form",
                                         "extended constants",
                                         "several memories",
                                         "64-bit memories",
                                         "64-bit tables",
                                         "custom page sizes",
                                         "threads",
                                         "reference types in their longer form",
                                         "typed function references",
                                         "garbage collection",
                                         "wide arithmetic",
                                         "stack switching"};
  static_assert(std::size(kNames) == static_cast<size_t>(Feature::Last) + 1);
  return kNames[static_cast<size_t>(feature)];
}

std::vector<std::string_view> names_of(FeatureSet features) {
  std::vector<std::string_view> names;
  for (uint8_t i = 0; i <= static_cast<uint8_t>(Feature::Last); ++i) {
    if (features.has(static_cast<Feature>(i))) names.push_back(to_string(static_cast<Feature>(i)));
  }
  return names;
}

std::string to_string(FeatureSet features) {
  const auto names = names_of(features);
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " and " : ", ";
    text += names[i];
  }
  return text;
}

Result<FeatureSet> read_features(Bytes wasm) {
  WEIR_TRY(const ModuleInfo info, read_any_module(wasm));
  return FeatureReader(wasm, info).read();
}

}  // namespace weir::wasm
