#pragma once
// What an engine adapter exports: a loadable module has this one symbol and no other.

#include <memory>

#include "engine/engine.h"

namespace weir::engine {

// Changes whenever a type that crosses the seam does: an adapter of another build is refused.
inline constexpr std::string_view kSeamVersion = "weir-engine-3";

struct Adapter {
  std::string_view seam_version;
  Result<std::unique_ptr<Engine>> (*make)(const EngineOptions&);
};

inline constexpr const char* kAdapterSymbol = "weir_engine_adapter";
using AdapterFunction = const Adapter* (*)();

}  // namespace weir::engine
