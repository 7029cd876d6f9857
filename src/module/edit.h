#pragma once
// What the limits pass changes in a function body.

#include <cstddef>
#include <cstdint>

namespace weir::wasm {

enum class EditKind : uint8_t {
  // Replaces the index of a function; `value` is the new one.
  FunctionIndex,
  // The others insert code (limit_code.h). For interruption:
  SpendFuel,        // `value` units, from the instance's fuel
  SpendFuelOfLoop,  // `value` units, from what the function has taken of it
  Look,             // looks at once
  LookIfLong,       // the same where the operation that follows is a long one, or those before it
                    // have been together; `value` is the shift from its length to its cost
  // For the stack limit:
  EnterFrame,         // takes the function's frame off what is left of the stack
  CheckFrame,         // the same for a function that calls nothing
  PassStack,          // tells the function called next what is left
  PassStackAndFrame,  // the same, where that function takes this one's place
  Nothing,
};

// Edits are kept in the order of `at`; those at one place in the order in which they take effect.
struct Edit {
  size_t at;       // in the file
  size_t removed;  // bytes
  EditKind kind;
  uint32_t value;
};

}  // namespace weir::wasm
