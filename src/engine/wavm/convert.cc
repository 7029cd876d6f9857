#include "engine/wavm/convert.h"

#include <WAVM/RuntimeABI/RuntimeABI.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace weir::engine::wavm {
namespace {

using WAVM::IR::ValueType;
namespace runtime = WAVM::Runtime;
namespace exceptions = WAVM::Runtime::ExceptionTypes;

constexpr std::array kTypes = {ValueType::i32, ValueType::i64, ValueType::f32, ValueType::f64};

WAVM::IR::TypeTuple to_tuple(std::span<const ValType> types) {
  std::vector<ValueType> converted;
  for (ValType type : types) converted.push_back(kTypes[static_cast<size_t>(type)]);
  return WAVM::IR::TypeTuple(converted);
}

bool append_types(WAVM::IR::TypeTuple from, std::vector<ValType>& to) {
  for (ValueType type : from) {
    const auto* const found = std::ranges::find(kTypes, type);
    if (found == kTypes.end()) return false;
    to.push_back(static_cast<ValType>(found - kTypes.begin()));
  }
  return true;
}

// What WAVM says where a module uses what it lacks, and the proposal's name. An instruction that it
// does not know is given by its number, with its prefix in the upper byte.
struct Refusal {
  std::string_view words;
  std::string_view proposal;
};
constexpr Refusal kFeatureRefusals[] = {
    {"requires simd feature", "SIMD"},
    {"requires atomics feature", "threads"},
    {"requires exception-handling feature", "exceptions"},
    {"requires multi-memory feature", "multiple memories"},
    {"requires ref-types feature", "reference types"},
    {"invalid reference type encoding", "reference types"},
    {"invalid elem segment flags", "reference types"},
    {"unknown section ID (13", "exceptions"},
    {"unknown function type tag", "garbage collection"},
    {"more return values than WAVM can support", "functions of more than 16 results"},
};
struct Opcodes {
  uint32_t first;
  uint32_t last;
  std::string_view proposal;
};
constexpr Opcodes kProposedOpcodes[] = {
    {0x06, 0x0a, "exceptions"},       {0x12, 0x13, "tail calls"},
    {0x14, 0x15, "typed references"}, {0x18, 0x1f, "exceptions"},
    {0xd0, 0xd6, "reference types"},  {0xfb00, 0xfbff, "garbage collection"},
    {0xfd00, 0xfdff, "SIMD"},         {0xfe00, 0xfeff, "threads"},
};

std::string_view missing_proposal(std::string_view refusal) {
  for (const auto& [words, proposal] : kFeatureRefusals) {
    if (refusal.find(words) != refusal.npos) return proposal;
  }
  constexpr std::string_view kUnknown = "unknown opcode (";
  const size_t at = refusal.find(kUnknown);
  if (at == refusal.npos) return {};
  const std::string_view number = refusal.substr(at + kUnknown.size());
  uint32_t opcode = 0;
  std::from_chars(number.data(), number.data() + number.size(), opcode);
  for (const auto& [first, last, proposal] : kProposedOpcodes) {
    if (opcode >= first && opcode <= last) return proposal;
  }
  return {};
}

TrapKind kind_of(const runtime::ExceptionType* type) {
  const std::pair<const runtime::ExceptionType*, TrapKind> kinds[] = {
      {exceptions::reachedUnreachable, TrapKind::Unreachable},
      {exceptions::outOfBoundsMemoryAccess, TrapKind::MemoryBounds},
      {exceptions::outOfBoundsDataSegmentAccess, TrapKind::MemoryBounds},
      {exceptions::outOfBoundsTableAccess, TrapKind::TableBounds},
      {exceptions::outOfBoundsElemSegmentAccess, TrapKind::TableBounds},
      {exceptions::uninitializedTableElement, TrapKind::TableBounds},
      {exceptions::indirectCallSignatureMismatch, TrapKind::TableBounds},
      {exceptions::integerDivideByZeroOrOverflow, TrapKind::Arithmetic},
      {exceptions::invalidFloatOperation, TrapKind::Arithmetic},
      {exceptions::stackOverflow, TrapKind::StackOverflow},
      {exceptions::calledAbort, TrapKind::Host},
      {exceptions::outOfMemory, TrapKind::NoResources},
  };
  for (const auto& [known, kind] : kinds) {
    if (known == type) return kind;
  }
  return TrapKind::Other;
}

// From "wasm!guest!12", as WAVM names the function 12 of the instance "guest".
std::optional<uint32_t> guest_function(const runtime::Function& function) {
  static const std::string kPrefix = std::string("wasm!") + kGuestName + "!";
  const std::string& name = function.mutableData->debugName;
  if (!name.starts_with(kPrefix)) return std::nullopt;
  uint32_t index = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kPrefix.size(), end, index);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return index;
}

}  // namespace

WAVM::IR::FunctionType to_function_type(Signature signature) {
  return {to_tuple(signature.results), to_tuple(signature.params)};
}

std::optional<FuncType> to_func_type(WAVM::IR::FunctionType from) {
  FuncType type;
  if (!append_types(from.params(), type.params) || !append_types(from.results(), type.results)) {
    return std::nullopt;
  }
  return type;
}

Error to_error(std::string_view refusal) {
  const std::string_view proposal = missing_proposal(refusal);
  if (proposal.empty()) return Error{ErrorCode::BadModule, std::string(refusal)};
  return Error{ErrorCode::Unsupported,
               "WAVM has no " + std::string(proposal) + ": " + std::string(refusal)};
}

Trap to_trap(const runtime::Exception& exception, const std::vector<std::string>& names) {
  Trap trap;
  trap.kind = kind_of(runtime::getExceptionType(&exception));
  trap.message = runtime::describeException(&exception);
  trap.message.resize(std::min(trap.message.find('\n'), trap.message.size()));
  if (trap.kind == TrapKind::Host) trap.message = "the host refused a call";

  const auto& calls = runtime::getExceptionCallStack(&exception).frames;
  for (size_t i = 0; i < calls.size(); ++i) {
    runtime::InstructionSource source;
    if (!runtime::getInstructionSourceByAddress(calls[i].ip, source) ||
        source.type != runtime::InstructionSource::Type::wasm) {
      continue;
    }
    const auto index = guest_function(*source.wasm.function);
    if (!index) continue;
    Frame& frame = trap.frames.emplace_back();
    frame.function_index = *index;
    if (*index < names.size()) frame.function = names[*index];
  }
  return trap;
}

}  // namespace weir::engine::wavm
