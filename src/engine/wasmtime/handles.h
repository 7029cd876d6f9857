#pragma once
// Owners of the C API's objects.

#include <wasmtime.h>

#include <memory>
#include <string_view>

namespace weir::engine::wasmtime {

template <auto Delete>
struct Deleter {
  void operator()(auto* object) const { Delete(object); }
};
template <typename T, auto Delete>
using Owned = std::unique_ptr<T, Deleter<Delete>>;

using OwnedConfig = Owned<wasm_config_t, wasm_config_delete>;
using OwnedPoolConfig =
    Owned<wasmtime_pooling_allocation_config_t, wasmtime_pooling_allocation_config_delete>;
using OwnedEngine = Owned<wasm_engine_t, wasm_engine_delete>;
using OwnedModule = Owned<wasmtime_module_t, wasmtime_module_delete>;
using OwnedInstancePre = Owned<wasmtime_instance_pre_t, wasmtime_instance_pre_delete>;
using OwnedLinker = Owned<wasmtime_linker_t, wasmtime_linker_delete>;
using OwnedStore = Owned<wasmtime_store_t, wasmtime_store_delete>;
using OwnedFuncType = Owned<wasm_functype_t, wasm_functype_delete>;
using OwnedError = Owned<wasmtime_error_t, wasmtime_error_delete>;
using OwnedTrap = Owned<wasm_trap_t, wasm_trap_delete>;

// One of the C API's vectors, deleted in the end.
template <typename Vec, auto Delete>
class OwnedVec {
 public:
  OwnedVec() = default;
  OwnedVec(const OwnedVec&) = delete;
  OwnedVec& operator=(const OwnedVec&) = delete;
  ~OwnedVec() { Delete(&vec_); }

  Vec* out() { return &vec_; }
  auto* begin() const { return vec_.data; }
  auto* end() const { return vec_.data + vec_.size; }
  auto* data() const { return vec_.data; }
  size_t size() const { return vec_.size; }

 private:
  Vec vec_{};
};

using OwnedBytes = OwnedVec<wasm_byte_vec_t, wasm_byte_vec_delete>;

inline std::string_view view(const wasm_name_t& name) { return {name.data, name.size}; }

}  // namespace weir::engine::wasmtime
