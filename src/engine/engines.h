#pragma once
// The engines of the process, by name. Adapters are loaded when first asked for.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "base/result.h"
#include "engine/engine.h"

namespace weir::engine {

// A name that configurations use ("envoy.wasm.runtime.wasmtime", "ats.wasm.runtime.wasmtime",
// "wasmtime", or "" for the default) as the engine's own ("wasmtime"). Empty for an unknown name.
std::string_view canonical_name(std::string_view runtime);

// All names of an engine that configurations use besides its own; none for an unknown one.
std::vector<std::string_view> configuration_names(std::string_view canonical);

// Every engine that Weir has an adapter for, built in ones first.
std::span<const std::string_view> known_engines();

class Engines {
 public:
  // `search_path`: the folders that hold weir-engine-NAME.so, in order.
  Engines(std::vector<std::filesystem::path> search_path, EngineOptions options);
  ~Engines();

  // `weir/engines/` beside the running program's library folder, then those of WEIR_ENGINE_PATH.
  static std::vector<std::filesystem::path> default_search_path();

  // The engine called `runtime`, loaded if need be; it lives as long as this object.
  // An unknown name is BadConfig and lists the known ones; a missing adapter is NotFound and names
  // the file looked for, the folders, and what to install. Thread: any.
  Result<const Engine*> find(std::string_view runtime) const;

  // Puts an engine of the program's own in the place of `canonical`'s adapter. Before that name is
  // first asked for. Thread: any.
  void provide(std::string_view canonical, std::unique_ptr<Engine> engine);

  // Where the adapter was found; empty for a built-in one or one not yet loaded. Thread: any.
  std::filesystem::path adapter_path(std::string_view canonical) const;

  // The dynamic loader that has to start a process which is to use that engine (own_c_library.h);
  // empty where any process may, where this one can, or where none can, of which find() says why.
  // Loads nothing. Thread: any.
  std::filesystem::path needed_loader(std::string_view runtime) const;

  // What may stand in the place of `runtime`, spelled as that is: the engines for wasm whose
  // adapters are here, and that need no loader. None for an unknown name. Loads nothing. Thread:
  // any.
  std::vector<std::string> alternatives(std::string_view runtime) const;

 private:
  struct Loaded;

  // Where the adapter of that name is; empty where it is not.
  std::filesystem::path find_folder(std::string_view name) const;

  Result<std::unique_ptr<Loaded>> load(std::string_view name) const;

  std::vector<std::filesystem::path> search_path_;
  EngineOptions options_;
  Guarded<std::map<std::string, std::unique_ptr<Loaded>, std::less<>>> loaded_;
};

}  // namespace weir::engine
