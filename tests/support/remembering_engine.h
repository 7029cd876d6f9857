#pragma once
// An engine that compiles a module once for all tests of a process. For one that has no artifacts
// which the code cache could keep, and compiles slowly.

#include <memory>

#include "engine/engine.h"

namespace weir::test {

// `engine` outlives it.
std::unique_ptr<engine::Engine> make_remembering_engine(const engine::Engine& engine);

}  // namespace weir::test
