#include "engine/wamr/wamr_module.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/wamr/convert.h"
#include "engine/wamr/wamr_instance.h"

namespace weir::engine::wamr {
namespace {

constexpr std::string_view kMemory = "memory";

Error cannot_link(const Import& import, const std::string& why) {
  return {ErrorCode::LinkFailed,
          "import " + std::string(import.module) + "." + std::string(import.name) + " " + why};
}

}  // namespace

// Imports are linked after loading, one by one: WAMR itself would look them up by name, in one
// table for all modules of the process.
Result<std::unique_ptr<const Module>> WamrModule::make(std::vector<std::byte> code,
                                                       std::span<const Import> imports,
                                                       uint32_t stack_bytes) {
  LoadArgs args{};
  // Of machine code WAMR frees what it has not copied, if it is told that it could have: it is not,
  // and keeps views of `code`, which outlives it. Of a module for its interpreter it copies all.
  args.wasm_binary_freeable =
      get_package_type(reinterpret_cast<uint8_t*>(code.data()),
                       static_cast<uint32_t>(code.size())) == Wasm_Module_Bytecode;
  args.no_resolve = true;
  std::array<char, 128> why{};
  OwnedModule loaded(wasm_runtime_load_ex(reinterpret_cast<uint8_t*>(code.data()),
                                          static_cast<uint32_t>(code.size()), &args, why.data(),
                                          why.size()));
  if (loaded == nullptr) {
    return to_error(plain_text(why.data()));
  }
  std::unique_ptr<WamrModule> module(
      new WamrModule(std::move(code), std::move(loaded), stack_bytes));
  WEIR_TRY(module->link(imports));
  module->read_exports();
  return std::unique_ptr<const Module>(std::move(module));
}

Done WamrModule::link(std::span<const Import> imports) {
  if (shape_.other_imports != 0) {
    return Error{ErrorCode::LinkFailed, "only functions can be imported"};
  }
  if (shape_.imported_functions != imports.size()) {
    return Error{ErrorCode::LinkFailed, "the module has other imports than those to link"};
  }
  functions_.reserve(imports.size());
  for (uint32_t i = 0; i < imports.size(); ++i) {
    const auto& [params, results] = imports[i].signature;
    wasm_import_t declared;
    wasm_runtime_get_import_type(loaded_.get(), static_cast<int32_t>(i), &declared);
    const auto type = to_func_type(declared.u.func_type);
    if (!type || !(type->view() == imports[i].signature)) {
      return cannot_link(imports[i], "is not " + to_string(imports[i].signature));
    }
    if (params.size() > kMaxSlots) return cannot_link(imports[i], "has too many parameters");
    if (results.size() > 1) return cannot_link(imports[i], "has several results: WAMR takes one");
    const HostFunction& function = functions_.emplace_back(
        HostFunction{.token = imports[i].token,
                     .slot_count = static_cast<uint8_t>(std::max(params.size(), results.size()))});
    weir_wamr_link(loaded_.get(), i, &WamrInstance::on_host_call,
                   const_cast<HostFunction*>(&function));
  }
  return Unit{};
}

void WamrModule::read_exports() {
  const int32_t count = wasm_runtime_get_export_count(loaded_.get());
  for (int32_t i = 0; i < count; ++i) {
    wasm_export_t item;
    wasm_runtime_get_export_type(loaded_.get(), i, &item);
    if (item.kind == WASM_IMPORT_EXPORT_KIND_MEMORY && item.name == kMemory) {
      exports_memory_ = true;
    }
    if (item.kind != WASM_IMPORT_EXPORT_KIND_FUNC) continue;
    auto type = to_func_type(item.u.func_type);
    if (!type || type->params.size() > kMaxSlots || type->results.size() > kMaxSlots) continue;
    exports_.emplace(item.name, std::move(*type));
  }
}

const FuncType* WamrModule::find_export(std::string_view name) const {
  const auto found = exports_.find(name);
  return found == exports_.end() ? nullptr : &found->second;
}

Result<std::unique_ptr<Instance>> WamrModule::make_instance(ImportHandler& handler,
                                                            const Limits& limits) const {
  return std::unique_ptr<Instance>(std::make_unique<WamrInstance>(*this, handler, limits));
}

Result<std::vector<std::byte>> WamrModule::serialize() const {
  if (code_.empty()) return Error{ErrorCode::Unsupported, "interpreted modules have no artifact"};
  return code_;
}

}  // namespace weir::engine::wamr
