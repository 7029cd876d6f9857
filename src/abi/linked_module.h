#pragma once
// A plugin's code, compiled, and each of its imports resolved to a hostcall.

#include <array>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "abi/callbacks.h"
#include "abi/hostcall.h"
#include "abi/limited_module.h"
#include "abi/types.h"
#include "base/func_type.h"
#include "base/result.h"
#include "engine/code_cache.h"
#include "engine/engine.h"
#include "module/instance_state.h"

namespace weir::abi {

class PrecompiledCode;

// One import of a module: what runs when the guest calls it.
struct Link {
  const ModuleInterface::Import* import;
  Invoke invoke;
  Callable when;
};

// How a module begins (ABI, "Start sequence").
enum class Entry : uint8_t {
  StartSection,  // neither of the below: what runs, runs while the module is instantiated
  Initialize,    // `_initialize`, then `main` or `__main_void` where exported: a reactor
  Start,         // `_start`: a command
  Started,       // nothing: instances begin as one that had started
};

// How the exports begin by which modules tell their ABI version.
inline constexpr std::string_view kVersionMarkerPrefix = "proxy_abi_version_";

// The export by which a module tells its ABI version.
struct AbiMarker {
  std::string_view name;
  AbiVersion version;
};

// The newest version that the module claims and Weir has. BadModule where there is none.
Result<AbiMarker> abi_marker_of(const ModuleInterface& interface);

// The number of parameters with which `type` is exported, where the callback may have that type.
std::optional<uint8_t> matching_params(const CallbackType& callback, const FuncType& type);

struct LinkOptions {
  // Hostcalls, WASI functions and callbacks that may be used, by name. Empty: all.
  std::set<std::string, std::less<>> allowed_capabilities;
  // Unknown hostcalls are links that answer UNIMPLEMENTED instead of errors.
  bool stub_unknown_imports = false;
  // Of each instance.
  engine::Limits limits;
  SupplyLimits supply_limits = SupplyLimits::Missing;
  // The file's own compiled code is run, where it is of this engine and of the rest of the file:
  // its author is trusted.
  bool allow_precompiled = false;
  // Instances tell their state (Guest::state), where that can be: see unobservable().
  bool observable = false;
  // What instances begin with, if not null: the state() of an instance of a module that was made
  // with `observable` from the same code. Read during make() only.
  const wasm::InstanceState* state = nullptr;
};

// Immutable; shared by all instances. Thread: any.
class LinkedModule {
 public:
  // Reads, links and compiles `code` (for the null engine: finds the plugin of that name). The
  // error names every import that cannot be linked. `engine` outlives the module; `cache` may be
  // null.
  static Result<std::unique_ptr<const LinkedModule>> make(const engine::Engine& engine,
                                                          const engine::CodeCache* cache,
                                                          std::string_view code,
                                                          const LinkOptions& options);

  // The same, but what is to be compiled, is by `compile`.
  static Result<std::unique_ptr<const LinkedModule>> make(const engine::Engine& engine,
                                                          MakeModule compile, std::string_view code,
                                                          const LinkOptions& options);

  const engine::Engine& engine() const { return engine_; }
  const engine::Module& module() const { return *module_; }
  const engine::Limits& limits() const { return limits_; }
  AbiVersion abi_version() const { return abi_version_; }
  Entry entry() const { return entry_; }
  // Whether the file's own compiled code runs; where that was allowed and is not so, why.
  bool precompiled() const { return precompiled_; }
  const std::string& precompiled_refusal() const { return precompiled_refusal_; }
  const Link& link(uint32_t token) const { return links_[token]; }

  const ModuleInterface& interface() const { return *interface_; }

  // The functions that tell an instance's state (module/instance_state.h), where it was to be
  // observable; why there are none, where there are none: one clause, "its code may change a
  // table".
  const std::vector<std::string>& state_functions() const { return state_functions_; }
  const std::string& unobservable() const { return unobservable_; }

  // What the memory of each instance begins with; 0 for native plugins.
  uint64_t initial_memory_bytes() const { return initial_memory_bytes_; }

  // What each instance takes beside its memory, tables at their largest; 0 for native plugins.
  uint64_t bytes_beside_memory() const { return bytes_beside_memory_; }

  // By how many bytes code lies further back in what the engine runs than in the plugin's file.
  int64_t code_shift() const { return code_shift_; }

  // The number of parameters with which the module exports the callback; empty where it does not
  // export it, or may not.
  std::optional<uint8_t> params_of(Callback callback) const {
    return callbacks_[static_cast<size_t>(callback)];
  }
  bool has(Callback callback) const { return params_of(callback).has_value(); }

  // `proxy_on_memory_allocate`, or `malloc` where that is missing.
  std::string_view allocator() const { return allocator_; }

 private:
  LinkedModule(const engine::Engine& engine, const engine::Limits& limits)
      : engine_(engine), limits_(limits) {}

  Done make_wasm(Bytes file, MakeModule compile, const LinkOptions& options);
  Result<std::unique_ptr<const engine::Module>> make_precompiled(
      const PrecompiledCode& precompiled, Bytes wasm,
      std::span<const engine::Import> imports) const;
  Done link(ModuleInterface interface, const LinkOptions& options);
  Result<wasm::RewrittenModule> rewrite(Bytes wasm, const LinkOptions& options);
  Done link_imports(const LinkOptions& options);
  Done find_entry();
  Done find_callbacks(const LinkOptions& options);

  const engine::Engine& engine_;
  const engine::Limits limits_;
  std::unique_ptr<const ModuleInterface> interface_;
  AbiVersion abi_version_ = AbiVersion::V021;
  Entry entry_ = Entry::StartSection;
  std::string_view allocator_;
  std::array<std::optional<uint8_t>, kCallbacks.size()> callbacks_{};
  std::vector<std::string> state_functions_;
  std::string unobservable_ = "it was not asked for";
  uint64_t initial_memory_bytes_ = 0;
  uint64_t bytes_beside_memory_ = 0;
  int64_t code_shift_ = 0;
  std::vector<Link> links_;
  std::vector<engine::Import> imports_;
  bool precompiled_ = false;
  std::string precompiled_refusal_;
  std::unique_ptr<const engine::Module> module_;  // refers to imports_
};

}  // namespace weir::abi
