#include "engine/native_library.h"

#include <dlfcn.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "base/suggestion.h"
#include "engine/engine.h"
#include "engine/shared_object.h"

namespace weir::engine {
namespace {

constexpr const char* kEntry = "weir_get_native_plugin";

constexpr std::string_view kSharedObjectMagic =
    "\x7f"
    "ELF";

using Registry = std::map<std::string, const weir_native_plugin*, std::less<>>;

// One for the process: plugins register themselves from static initialisers.
const Guarded<Registry>& registry() {
  static const Guarded<Registry> plugins;
  return plugins;
}

std::optional<ValType> val_type(char letter) {
  switch (letter) {
    case 'i':
      return ValType::I32;
    case 'I':
      return ValType::I64;
    case 'f':
      return ValType::F32;
    case 'F':
      return ValType::F64;
    default:
      return std::nullopt;
  }
}

bool read_types(std::string_view letters, std::vector<ValType>& types) {
  for (char letter : letters) {
    const auto type = val_type(letter);
    if (!type) return false;
    types.push_back(*type);
  }
  return types.size() <= kMaxSlots;
}

// "i(iI)": see weir_native_signature.
std::optional<FuncType> parse(weir_native_signature signature) {
  const std::string_view text = signature == nullptr ? "" : signature;
  const size_t open = text.find('(');
  if (open == text.npos || text.back() != ')') return std::nullopt;
  std::string_view results = text.substr(0, open);
  const std::string_view params = text.substr(open + 1, text.size() - open - 2);
  if (results == "v") results = {};

  FuncType type;
  if (!read_types(results, type.results) || !read_types(params, type.params)) return std::nullopt;
  return type;
}

constexpr std::string_view kBuildAnew = "; build it with this Weir's sdk/cpp, as a native plugin";

Error bad_plugin(std::string_view what, std::string_view name = {}) {
  std::string message = "native plugin " + std::string(what);
  if (!name.empty()) message += " '" + std::string(name) + "'";
  return Error{ErrorCode::BadModule, message.append(kBuildAnew)};
}

Error no_such_plugin(std::string_view name) {
  std::vector<std::string> known;
  for (const auto& [registered, plugin] : *registry().lock()) known.push_back(registered);
  std::string all;
  for (const std::string& one : known) all += (all.empty() ? "" : ", ") + one;
  return Error{ErrorCode::NotFound,
               "no native plugin '" + std::string(name) + "' is compiled in; " +
                   suggest(name, known,
                           "registered: " + (known.empty() ? "none" : all) +
                               "; a shared object is named by a path with a '/'")};
}

Result<ModuleInterface> read_interface(const weir_native_plugin& plugin) {
  ModuleInterface interface;
  for (const auto& import : std::span(plugin.imports, plugin.import_count)) {
    if (import.module == nullptr || import.name == nullptr)
      return bad_plugin("has a nameless import");
    auto type = parse(import.signature);
    if (!type) return bad_plugin("has a malformed signature of import", import.name);
    interface.imports.push_back({import.module, import.name, std::move(*type)});
  }
  for (const auto& item : std::span(plugin.exports, plugin.export_count)) {
    if (item.name == nullptr || item.call == nullptr) return bad_plugin("has an incomplete export");
    auto type = parse(item.signature);
    if (!type) return bad_plugin("has a malformed signature of export", item.name);
    interface.exports.push_back({item.name, std::move(*type)});
  }
  return interface;
}

}  // namespace

void NativeLibrary::Close::operator()(void* handle) const { dlclose(handle); }

Result<NativeLibrary> NativeLibrary::open(Bytes code) {
  const std::string name(as_text(code));
  // The dynamic loader would read a path up to its first zero.
  if (name.find('\0') != name.npos || name.starts_with(kSharedObjectMagic)) {
    return Error{
        ErrorCode::BadConfig,
        "the code is " + std::to_string(name.size()) +
            " bytes of some file; the null engine takes the name of a native plugin, or the "
            "path of a shared object (with a '/' in it), by `inline_string`"};
  }
  if (name.find('/') == name.npos) {
    const weir_native_plugin* plugin = nullptr;
    {
      auto plugins = registry().lock();
      if (auto found = plugins->find(name); found != plugins->end()) plugin = found->second;
    }
    if (plugin == nullptr) return no_such_plugin(name);
    auto checked = check(nullptr, plugin);
    if (!checked.ok()) return std::move(checked).error().in("'" + name + "'");
    return checked;
  }

  if (is_special(name)) {
    return Error{ErrorCode::BadModule, "cannot load native plugin: " + name +
                                           " is no regular file; name a shared object"};
  }
  if (is_cut_short(name)) {
    return Error{ErrorCode::BadModule,
                 "cannot load native plugin: " + name + " is cut short; copy it there anew"};
  }
  std::unique_ptr<void, Close> handle(dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL));
  if (handle == nullptr) {
    return Error{
        ErrorCode::NotFound,
        "cannot load native plugin: " + std::string(dlerror()) +
            "; name a shared object that is there, with all that it needs; a relative path "
            "starts where the process was started"};
  }
  auto* function = reinterpret_cast<weir_native_plugin_function>(dlsym(handle.get(), kEntry));
  if (function == nullptr) {
    return Error{ErrorCode::BadModule,
                 name + ": has no function " + kEntry + std::string(kBuildAnew)};
  }
  auto checked = check(std::move(handle), function());
  if (!checked.ok()) return std::move(checked).error().in(name);
  return checked;
}

Result<NativeLibrary> NativeLibrary::check(std::unique_ptr<void, Close> handle,
                                           const weir_native_plugin* plugin) {
  if (plugin == nullptr) return bad_plugin("is not described");
  if (plugin->version != WEIR_NATIVE_PLUGIN_VERSION) {
    return Error{ErrorCode::Unsupported,
                 "native plugin is built for version " + std::to_string(plugin->version) +
                     " of native_plugin.h, this is " + std::to_string(WEIR_NATIVE_PLUGIN_VERSION) +
                     std::string(kBuildAnew)};
  }
  if (plugin->create == nullptr || plugin->destroy == nullptr) {
    return bad_plugin("lacks create or destroy");
  }
  WEIR_TRY(auto interface, read_interface(*plugin));
  return NativeLibrary(std::move(handle), *plugin, std::move(interface));
}

}  // namespace weir::engine

void weir_register_native_plugin(const weir_native_plugin* plugin) {
  WEIR_CHECK(plugin != nullptr && plugin->name != nullptr);
  weir::engine::registry().lock()->insert_or_assign(plugin->name, plugin);
}
