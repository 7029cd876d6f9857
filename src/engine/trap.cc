#include "engine/trap.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>

#include "base/printable.h"

namespace weir::engine {
namespace {

// Names come from the guest, and may be of any length.
constexpr size_t kMaxNameBytes = 256;

void append_frame(std::string& line, const Frame& frame) {
  std::array<char, 32> number{};
  const auto append_number = [&](const char* format, uint64_t value) {
    std::snprintf(number.data(), number.size(), format, static_cast<unsigned long long>(value));
    line += number.data();
  };

  if (frame.function.empty()) {
    append_number("func %llu", frame.function_index);
    if (frame.module_offset) append_number(" @0x%llx", *frame.module_offset);
    return;
  }
  line += first_bytes(frame.function, kMaxNameBytes);
  if (frame.function.size() > kMaxNameBytes) line += "...";
  append_number(" (func %llu", frame.function_index);
  if (frame.module_offset) append_number(" @0x%llx", *frame.module_offset);
  line += ')';
}

}  // namespace

std::string_view to_string(TrapKind kind) {
  constexpr std::array<std::string_view, static_cast<size_t>(TrapKind::Last) + 1> kNames = {
      "unreachable", "memory_bounds", "table_bounds", "arithmetic", "stack_overflow",
      "interrupted", "host",          "no_resources", "link",       "other"};
  return kNames[static_cast<size_t>(kind)];
}

std::string Trap::to_line(size_t max_frames) const {
  std::string line(to_string(kind));
  if (!message.empty()) line += ": " + message;

  const auto shown = std::span(frames).first(std::min(max_frames, frames.size()));
  for (const Frame& frame : shown) {
    line += &frame == shown.data() ? " at " : " < ";
    append_frame(line, frame);
  }
  if (shown.size() < frames.size()) {
    line += " < " + std::to_string(frames.size() - shown.size()) + " more";
  }
  // Names and messages come from the guest.
  return printable(line);
}

}  // namespace weir::engine
