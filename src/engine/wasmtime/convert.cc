#include "engine/wasmtime/convert.h"

#include <array>

namespace weir::engine::wasmtime {
namespace {

constexpr std::array<wasm_valkind_t, 4> kKinds = {WASM_I32, WASM_I64, WASM_F32, WASM_F64};

wasm_valtype_vec_t to_vec(std::span<const ValType> types) {
  std::array<wasm_valtype_t*, kMaxSlots> raw{};
  for (size_t i = 0; i < types.size(); ++i) {
    raw[i] = wasm_valtype_new(kKinds[static_cast<size_t>(types[i])]);
  }
  wasm_valtype_vec_t vec;
  wasm_valtype_vec_new(&vec, types.size(), raw.data());
  return vec;
}

bool append_types(const wasm_valtype_vec_t& from, std::vector<ValType>& to) {
  for (const wasm_valtype_t* type : std::span(from.data, from.size)) {
    const auto found = std::ranges::find(kKinds, wasm_valtype_kind(type));
    if (found == kKinds.end()) return false;
    to.push_back(static_cast<ValType>(found - kKinds.begin()));
  }
  return true;
}

TrapKind kind_of(wasmtime_trap_code_t code) {
  switch (code) {
    case WASMTIME_TRAP_CODE_STACK_OVERFLOW:
      return TrapKind::StackOverflow;
    case WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS:
    case WASMTIME_TRAP_CODE_HEAP_MISALIGNED:
      return TrapKind::MemoryBounds;
    case WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS:
    case WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL:
    case WASMTIME_TRAP_CODE_BAD_SIGNATURE:
    case WASMTIME_TRAP_CODE_NULL_REFERENCE:
      return TrapKind::TableBounds;
    case WASMTIME_TRAP_CODE_INTEGER_OVERFLOW:
    case WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO:
    case WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER:
      return TrapKind::Arithmetic;
    case WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED:
      return TrapKind::Unreachable;
    case WASMTIME_TRAP_CODE_INTERRUPT:
      return TrapKind::Interrupted;
    case WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE:
      return TrapKind::NoResources;
    default:
      return TrapKind::Other;
  }
}

// Wasmtime's texts are a first line, or a backtrace, and then a paragraph "Caused by:" with one
// cause a line, numbered where there are several, the deepest last.
constexpr std::string_view kCauses = "\n\nCaused by:\n";

std::vector<std::string_view> causes(std::string_view text) {
  std::vector<std::string_view> lines;
  const size_t at = text.find(kCauses);
  if (at == text.npos) return lines;
  text.remove_prefix(at + kCauses.size());
  text = text.substr(0, text.find("\n\n"));
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(std::string_view("\n\0", 2)), text.size());
    std::string_view line = text.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(" 0123456789:"), line.size()));
    if (!line.empty()) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// A trap's text ends with a zero, as the C API has it.
std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find_first_of(std::string_view("\n\0", 2)));
}

// Of a trap's text: the frames are told apart, so the deepest cause says it all.
std::string_view last_cause(std::string_view text) {
  const auto lines = causes(text);
  return lines.empty() ? first_line(text) : lines.back();
}

std::vector<Frame> to_frames(std::span<wasm_frame_t* const> raw) {
  std::vector<Frame> frames;
  frames.reserve(raw.size());
  for (const wasm_frame_t* from : raw) {
    Frame& frame = frames.emplace_back();
    frame.function_index = wasm_frame_func_index(from);
    if (const wasm_name_t* name = wasmtime_frame_func_name(from)) frame.function = view(*name);
    const size_t offset = wasm_frame_module_offset(from);
    if (offset != SIZE_MAX) frame.module_offset = offset;
  }
  return frames;
}

// Neither an exception that nobody has caught is a trap of its own kind, nor that exceptions, and
// references to them, have no more room.
TrapKind kind_by_message(TrapKind kind, std::string_view message) {
  if (message == "thrown Wasm exception") return TrapKind::Other;
  const bool full = kind == TrapKind::Other && message.starts_with("GC heap out of memory");
  return full ? TrapKind::NoResources : kind;
}

using OwnedFrames = OwnedVec<wasm_frame_vec_t, wasm_frame_vec_delete>;

}  // namespace

OwnedFuncType to_functype(Signature signature) {
  auto params = to_vec(signature.params);
  auto results = to_vec(signature.results);
  return OwnedFuncType(wasm_functype_new(&params, &results));
}

std::optional<FuncType> to_func_type(const wasm_functype_t* from) {
  FuncType type;
  if (!append_types(*wasm_functype_params(from), type.params) ||
      !append_types(*wasm_functype_results(from), type.results)) {
    return std::nullopt;
  }
  return type;
}

Error to_error(wasmtime_error_t* error, ErrorCode code) {
  const OwnedError owned(error);
  OwnedBytes text;
  wasmtime_error_message(error, text.out());
  std::string message(first_line(view(*text.out())));
  for (std::string_view cause : causes(view(*text.out()))) message.append(": ").append(cause);
  return Error{code, std::move(message)};
}

Trap to_trap(const wasm_trap_t& from) {
  Trap trap;
  wasmtime_trap_code_t code = 0;
  if (wasmtime_trap_code(&from, &code)) trap.kind = kind_of(code);
  OwnedBytes text;
  wasm_trap_message(&from, text.out());
  trap.message = last_cause(view(*text.out()));
  trap.kind = kind_by_message(trap.kind, trap.message);
  OwnedFrames frames;
  wasm_trap_trace(&from, frames.out());
  trap.frames = to_frames({frames.data(), frames.size()});
  return trap;
}

Trap to_trap(const wasmtime_error_t& from, TrapKind kind) {
  OwnedBytes text;
  wasmtime_error_message(&from, text.out());
  OwnedFrames frames;
  wasmtime_error_wasm_trace(&from, frames.out());
  const std::string_view message = last_cause(view(*text.out()));
  return {.kind = kind_by_message(kind, message),
          .message = std::string(message),
          .frames = to_frames({frames.data(), frames.size()})};
}

Values values_of(std::span<const ValType> types) {
  Values values{.narrow = 0, .count = static_cast<uint8_t>(types.size()), .all_narrow = true};
  for (size_t i = 0; i < types.size(); ++i) {
    const bool narrow = types[i] == ValType::I32 || types[i] == ValType::F32;
    if (narrow) values.narrow |= 1u << i;
    values.all_narrow = values.all_narrow && narrow;
  }
  return values;
}

}  // namespace weir::engine::wasmtime
