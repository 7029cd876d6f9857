#pragma once
// Guests' accesses beyond their memory are faults, which V8 turns into traps.

namespace weir::engine::v8_adapter {

// Takes SIGSEGV, once for the process. A fault that is not of V8's guests goes to the handler that
// was there before, or takes the default action.
void install_fault_handler();

}  // namespace weir::engine::v8_adapter
