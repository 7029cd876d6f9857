#include "abi/linked_module.h"

#include <algorithm>

#include "abi/engine_features.h"
#include "abi/precompiled.h"
#include "base/wasm_page.h"
#include "engine/instance_cost.h"
#include "engine/null_engine.h"
#include "module/limits_pass.h"
#include "module/module_info.h"
#include "module/nesting.h"
#include "module/precompiled.h"
#include "module/table_use.h"

namespace weir::abi {
namespace {

static_assert(wasm::kMaxCrossingValues == engine::kMaxSlots);

bool is_wasi(std::string_view module) { return module.starts_with("wasi_"); }

// A function that the configuration does not allow answers `kAnswer`, a Status or an Errno.
template <auto kAnswer>
void invoke_restricted(HostCall& call, uint64_t* slots) noexcept {
  call.log(LogLevel::Warn, "this capability is not allowed by the configuration");
  if (!call.import().type.results.empty()) slots[0] = static_cast<uint64_t>(kAnswer);
}

// proc_exit may be forbidden, but the guest does not expect to go on after it.
void invoke_restricted_exit(HostCall& call, uint64_t*) noexcept {
  call.trap("proc_exit, which the configuration does not allow");
}

Invoke restricted(const ModuleInterface::Import& import) {
  if (import.name == "proc_exit") return invoke_restricted_exit;
  return is_wasi(import.module) ? invoke_restricted<Errno::NotCapable>
                                : invoke_restricted<Status::InternalFailure>;
}

// A function that Weir does not know, linked by option, answers `kAnswer` where its result is one
// i32; other results are zeros.
template <auto kAnswer>
void invoke_unknown(HostCall& call, uint64_t* slots) noexcept {
  const auto& results = call.import().type.results;
  std::fill_n(slots, results.size(), 0);
  if (results.size() == 1 && results[0] == ValType::I32) {
    call.log(LogLevel::Warn, "this function is unknown to Weir; it answers UNIMPLEMENTED");
    slots[0] = static_cast<uint64_t>(kAnswer);
  } else {
    call.log(LogLevel::Warn, "this function is unknown to Weir; it does nothing");
  }
}

Invoke unknown(const ModuleInterface::Import& import) {
  return is_wasi(import.module) ? invoke_unknown<Errno::NoSys>
                                : invoke_unknown<Status::Unimplemented>;
}

uint64_t cost_of_instance(const engine::InstanceCost& cost, const wasm::ModuleInfo& info,
                          const wasm::TableUse& tables) {
  const wasm::Section* code = info.find_section(wasm::SectionId::Code);
  return cost.bytes + tables.elements * cost.element_bytes + tables.entries * cost.entry_bytes +
         info.defined_functions * cost.function_bytes +
         (code == nullptr ? 0 : code->size * cost.code_bytes);
}

bool all_i32(const std::vector<ValType>& types) {
  return std::ranges::all_of(types, [](ValType type) { return type == ValType::I32; });
}

}  // namespace

// Vendors mark extensions of 0.2.1 with numbers of their own; what they add shows as imports.
Result<AbiMarker> abi_marker_of(const ModuleInterface& interface) {
  constexpr AbiMarker kMarkers[] = {{"proxy_abi_version_0_2_1", AbiVersion::V021},
                                    {"proxy_abi_version_0_2_100", AbiVersion::V021},
                                    {"proxy_abi_version_0_2_0", AbiVersion::V020},
                                    {"proxy_abi_version_0_1_0", AbiVersion::V010}};
  for (const AbiMarker& marker : kMarkers) {
    if (interface.find_export(marker.name) != nullptr) return marker;
  }
  for (const auto& item : interface.exports) {
    if (!item.name.starts_with(kVersionMarkerPrefix)) continue;
    return Error{ErrorCode::BadModule, "unknown Proxy-Wasm ABI version: the module exports '" +
                                           item.name + "'; Weir runs 0.1.0, 0.2.0 and 0.2.1"};
  }
  return Error{
      ErrorCode::BadModule,
      "not a Proxy-Wasm plugin: no 'proxy_abi_version_0_2_1' (or 0_2_0, 0_1_0) is exported; "
      "build it with a Proxy-Wasm SDK"};
}

std::optional<uint8_t> matching_params(const CallbackType& callback, const FuncType& type) {
  if (!all_i32(type.params) || !all_i32(type.results)) return std::nullopt;
  if (type.results.size() != (callback.has_result ? 1 : 0)) return std::nullopt;
  if (type.params.size() == callback.params) return callback.params;
  if (callback.last_param_optional && type.params.size() + 1 == callback.params) {
    return static_cast<uint8_t>(callback.params - 1);
  }
  return std::nullopt;
}

Result<std::unique_ptr<const LinkedModule>> LinkedModule::make(const engine::Engine& engine,
                                                               const engine::CodeCache* cache,
                                                               std::string_view code,
                                                               const LinkOptions& options) {
  const auto compile = [&](Bytes wasm, std::span<const engine::Import> imports) {
    return engine::compile(engine, cache, wasm, imports);
  };
  return make(engine, compile, code, options);
}

Result<std::unique_ptr<const LinkedModule>> LinkedModule::make(const engine::Engine& engine,
                                                               MakeModule compile,
                                                               std::string_view code,
                                                               const LinkOptions& options) {
  std::unique_ptr<LinkedModule> linked(new LinkedModule(engine, options.limits));
  if (engine.capabilities().native_code) {
    WEIR_TRY(ModuleInterface interface, engine::native_interface(as_bytes(code)));
    WEIR_TRY(linked->link(std::move(interface), options));
    WEIR_TRY(linked->module_, compile(as_bytes(code), linked->imports_));
  } else {
    WEIR_TRY(linked->make_wasm(as_bytes(code), compile, options));
  }
  return std::unique_ptr<const LinkedModule>(std::move(linked));
}

Done LinkedModule::make_wasm(Bytes file, MakeModule compile, const LinkOptions& options) {
  auto read = wasm::read_module(file);
  if (!read.ok()) return explain_refusal(engine_, file, std::move(read).error());
  wasm::ModuleInfo& info = read.value();
  if (!info.other_imports.empty()) {
    const auto& other = info.other_imports.front();
    return Error{ErrorCode::LinkFailed, "the module imports the " +
                                            std::string(to_string(other.kind)) + " '" +
                                            other.module + "." + other.name +
                                            "'; Proxy-Wasm plugins import functions only"};
  }
  WEIR_TRY(wasm::check_own_names(info.interface));
  WEIR_TRY(link(std::move(info.interface), options));
  if (info.memory) initial_memory_bytes_ = info.memory->min_pages * kWasmPageBytes;

  const wasm::PlainModule plain(file, info);
  if (auto checked = wasm::check_nesting(file, info); !checked.ok()) {
    return explain_refusal(engine_, plain.bytes(), std::move(checked).error());
  }
  auto tables = wasm::read_table_use(file, info, options.limits.max_table_elements);
  if (!tables.ok()) return explain_refusal(engine_, plain.bytes(), std::move(tables).error());
  bytes_beside_memory_ =
      cost_of_instance(engine::instance_cost(engine_.info().name), info, tables.value());
  WEIR_TRY(const auto rewritten, rewrite(plain.bytes(), options));
  const bool stays = rewritten.wasm.empty();
  const Bytes code = stays ? plain.bytes() : Bytes(rewritten.wasm);
  std::optional<PrecompiledCode> precompiled;
  if (options.allow_precompiled && stays) precompiled.emplace(file, info, plain.bytes());
  if (options.allow_precompiled && !stays) {
    precompiled_refusal_ = "the module is written anew for instances of single streams";
  }
  const auto make = [&](Bytes wasm, std::span<const engine::Import> imports)
      -> Result<std::unique_ptr<const engine::Module>> {
    if (precompiled) {
      auto made = make_precompiled(*precompiled, wasm, imports);
      precompiled_ = made.ok();
      if (made.ok()) return made;
      precompiled_refusal_ = made.error().message;
    }
    return compile(wasm, imports);
  };
  auto made = compile_limited(engine_.capabilities(), make, code, imports_, options.limits,
                              options.supply_limits);
  if (!made.ok()) return explain_refusal(engine_, plain.bytes(), std::move(made).error());
  module_ = std::move(made).value();
  return Unit{};
}

Result<std::unique_ptr<const engine::Module>> LinkedModule::make_precompiled(
    const PrecompiledCode& precompiled, Bytes wasm, std::span<const engine::Import> imports) const {
  WEIR_TRY(const Bytes artifact, precompiled.find(engine_, wasm));
  auto made = engine_.deserialize(artifact, imports);
  if (!made.ok()) return std::move(made).error().in("the engine refuses it");
  return made;
}

Done LinkedModule::link(ModuleInterface interface, const LinkOptions& options) {
  WEIR_TRY(const AbiMarker marker, abi_marker_of(interface));
  abi_version_ = marker.version;
  interface_ = std::make_unique<const ModuleInterface>(std::move(interface));
  WEIR_TRY(link_imports(options));
  WEIR_TRY(find_entry());
  return find_callbacks(options);
}

// Without bytes where the module stays as it is.
Result<wasm::RewrittenModule> LinkedModule::rewrite(Bytes wasm, const LinkOptions& options) {
  wasm::RewrittenModule rewritten;
  if (options.state != nullptr) {
    entry_ = Entry::Started;
    WEIR_TRY(rewritten, wasm::bake_state(wasm, *options.state));
  } else if (options.observable) {
    // What is wrong with the module besides, the engine will say.
    auto observable = wasm::make_observable(wasm);
    if (!observable.ok()) {
      unobservable_ = std::move(observable).error().message;
    } else {
      unobservable_.clear();
      state_functions_ = std::move(observable.value().state_functions);
      rewritten = std::move(observable.value().module);
    }
  }
  code_shift_ = rewritten.code_shift;
  return rewritten;
}

Done LinkedModule::link_imports(const LinkOptions& options) {
  constexpr size_t kMostToldOf = 20;
  std::string missing;
  size_t missing_count = 0;
  const auto allowed = [&](std::string_view name) {
    return options.allowed_capabilities.empty() || options.allowed_capabilities.contains(name) ||
           is_compilers_own(name);
  };
  for (const auto& import : interface_->imports) {
    bool name_known = false;
    const Hostcall* row = find_hostcall(import.module, import.name, import.type.view(), name_known);
    Link link{&import, nullptr, Callable::Anytime};
    if (row != nullptr && allowed(import.name)) {
      link = {&import, row->invoke, row->when};
    } else if (row != nullptr) {
      link.invoke = restricted(import);
    } else if (options.stub_unknown_imports && !name_known) {
      link.invoke = unknown(import);
    } else if (++missing_count <= kMostToldOf) {
      if (!missing.empty()) missing += "; ";
      missing += "'" + import.module + "." + import.name + "' " + to_string(import.type.view()) +
                 (name_known ? ", which Weir has with another type" : "");
    }
    imports_.push_back(
        {import.module, import.name, import.type.view(), static_cast<uint32_t>(links_.size())});
    links_.push_back(link);
  }
  if (missing.empty()) return Unit{};
  if (missing_count > kMostToldOf) {
    missing += "; and " + std::to_string(missing_count - kMostToldOf) + " more";
  }
  return Error{ErrorCode::LinkFailed,
               "the module imports functions that Weir does not have: " + missing};
}

Done LinkedModule::find_entry() {
  if (interface_->find_export("_initialize") != nullptr) {
    entry_ = Entry::Initialize;
  } else if (interface_->find_export("_start") != nullptr) {
    entry_ = Entry::Start;
  }
  for (std::string_view name : {"proxy_on_memory_allocate", "malloc"}) {
    const auto* found = interface_->find_export(name);
    if (found == nullptr) continue;
    static constexpr std::array kI32{ValType::I32};
    if (!(found->type.view() == Signature{kI32, kI32})) {
      return Error{ErrorCode::LinkFailed, "the export '" + std::string(name) + "' is " +
                                              to_string(found->type.view()) +
                                              " where (i32) -> i32 is expected"};
    }
    allocator_ = name;
    return Unit{};
  }
  return Error{ErrorCode::LinkFailed,
               "the module exports neither 'proxy_on_memory_allocate' nor 'malloc'"};
}

Done LinkedModule::find_callbacks(const LinkOptions& options) {
  for (size_t i = 0; i < kCallbacks.size(); ++i) {
    const CallbackType& callback = kCallbacks[i];
    const auto* found = interface_->find_export(callback.name);
    if (found == nullptr) continue;
    if (!options.allowed_capabilities.empty() &&
        !options.allowed_capabilities.contains(callback.name)) {
      continue;
    }
    callbacks_[i] = matching_params(callback, found->type);
    if (!callbacks_[i]) {
      return Error{ErrorCode::LinkFailed,
                   "the callback '" + std::string(callback.name) + "' is exported as " +
                       to_string(found->type.view()) + ", with " + std::to_string(callback.params) +
                       " i32 parameters and " +
                       (callback.has_result ? "an i32 result" : "no result") + " expected"};
    }
  }
  return Unit{};
}

}  // namespace weir::abi
