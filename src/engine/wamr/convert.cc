#include "engine/wamr/convert.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/wamr/wamr_extra.h"

namespace weir::engine::wamr {
namespace {

constexpr std::array<wasm_valkind_t, 4> kKinds = {WASM_I32, WASM_I64, WASM_F32, WASM_F64};

bool append_type(wasm_valkind_t kind, std::vector<ValType>& to) {
  const auto found = std::ranges::find(kKinds, kind);
  if (found == kKinds.end()) return false;
  to.push_back(static_cast<ValType>(found - kKinds.begin()));
  return true;
}

struct KnownText {
  std::string_view text;
  TrapKind kind;
};

// What WAMR says of a trap, or how it begins.
constexpr std::array kTexts = {
    KnownText{WEIR_WAMR_INTERRUPTED, TrapKind::Interrupted},
    KnownText{"unreachable", TrapKind::Unreachable},
    KnownText{"out of bounds memory access", TrapKind::MemoryBounds},
    KnownText{"out of bounds table access", TrapKind::TableBounds},
    KnownText{"undefined element", TrapKind::TableBounds},
    KnownText{"uninitialized element", TrapKind::TableBounds},
    KnownText{"indirect call type mismatch", TrapKind::TableBounds},
    KnownText{"integer divide by zero", TrapKind::Arithmetic},
    KnownText{"integer overflow", TrapKind::Arithmetic},
    KnownText{"invalid conversion to integer", TrapKind::Arithmetic},
    KnownText{"wasm operand stack overflow", TrapKind::StackOverflow},
    KnownText{"native stack overflow", TrapKind::StackOverflow},
    KnownText{"wasm auxiliary stack overflow", TrapKind::StackOverflow},
    KnownText{"allocate memory failed", TrapKind::NoResources},
    KnownText{"allocate linear memory failed", TrapKind::NoResources},
};

constexpr std::array<std::string_view, 5> kPrefixes = {
    "Exception: ", "WASM module load failed: ", "WASM module instantiate failed: ",
    "AOT module load failed: ", "AOT module instantiate failed: "};

}  // namespace

std::optional<FuncType> to_func_type(wasm_func_type_t from) {
  FuncType type;
  for (uint32_t i = 0; i < wasm_func_type_get_param_count(from); ++i) {
    if (!append_type(wasm_func_type_get_param_valkind(from, i), type.params)) return std::nullopt;
  }
  for (uint32_t i = 0; i < wasm_func_type_get_result_count(from); ++i) {
    if (!append_type(wasm_func_type_get_result_valkind(from, i), type.results)) return std::nullopt;
  }
  return type;
}

std::string_view plain_text(std::string_view message) {
  for (std::string_view prefix : kPrefixes) {
    if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  }
  return message;
}

Error to_error(std::string_view text) {
  // Of a valid module, with a function that is too large.
  constexpr std::array<std::string_view, 2> kTooManyLocals = {"local count too large",
                                                              "fast interpreter offset overflow"};
  if (std::ranges::find(kTooManyLocals, text) == kTooManyLocals.end()) {
    return {ErrorCode::BadModule, std::string(text)};
  }
  return {ErrorCode::Unsupported,
          "WAMR has no room for so many locals in a function: " + std::string(text)};
}

TrapKind trap_kind(std::string_view text) {
  const auto known = std::ranges::find_if(
      kTexts, [&](const KnownText& candidate) { return text.starts_with(candidate.text); });
  return known == kTexts.end() ? TrapKind::Other : known->kind;
}

std::vector<Frame> to_frames(wasm_module_inst_t instance, size_t imported) {
  uint32_t count = 0;
  const WASMCApiFrame* raw = weir_wamr_frames(instance, &count);
  std::vector<Frame> frames;
  frames.reserve(count);
  for (const WASMCApiFrame& from : std::span(raw, count)) {
    if (from.func_index < imported) continue;
    Frame& frame = frames.emplace_back();
    frame.function_index = from.func_index;
    if (from.func_name_wp != nullptr) frame.function = from.func_name_wp;
  }
  return frames;
}

}  // namespace weir::engine::wamr
