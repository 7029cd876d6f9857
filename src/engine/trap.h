#pragma once
// Why a guest stopped, told the same way by every engine.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::engine {

enum class TrapKind : uint8_t {
  Unreachable,    // the `unreachable` instruction: panics and aborts end here
  MemoryBounds,   // a load or store outside the memory
  TableBounds,    // a table access or indirect call outside the table, null or of another type
  Arithmetic,     // division by zero, integer overflow, invalid conversion
  StackOverflow,  // recursion deeper than the stack limit
  Interrupted,    // Instance::interrupt()
  Host,           // an import handler answered Flow::Trap
  NoResources,    // no room for an instance, or for what an engine keeps of it: exceptions
  Link,           // an import or export does not fit
  Other,          // what an engine cannot tell apart
  Last = Other,
};

// The kind as it stands in logs and metric names: "unreachable", "memory_bounds", ...
std::string_view to_string(TrapKind);

struct Frame {
  uint32_t function_index = 0;
  std::string function;                   // from the name section; empty where unknown
  std::optional<uint64_t> module_offset;  // byte offset in the .wasm file, where known
};

struct Trap {
  TrapKind kind = TrapKind::Other;
  std::string message;        // the engine's own words, one line
  std::vector<Frame> frames;  // innermost first; empty where the engine has none

  // "unreachable: wasm trap: ... at alloc::raw_vec (func 12 @0x1f3) < on_request_headers (...)":
  // one printable line for the log, at most `max_frames` frames.
  std::string to_line(size_t max_frames = 16) const;
};

}  // namespace weir::engine
