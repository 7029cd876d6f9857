#include "engine/wasmedge/wasmedge_module.h"

#include <algorithm>
#include <map>

#include "engine/wasmedge/wasmedge_instance.h"

namespace weir::engine::wasmedge {

Result<std::unique_ptr<const Module>> WasmEdgeModule::make(const Shared& shared,
                                                           Owned<WasmEdge_ASTModuleContext> code,
                                                           const BoundedModule& bounds,
                                                           std::vector<std::byte> artifact,
                                                           std::span<const Import> imports) {
  std::unique_ptr<WasmEdgeModule> module(
      new WasmEdgeModule(shared, std::move(code), bounds, std::move(artifact)));
  WEIR_TRY(module->link(imports));
  return std::unique_ptr<const Module>(std::move(module));
}

Done WasmEdgeModule::link(std::span<const Import> imports) {
  const Api& api = shared_.api;
  functions_.reserve(imports.size());
  std::map<std::string_view, WasmEdge_ModuleInstanceContext*> by_name;
  for (const Import& import : imports) {
    const auto& [params, results] = import.signature;
    const size_t slot_count = std::max(params.size(), results.size());
    if (slot_count > kMaxSlots) {
      return Error{ErrorCode::LinkFailed, "import " + std::string(import.module) + "." +
                                              std::string(import.name) +
                                              " has too many parameters or results"};
    }
    functions_.push_back({import.token, static_cast<uint8_t>(slot_count)});

    auto& host_module = by_name[import.module];
    if (host_module == nullptr) {
      host_module = api.module_instance_create(to_string(import.module));
      host_modules_.push_back(own(host_module, api.module_instance_delete));
    }
    // Of a function that is imported more than once, the last one stands for all.
    api.module_instance_add_function(
        host_module, to_string(import.name),
        api.function_instance_create_binding(
            to_function_type(api, shared_.types, import.signature).get(),
            &WasmEdgeInstance::on_host_call, &functions_.back(), nullptr, /*Cost=*/0));
  }
  return Unit{};
}

Result<std::unique_ptr<Instance>> WasmEdgeModule::make_instance(ImportHandler& handler,
                                                                const Limits& limits) const {
  return std::unique_ptr<Instance>(
      std::make_unique<WasmEdgeInstance>(shared_, *this, handler, limits));
}

Result<std::vector<std::byte>> WasmEdgeModule::serialize() const {
  if (artifact_.empty()) {
    return Error{ErrorCode::Unsupported, "WasmEdge's interpreter has no compiled code to keep"};
  }
  return artifact_;
}

}  // namespace weir::engine::wasmedge
