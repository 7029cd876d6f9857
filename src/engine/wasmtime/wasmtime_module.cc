#include "engine/wasmtime/wasmtime_module.h"

#include <algorithm>
#include <utility>

#include "engine/wasmtime/convert.h"
#include "engine/wasmtime/table_count.h"

namespace weir::engine::wasmtime {

Result<std::unique_ptr<const Module>> WasmtimeModule::make(const EnginePair& engines,
                                                           OwnedModule code, bool fits_pool,
                                                           uint32_t tables,
                                                           std::span<const Import> imports) {
  std::unique_ptr<WasmtimeModule> module(
      new WasmtimeModule(engines, std::move(code), fits_pool, tables));
  module->imports_ = imports;
  module->functions_.reserve(imports.size());
  for (const Import& import : imports) {
    const auto& [params, results] = import.signature;
    if (params.size() > kMaxSlots || results.size() > kMaxSlots) {
      return Error{ErrorCode::LinkFailed, "import " + std::string(import.module) + "." +
                                              std::string(import.name) +
                                              " has too many parameters or results"};
    }
    module->functions_.push_back(
        {.token = import.token,
         .params = values_of(params),
         .result_count = static_cast<uint8_t>(results.size()),
         .slot_count = static_cast<uint8_t>(std::max(params.size(), results.size()))});
  }
  module->read_exports();

  wasm_engine_t* engine = (fits_pool ? engines.pooled : engines.on_demand).get();
  WEIR_TRY(auto linked, module->link(engine, module->code_.get()));
  (fits_pool ? module->pooled_ : module->on_demand_) = std::move(linked);
  return std::unique_ptr<const Module>(std::move(module));
}

void WasmtimeModule::read_exports() {
  OwnedVec<wasm_exporttype_vec_t, wasm_exporttype_vec_delete> exports;
  wasmtime_module_exports(code_.get(), exports.out());
  for (const wasm_exporttype_t* item : exports) {
    const wasm_functype_t* function = wasm_externtype_as_functype_const(wasm_exporttype_type(item));
    if (function == nullptr) continue;
    auto type = to_func_type(function);
    if (!type || type->params.size() > kMaxSlots || type->results.size() > kMaxSlots) continue;
    exports_.emplace(view(*wasm_exporttype_name(item)), std::move(*type));
  }
}

const FuncType* WasmtimeModule::find_export(std::string_view name) const {
  const auto found = exports_.find(name);
  return found == exports_.end() ? nullptr : &found->second;
}

Result<OwnedInstancePre> WasmtimeModule::link(wasm_engine_t* engine,
                                              const wasmtime_module_t* code) const {
  const OwnedLinker linker(wasmtime_linker_new(engine));
  // A module may import one function more than once.
  wasmtime_linker_allow_shadowing(linker.get(), true);
  for (size_t i = 0; i < imports_.size(); ++i) {
    const Import& import = imports_[i];
    // The callback takes what it points to as const.
    void* env = const_cast<HostFunction*>(&functions_[i]);
    if (auto* error = wasmtime_linker_define_func_unchecked(
            linker.get(), import.module.data(), import.module.size(), import.name.data(),
            import.name.size(), to_functype(import.signature).get(),
            &WasmtimeInstance::on_host_call, env, nullptr)) {
      return to_error(error, ErrorCode::LinkFailed);
    }
  }
  wasmtime_instance_pre_t* pre = nullptr;
  if (auto* error = wasmtime_linker_instantiate_pre(linker.get(), code, &pre)) {
    return to_error(error, ErrorCode::LinkFailed);
  }
  return OwnedInstancePre(pre);
}

Result<std::unique_ptr<Instance>> WasmtimeModule::make_instance(ImportHandler& handler,
                                                                const Limits& limits) const {
  if (fits_pool_ && limits.max_memory_bytes <= engines_.pool_memory_bytes && engines_.pool.take()) {
    return std::unique_ptr<Instance>(std::make_unique<WasmtimeInstance>(
        *this, engines_.pooled.get(), pooled_.get(), PoolPlace(&engines_.pool), handler, limits,
        engines_.max_stack_bytes));
  }
  WEIR_TRY(const auto* pre, on_demand());
  ++engines_.on_demand_instances;
  return std::unique_ptr<Instance>(std::make_unique<WasmtimeInstance>(
      *this, engines_.on_demand.get(), pre, nullptr, handler, limits, engines_.max_stack_bytes));
}

Result<const wasmtime_instance_pre_t*> WasmtimeModule::on_demand() const {
  const std::lock_guard lock(mutex_);
  if (on_demand_ == nullptr) {
    OwnedBytes artifact;
    if (auto* error = wasmtime_module_serialize(code_.get(), artifact.out())) {
      return to_error(error, ErrorCode::Unsupported);
    }
    wasmtime_module_t* code = nullptr;
    if (auto* error = wasmtime_module_deserialize(engines_.on_demand.get(),
                                                  reinterpret_cast<const uint8_t*>(artifact.data()),
                                                  artifact.size(), &code)) {
      return to_error(error, ErrorCode::Unsupported);
    }
    const OwnedModule owned(code);  // the linked one holds on to the code
    WEIR_TRY(on_demand_, link(engines_.on_demand.get(), code));
  }
  return on_demand_.get();
}

Result<std::vector<std::byte>> WasmtimeModule::serialize() const {
  OwnedBytes artifact;
  if (auto* error = wasmtime_module_serialize(code_.get(), artifact.out())) {
    return to_error(error, ErrorCode::Unsupported);
  }
  return join({std::as_bytes(std::span(artifact.data(), artifact.size())), tables_});
}

}  // namespace weir::engine::wasmtime
