#include "engine/engines.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

#include "base/own_file.h"
#include "base/suggestion.h"
#include "engine/adapter.h"
#include "engine/null_engine.h"
#include "engine/own_c_library.h"
#include "engine/shared_object.h"

namespace weir::engine {
namespace {

namespace fs = std::filesystem;

struct Names {
  std::string_view canonical;
  std::string_view envoy;
  std::string_view ats;
};

constexpr std::array kNames = {
    Names{"null", "envoy.wasm.runtime.null", {}},
    Names{"wasmtime", "envoy.wasm.runtime.wasmtime", "ats.wasm.runtime.wasmtime"},
    Names{"v8", "envoy.wasm.runtime.v8", "ats.wasm.runtime.v8"},
    Names{"wamr", "envoy.wasm.runtime.wamr", "ats.wasm.runtime.wamr"},
    Names{"wamr-aot", "envoy.wasm.runtime.wamr-aot", "ats.wasm.runtime.wamr-aot"},
    Names{"wamr-jit", "envoy.wasm.runtime.wamr-jit", "ats.wasm.runtime.wamr-jit"},
    Names{"wasmedge", "envoy.wasm.runtime.wasmedge", "ats.wasm.runtime.wasmedge"},
    Names{"wasmedge-aot", "envoy.wasm.runtime.wasmedge-aot", "ats.wasm.runtime.wasmedge-aot"},
    Names{"wavm", "envoy.wasm.runtime.wavm", "ats.wasm.runtime.wavm"},
};
constexpr std::string_view kDefault = "wasmtime";

constexpr auto kKnown = [] {
  std::array<std::string_view, kNames.size()> known{};
  std::ranges::transform(kNames, known.begin(), &Names::canonical);
  return known;
}();

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

template <typename Range>
std::string joined(const Range& items) {
  std::string text;
  for (const auto& item : items) {
    if (!text.empty()) text += ", ";
    text += std::string(item);
  }
  return text;
}

// How configurations may write the known names, besides as they are.
std::string known_spellings() {
  std::vector<std::string_view> in_ats;
  for (const Names& names : kNames) {
    if (!names.ats.empty()) in_ats.push_back(names.canonical);
  }
  return "each also written envoy.wasm.runtime.NAME, and " + joined(in_ats) +
         " as ats.wasm.runtime.NAME too";
}

// What is meant by a name that is none, or what there is. How it begins is no misspelling.
std::string suggest_runtime(std::string_view runtime) {
  std::string_view before;
  for (const std::string_view prefix : {"envoy.wasm.runtime.", "ats.wasm.runtime."}) {
    if (runtime.starts_with(prefix)) before = prefix;
  }
  const std::vector<std::string> known(kKnown.begin(), kKnown.end());
  const std::string* similar = find_similar(runtime.substr(before.size()), known);
  if (similar == nullptr) return "known are " + joined(kKnown) + ", " + known_spellings();
  const std::string same_way = std::string(before) + *similar;
  return "did you mean '" + (canonical_name(same_way).empty() ? *similar : same_way) + "'?";
}

std::string file_name(std::string_view name) { return "weir-engine-" + std::string(name) + ".so"; }

std::string last_dl_error() {
  const char* text = dlerror();
  return text == nullptr ? "unknown error" : text;
}

constexpr std::string_view kInstallAnew =
    "; install the adapter anew, with the engine's libraries beside it";

// The engine's own folder beside its adapter, in which libraries are that it brings.
fs::path own_libraries(const fs::path& folder, std::string_view name) {
  return folder / name.substr(0, name.find('-'));
}

// What the adapter of that engine has loaded or started, as far as it lies in its folder: libraries
// beside it, with those that they need; all in the engine's own folder; the program that compiles.
std::vector<fs::path> parts_of(const fs::path& adapter, std::string_view name) {
  std::vector<fs::path> parts;
  std::error_code failed;
  const fs::path folder = adapter.parent_path();
  const auto add = [&](const fs::path& file) {
    if (!fs::exists(file, failed) || std::ranges::find(parts, file) != parts.end()) return;
    parts.push_back(file);
  };
  for (const std::string& library : needed_libraries(adapter)) add(folder / library);
  for (size_t i = 0; i < parts.size(); ++i) {
    for (const std::string& library : needed_libraries(parts[i])) add(folder / library);
  }
  const fs::path libraries = own_libraries(folder, name);
  for (const auto& entry : fs::directory_iterator(libraries, failed)) {
    if (!entry.is_directory(failed)) add(entry.path());
  }
  add(folder / ("weir-" + libraries.filename().string() + "-compile"));
  return parts;
}

Result<std::unique_ptr<Engine>> make_from(const fs::path& file, std::string_view name,
                                          const EngineOptions& options) {
  const auto check = [&](const fs::path& part) -> Done {
    auto checked = check_loadable(part, file.parent_path());
    if (checked.ok()) return Unit{};
    Error error = std::move(checked).error();
    if (part != file) error.message = "needs " + part.string() + ", which " + error.message;
    if (error.code == ErrorCode::Io) error.message += kInstallAnew;
    return error;
  };
  WEIR_TRY(check(file));
  for (const fs::path& part : parts_of(file, name)) WEIR_TRY(check(part));
  if (Done whole = check_own_c_library(own_libraries(file.parent_path(), name)); !whole.ok()) {
    Error error = std::move(whole).error();
    error.message.insert(0, "needs ");
    return error;
  }
  // Never closed: an engine leaves threads and signal handlers behind that run its code.
  void* library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr) {
    return Error{ErrorCode::Io, "cannot be loaded: " + last_dl_error() + std::string(kInstallAnew)};
  }

  auto* function = reinterpret_cast<AdapterFunction>(dlsym(library, kAdapterSymbol));
  if (function == nullptr) {
    return Error{ErrorCode::Unsupported,
                 "is not an engine adapter: " + last_dl_error() + std::string(kInstallAnew)};
  }
  const Adapter* adapter = function();
  if (adapter->seam_version != kSeamVersion) {
    return Error{ErrorCode::Unsupported,
                 "belongs to another build of Weir: it speaks " + quoted(adapter->seam_version) +
                     ", this is " + quoted(kSeamVersion) + "; install both from the same build"};
  }
  WEIR_TRY(auto engine, adapter->make(options));
  if (const std::string own_name = engine->info().name; own_name != name) {
    return Error{ErrorCode::Unsupported, "is the adapter of engine '" + own_name +
                                             "', whose file is named " + file_name(own_name) +
                                             std::string(kInstallAnew)};
  }
  return engine;
}

}  // namespace

std::string_view canonical_name(std::string_view runtime) {
  if (runtime.empty()) return kDefault;
  for (const Names& names : kNames) {
    if (runtime == names.canonical || runtime == names.envoy || runtime == names.ats) {
      return names.canonical;
    }
  }
  return {};
}

std::vector<std::string_view> configuration_names(std::string_view canonical) {
  std::vector<std::string_view> names;
  const auto* const found = std::ranges::find(kNames, canonical, &Names::canonical);
  if (found == kNames.end()) return names;
  for (const std::string_view name : {found->envoy, found->ats}) {
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

std::span<const std::string_view> known_engines() { return kKnown; }

struct Engines::Loaded {
  fs::path path;
  std::unique_ptr<Engine> engine;
};

Engines::Engines(std::vector<fs::path> search_path, EngineOptions options)
    : search_path_(std::move(search_path)), options_(options) {}

Engines::~Engines() = default;

std::vector<fs::path> Engines::default_search_path() {
  const fs::path beside = fs::path("weir") / "engines";
  const fs::path folder = own_file().parent_path();

  std::vector<fs::path> path;
  const auto add = [&](const fs::path& candidate) {
    const fs::path normal = candidate.lexically_normal();
    if (std::ranges::find(path, normal) == path.end()) path.push_back(normal);
  };
  if (!folder.empty()) {
    add(folder / beside);
    add(folder.parent_path() / "lib" / beside);
    add(folder.parent_path() / WEIR_INSTALL_LIBDIR / beside);
  }

  const char* variable = std::getenv("WEIR_ENGINE_PATH");
  std::string_view rest = variable == nullptr ? "" : variable;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end != 0) add(fs::path(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return path;
}

Result<const Engine*> Engines::find(std::string_view runtime) const {
  const std::string_view name = canonical_name(runtime);
  if (name.empty()) {
    return Error{ErrorCode::BadConfig,
                 "unknown runtime " + quoted(runtime) + "; " + suggest_runtime(runtime)};
  }

  auto loaded = loaded_.lock();
  if (auto found = loaded->find(name); found != loaded->end()) return found->second->engine.get();

  auto made = load(name);
  if (!made.ok()) return std::move(made).error().in("engine " + quoted(name));
  return loaded->emplace(name, std::move(made).value()).first->second->engine.get();
}

void Engines::provide(std::string_view canonical, std::unique_ptr<Engine> engine) {
  auto own = std::make_unique<Loaded>();
  own->engine = std::move(engine);
  WEIR_CHECK(canonical_name(canonical) == canonical);
  WEIR_CHECK(loaded_.lock()->emplace(canonical, std::move(own)).second);
}

fs::path Engines::adapter_path(std::string_view canonical) const {
  auto loaded = loaded_.lock();
  const auto found = loaded->find(canonical);
  return found == loaded->end() ? fs::path() : found->second->path;
}

fs::path Engines::needed_loader(std::string_view runtime) const {
  const std::string_view name = canonical_name(runtime);
  const fs::path folder = find_folder(name);
  if (folder.empty()) return {};
  return engine::needed_loader(own_libraries(folder, name));
}

std::vector<std::string> Engines::alternatives(std::string_view runtime) const {
  const std::string_view canonical = canonical_name(runtime);
  std::vector<std::string> others;
  if (canonical.empty()) return others;
  for (const Names& names : kNames) {
    if (names.canonical == canonical || names.canonical == "null") continue;
    const fs::path folder = find_folder(names.canonical);
    if (folder.empty()) continue;
    if (!check_own_c_library(own_libraries(folder, names.canonical)).ok()) continue;
    if (!needed_loader(names.canonical).empty()) continue;
    others.emplace_back(runtime.starts_with("ats.")     ? names.ats
                        : runtime.starts_with("envoy.") ? names.envoy
                                                        : names.canonical);
  }
  return others;
}

fs::path Engines::find_folder(std::string_view name) const {
  const auto folder = std::ranges::find_if(search_path_, [&](const fs::path& candidate) {
    std::error_code ignored;
    return fs::exists(candidate / file_name(name), ignored);
  });
  return folder == search_path_.end() ? fs::path() : *folder;
}

Result<std::unique_ptr<Engines::Loaded>> Engines::load(std::string_view name) const {
  auto loaded = std::make_unique<Loaded>();
  if (name == "null") {
    loaded->engine = make_null_engine();
    return loaded;
  }

  const fs::path folder = find_folder(name);
  if (folder.empty()) {
    return Error{
        ErrorCode::NotFound,
        "no " + file_name(name) + " in " +
            (search_path_.empty() ? std::string("an empty search path") : joined(search_path_)) +
            ": install the adapter there, or name its folder in WEIR_ENGINE_PATH; Weir's sources "
            "make it by `make build`, where ENGINES, if given, has to name " +
            std::string(name == "wasmedge-aot" ? "wasmedge" : name) + " too"};
  }

  loaded->path = folder / file_name(name);
  auto made = make_from(loaded->path, name, options_);
  if (!made.ok()) {
    Error error = std::move(made).error().in(loaded->path.string());
    if (const fs::path loader = needed_loader(name); !loader.empty()) {
      error.message +=
          "; it comes with a C library newer than the one that this process runs on: "
          "start the process by " +
          how_to_start_by(loader) + ", as the command `weir` does by itself when it begins";
    }
    return error;
  }
  loaded->engine = std::move(made).value();
  return loaded;
}

}  // namespace weir::engine
