#pragma once
// WasmEdge's compiler asks LLVM for code that does not look how much stack is left, and for some
// that takes more of it in each round of a loop. Here what it asks for is amended on its way to
// LLVM.

#include "base/result.h"
#include "engine/wasmedge/api.h"

namespace weir::engine::wasmedge {

// What the code is made for: not this very processor, but what all since about 2009 have. Artifacts
// move between machines.
inline constexpr const char* kTargetProcessor = "x86-64-v2";

// What the word is in a register when code that it has made finds too little stack left, and
// faults.
inline constexpr uint64_t kStackUsedUp = 0x7374'6163'6b20'7570;

// From now on, of the code that is compiled in this process
// - each function compares the stack pointer with the bound that engine/stack_bound.h sets before
// it
//   takes its frame, and faults where that is passed, with kStackUsedUp in R10;
// - a function's frame is all that it takes of the stack;
// - instructions are those of kTargetProcessor.
// Fails with Unsupported where this build of WasmEdge does not let its calls of LLVM be redirected.
Done amend_llvm(const Api&);

// How many modules have been compiled so: each that is compiled after amend_llvm() is.
unsigned amended_modules();

}  // namespace weir::engine::wasmedge
