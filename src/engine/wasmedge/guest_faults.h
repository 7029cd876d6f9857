#pragma once
// Faults of compiled guests: accesses beyond their memory, divisions that overflow, and calls that
// their stack has no room for.

#include "base/result.h"

namespace weir::engine::wasmedge {

// Whether this thread runs a guest just now, and not the host that a guest has called. In static
// storage of the thread, since a signal handler reads it.
extern thread_local constinit bool in_guest __attribute__((tls_model("initial-exec")));

// Whether what has ended the guest of this thread is that its stack is used up: WasmEdge knows no
// such fault, and tells of one of its memory. To be taken back by who reads it.
extern thread_local constinit bool stack_is_used_up __attribute__((tls_model("initial-exec")));

// WasmEdge takes the process's signal handlers whenever it enters compiled code, and leaves the
// default actions behind when it returns: to every other engine in the process that is the end.
// After this its calls of sigaction() and signal() arrive here instead; one handler, which chains
// (engine/fault_chain.h), hands it the faults of its guests. `function` is any of the library's.
// What was done once holds for the process.
Done take_guest_faults(void* function);

}  // namespace weir::engine::wasmedge
