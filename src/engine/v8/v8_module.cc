#include "engine/v8/v8_module.h"

#include <v8-container.h>
#include <v8-exception.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "engine/v8/artifact.h"
#include "engine/v8/objects.h"
#include "engine/v8/v8_instance.h"

namespace weir::engine::v8_adapter {
namespace {

constexpr std::array<std::string_view, 4> kTypeNames = {"i32", "i64", "f32", "f64"};

std::optional<std::vector<ValType>> to_types(v8::Local<v8::Context> context,
                                             v8::Local<v8::Value> names) {
  const uint32_t count = length(names);
  if (count > kMaxSlots) return std::nullopt;
  std::vector<ValType> types;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string name = to_text(context->GetIsolate(), element(context, names, i));
    const auto found = std::ranges::find(kTypeNames, name);
    if (found == kTypeNames.end()) return std::nullopt;
    types.push_back(static_cast<ValType>(found - kTypeNames.begin()));
  }
  return types;
}

// Of an import or export as WebAssembly.Module describes it; nothing where it is no function, or
// its type cannot cross the seam.
std::optional<FuncType> to_func_type(v8::Local<v8::Context> context, v8::Local<v8::Value> item) {
  if (to_text(context->GetIsolate(), property(context, item, "kind")) != "function") {
    return std::nullopt;
  }
  const auto type = property(context, item, "type");
  auto params = to_types(context, property(context, type, "parameters"));
  auto results = to_types(context, property(context, type, "results"));
  if (!params || !results) return std::nullopt;
  return FuncType{.params = std::move(*params), .results = std::move(*results)};
}

// WebAssembly.Module.imports(module), or exports.
v8::Local<v8::Value> describe(ThreadIsolate& thread, std::string_view which,
                              v8::Local<v8::Value> module) {
  const auto context = thread.context();
  const auto describer =
      property(context, property(context, thread.web_assembly(), "Module"), which);
  v8::Local<v8::Value> items;
  if (!describer.As<v8::Function>()
           ->Call(context, v8::Undefined(thread.isolate()), 1, &module)
           .ToLocal(&items)) {
    return v8::Undefined(thread.isolate());
  }
  return items;
}

Error not_linked(std::string_view module, std::string_view name, std::string_view why) {
  return Error{ErrorCode::LinkFailed,
               "import " + std::string(module) + "." + std::string(name) + " " + std::string(why)};
}

// The functions called by the module read their slots by what `imports` says of them, unchecked.
Done check_imports(ThreadIsolate& thread, v8::Local<v8::Value> module,
                   std::span<const Import> imports) {
  const auto context = thread.context();
  const auto items = describe(thread, "imports", module);
  std::map<std::pair<std::string, std::string>, Signature> types;
  for (uint32_t i = 0; i < length(items); ++i) {
    const auto item = element(context, items, i);
    const auto text = [&](std::string_view key) {
      return to_text(thread.isolate(), property(context, item, key));
    };
    const std::string from = text("module");
    const std::string name = text("name");
    if (i >= imports.size() || imports[i].module != from || imports[i].name != name) {
      return not_linked(from, name, "is not provided");
    }
    const auto type = to_func_type(context, item);
    if (!type || !(type->view() == imports[i].signature)) {
      return not_linked(from, name, "is not a function of the type provided");
    }
    const auto [first, is_new] = types.try_emplace({from, name}, imports[i].signature);
    if (!is_new && !(first->second == imports[i].signature)) {
      return not_linked(from, name, "is imported with two types");
    }
  }
  if (length(items) != imports.size()) {
    return Error{ErrorCode::LinkFailed, "the module imports less than is provided"};
  }
  return Unit{};
}

}  // namespace

Result<std::unique_ptr<const Module>> V8Module::make(ThreadIsolate& thread,
                                                     v8::CompiledWasmModule compiled,
                                                     std::span<const Import> imports,
                                                     uint64_t stack_bytes) {
  v8::Isolate* isolate = thread.isolate();
  const v8::HandleScope handles(isolate);
  const v8::Context::Scope scope(thread.context());
  const v8::TryCatch ignored(isolate);
  v8::Local<v8::WasmModuleObject> module;
  if (!v8::WasmModuleObject::FromCompiledModule(isolate, compiled).ToLocal(&module)) {
    return Error{ErrorCode::LimitExceeded, "V8 has no room for the module"};
  }
  WEIR_TRY(check_imports(thread, module, imports));
  auto code = std::make_shared<const ModuleCode>(ModuleCode{std::move(compiled), imports});
  return std::unique_ptr<const Module>(
      new V8Module(std::move(code), read_exports(thread, module), stack_bytes));
}

V8Module::Exports V8Module::read_exports(ThreadIsolate& thread, v8::Local<v8::Value> module) {
  const auto context = thread.context();
  const auto items = describe(thread, "exports", module);
  Exports exports;
  for (uint32_t i = 0; i < length(items); ++i) {
    const auto item = element(context, items, i);
    auto type = to_func_type(context, item);
    if (!type) continue;
    exports.emplace(to_text(thread.isolate(), property(context, item, "name")), std::move(*type));
  }
  return exports;
}

const FuncType* V8Module::find_export(std::string_view name) const {
  const auto found = exports_.find(name);
  return found == exports_.end() ? nullptr : &found->second;
}

Result<std::unique_ptr<Instance>> V8Module::make_instance(ImportHandler& handler,
                                                          const Limits&) const {
  return std::unique_ptr<Instance>(
      std::make_unique<V8Instance>(ThreadIsolate::current(), *this, handler));
}

Result<std::vector<std::byte>> V8Module::serialize() const { return to_artifact(code_->compiled); }

}  // namespace weir::engine::v8_adapter
