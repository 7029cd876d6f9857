#pragma once
// What of a module's state its code can change.

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "module/module_info.h"

namespace weir::wasm {

// A global that code sets.
struct StateGlobal {
  enum class Form : uint8_t { I32, I64, F32, F64, V128 };

  uint32_t index = 0;
  Form form = Form::I32;

  // How many i64 tell its value.
  uint32_t words() const { return form == Form::V128 ? 2 : 1; }
};

struct StatePlan {
  std::vector<StateGlobal> globals;  // in rising order
  bool has_memory = false;
  bool uses_memory_init = false;  // code names data segments by their numbers

  size_t words() const;
};

// Unsupported: why the state cannot be told and written.
Result<StatePlan> plan_state(Bytes wasm, const ModuleInfo& info);

}  // namespace weir::wasm
