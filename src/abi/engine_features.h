#pragma once
// Which extensions of WebAssembly engines have, and what is said of a module that needs others.

#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "engine/engine.h"
#include "module/features.h"

namespace weir::abi {

wasm::FeatureSet features_of(const engine::Engine& engine);

// The names of those of Weir's engines that have all of these, whether they are there or not. Some
// have SIMD on processors alone that have it, too.
std::vector<std::string_view> engines_with(wasm::FeatureSet features);

// `refusal` is why `engine` did not take the module. Where the module uses what the engine lacks,
// that is said instead, by name, and which engines have it: each engine has words of its own for
// it, if it has any.
Error explain_refusal(const engine::Engine& engine, Bytes wasm, Error refusal);

}  // namespace weir::abi
