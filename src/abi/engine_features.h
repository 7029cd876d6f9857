#pragma once
// Which extensions of WebAssembly an engine has, and what is said of a module that needs others.

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/engine.h"
#include "module/features.h"

namespace weir::abi {

wasm::FeatureSet features_of(const engine::Capabilities& can);

// `refusal` is why `engine` did not take the module. Where the module uses what the engine lacks,
// that is said instead, by name: each engine has words of its own for it, if it has any.
Error explain_refusal(const engine::Engine& engine, Bytes wasm, Error refusal);

}  // namespace weir::abi
