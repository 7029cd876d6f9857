#pragma once
// Owners of WAMR's objects.

#include <wasm_export.h>

#include <memory>

namespace weir::engine::wamr {

template <auto Delete>
struct Deleter {
  void operator()(auto* object) const { Delete(object); }
};
template <typename T, auto Delete>
using Owned = std::unique_ptr<T, Deleter<Delete>>;

using OwnedModule = Owned<WASMModuleCommon, wasm_runtime_unload>;
using OwnedInstance = Owned<WASMModuleInstanceCommon, wasm_runtime_deinstantiate>;
using OwnedExecEnv = Owned<WASMExecEnv, wasm_runtime_destroy_exec_env>;

}  // namespace weir::engine::wamr
