#pragma once
// The code that the limits pass inserts and adds.

#include <cstdint>

#include "module/edit.h"
#include "module/module_info.h"
#include "module/writer.h"

namespace weir::wasm {

// The names and numbers of what the pass adds to a module. Functions: the imported `limit` after
// the module's own imports, so that what the module defines moves up by one; then, after all those,
// `look`, `take_slice` and a wrapper for each function that the host calls. Globals come after the
// module's own. `look` and `take_slice` come with `interrupt` alone.
struct Additions {
  bool interrupt = false;
  bool look_if_long = false;  // without `interrupt`, which includes it
  bool stack = false;
  uint32_t stack_bytes = 0;  // where `stack`
  uint32_t imports = 0;      // functions that the module imports
  uint32_t functions = 0;    // of the module, imported ones included
  uint32_t globals = 0;      // of the module

  // The new index of one of the module's functions.
  uint32_t moved(uint32_t function) const { return function < imports ? function : function + 1; }

  uint32_t limit() const { return imports; }
  uint32_t look() const { return functions + 1; }
  uint32_t take_slice() const { return look() + 1; }
  uint32_t first_wrapper() const { return interrupt ? take_slice() + 1 : functions + 1; }
  uint32_t fuel() const { return globals; }
  uint32_t stack_left() const { return interrupt ? fuel() + 1 : globals; }
};

// What the inserted code needs to know of the function that it is in.
struct FunctionFacts {
  uint32_t frame_bytes = 0;
  // The function's additional local variables, all i32. Only those that its edits use exist.
  uint32_t stack_left = 0;
  uint32_t fuel_left = 0;
  uint32_t length = 0;      // of a long operation
  uint32_t since_look = 0;  // what such operations have cost since the last look
};

// What `edit` puts into the function.
void write_edit(Writer& out, const Edit& edit, const Additions& added, const FunctionFacts& facts);

// The bodies of added functions, with their sizes.

// Asks the host whether to go on, and gives new fuel.
void write_look(Writer& out, const Additions& added);
// Takes fuel::kSlice off the instance's fuel.
void write_take_slice(Writer& out, const Additions& added);
// Calls `function`, by its new index, and leaves `stack_left` as it was: the calls that a function
// makes do not, and the host does not pass it.
void write_wrapper(Writer& out, const Additions& added, TypeShape type, uint32_t function);

// The globals that are added: how many, and their entries in the section.
uint32_t added_globals(const Additions& added);
void write_added_globals(Writer& out, const Additions& added);

}  // namespace weir::wasm
