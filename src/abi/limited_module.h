#pragma once
// Modules that keep their limits on every engine.

#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "engine/code_cache.h"
#include "engine/engine.h"

namespace weir::abi {

// Which limits Weir sees to itself, by a pass over the module (module/limits_pass.h).
enum class SupplyLimits : uint8_t {
  Missing,  // those that the engine lacks
  All,      // for tests of the pass
  // For tests that come between: the module has been given looks before long operations already.
  MissingButLooks,
};

// Makes an engine's module of the code that the engine is to see, and its imports.
using MakeModule = FunctionRef<Result<std::unique_ptr<const engine::Module>>(
    Bytes wasm, std::span<const engine::Import> imports)>;

// Compiles by `make`, for an engine that can do by itself what `can` says. Instances of the module
// can be interrupted, end endless recursion and have no more memory than `limits` say, by the
// engine's own means or by the pass's: what engine::Instance promises of an engine that is capable
// of these holds. Where nothing is missing this is `make`. `limits` are those that the instances
// will be made with.
Result<std::unique_ptr<const engine::Module>> compile_limited(
    const engine::Capabilities& can, MakeModule make, Bytes wasm,
    std::span<const engine::Import> imports, const engine::Limits& limits, SupplyLimits supply);

// The same by engine::compile().
Result<std::unique_ptr<const engine::Module>> compile_limited(
    const engine::Engine& engine, const engine::CodeCache* cache, Bytes wasm,
    std::span<const engine::Import> imports, const engine::Limits& limits, SupplyLimits supply);

}  // namespace weir::abi
