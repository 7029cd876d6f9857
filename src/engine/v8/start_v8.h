#pragma once
// V8 as the process has it: flags, platform and the handler of faults.

#include <v8-platform.h>

#include <cstdint>

namespace weir::engine::v8_adapter {

// Starts V8 at the first call; it is never ended, since its threads run on. Thread: any.
v8::Platform& start_v8();

}  // namespace weir::engine::v8_adapter
