#pragma once
// Why a plugin cannot be loaded, and what of its options is at fault.

#include <cstdint>

#include "base/result.h"

namespace weir::runtime {

enum class LoadPart : uint8_t {
  Code,  // also where it fails by itself before it is given a configuration
  Engine,
  Isolation,
  MaxMemory,
  MaxStreamMemory,
  VmConfiguration,
  Configuration,
};

struct LoadError : Error {
  LoadPart part = LoadPart::Code;
};

}  // namespace weir::runtime
