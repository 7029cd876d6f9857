#pragma once
// How an adapter takes the faults of its own guests, and leaves all others to whom they belong.

#include <signal.h>

#include <initializer_list>

namespace weir::engine {

// Whether the fault is one of the engine's own guests; if so, it may also not return.
using TakeFault = bool (*)(int number, siginfo_t* info, void* context);

// Takes `signals`, once for each adapter, for the life of the process. What `take` refuses goes to
// the handler that was there before, or takes the default action: so the order in which engines are
// loaded does not matter.
void chain_faults(std::initializer_list<int> signals, TakeFault take);

}  // namespace weir::engine
