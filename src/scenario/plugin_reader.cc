#include "scenario/plugin_reader.h"

#include "base/bytes.h"
#include "base/suggestion.h"
#include "config/any_bytes.h"
#include "config/bootstrap.h"
#include "config/plugin_reader.h"
#include "engine/engines.h"
#include "engine/native_library.h"
#include "planes/common/plugin_source.h"
#include "planes/serve/generation.h"
#include "scenario/text_file.h"

namespace weir::scenario {
namespace {

using config::Place;
using std::filesystem::path;

Result<config::PluginSettings> find_served(const v1::Served& served, const Place& at,
                                           const path& base_dir) {
  const path file = base_dir / served.file();
  auto text = read_text_file(file);
  if (!text.ok()) return at.field("file").error(text.error().message);
  WEIR_TRY(const auto settings, config::load_bootstrap(text.value(), file.string()));
  std::string names;
  std::vector<config::PluginSettings> fitting;
  for (const serve::PlacedPlugin& place : serve::plugins_of(settings)) {
    names.append(names.empty() ? "" : ", ").append(place.settings.name);
    if (served.plugin().empty() || served.plugin() == place.settings.name) {
      fitting.push_back(place.settings);
    }
  }
  if (fitting.size() == 1) return std::move(fitting.front());
  if (fitting.empty()) {
    return at.field("plugin").error(config::quote(served.plugin()) +
                                    " is no plugin there; these are: " + names);
  }
  return at.error("there are several plugins: say by 'plugin' which one of " + names);
}

// The settings, and where their relative paths start.
struct Source {
  config::PluginSettings settings;
  path base_dir;
};

Result<Source> read_source(const v1::Plugin& plugin, const Place& at, const path& base_dir) {
  Source source{.base_dir = base_dir};
  switch (plugin.source_case()) {
    case v1::Plugin::kFile:
      source.settings.vm.code = config::LocalFile{plugin.file(), ""};
      source.settings.name = path(plugin.file()).stem().string();
      return source;
    case v1::Plugin::kNative:
      // One with a '/' is a shared object's path.
      source.settings.vm.code = config::InlineBytes{plugin.native().find('/') == std::string::npos
                                                        ? plugin.native()
                                                        : (base_dir / plugin.native()).string()};
      source.settings.vm.runtime = "null";
      source.settings.name = path(plugin.native()).stem().string();
      return source;
    case v1::Plugin::kServed: {
      const Place here = at.field("served");
      WEIR_TRY(source.settings, find_served(plugin.served(), here, base_dir));
      source.base_dir = (base_dir / plugin.served().file()).parent_path();
      return source;
    }
    case v1::Plugin::kOptions: {
      WEIR_TRY(source.settings, config::make_plugin_settings(plugin.options(), at.field("options"),
                                                             config::process_environment()));
      return source;
    }
    default:
      return at.error("says no plugin: write file, native, served or options");
  }
}

// One that cannot be loaded is not tried on an engine first.
Done check_native(const v1::Plugin& plugin, const Place& at, const path& base_dir) {
  if (plugin.source_case() != v1::Plugin::kNative) return Unit{};
  std::string name = plugin.native();
  if (name.find('/') != std::string::npos) {
    const path file = base_dir / name;
    std::error_code code;
    if (!std::filesystem::is_regular_file(file, code)) {
      const std::string why = std::filesystem::exists(file, code) ? "is no file" : "is not there";
      return at.field("native").error(config::quote(file.string()) + " " + why +
                                      "; weir-cxx --native makes one");
    }
    name = file.string();
  }
  const auto library = engine::NativeLibrary::open(as_bytes(name));
  if (library.ok()) return Unit{};
  return at.field("native").error(library.error().message);
}

// `runtime` as it stands in a configuration; empty is the default.
Done check_engine(const std::string& runtime, const Place& at) {
  if (!engine::canonical_name(runtime).empty()) return Unit{};
  std::vector<std::string> known;
  for (const std::string_view engine : engine::known_engines()) {
    known.emplace_back(engine);
    for (const std::string_view name : engine::configuration_names(engine)) {
      known.emplace_back(name);
    }
  }
  return at.error("there is no engine " + config::quote(runtime) + "; " + suggest(runtime, known));
}

std::vector<path> files_of(const v1::Plugin& plugin, const Source& source, const path& base_dir) {
  std::vector<path> files;
  if (plugin.source_case() == v1::Plugin::kServed) {
    files.push_back(base_dir / plugin.served().file());
  }
  if (plugin.source_case() == v1::Plugin::kNative) files.push_back(base_dir / plugin.native());
  if (const auto* local = std::get_if<config::LocalFile>(&source.settings.vm.code)) {
    files.push_back(source.base_dir / local->path);
  }
  return files;
}

}  // namespace

Result<ReadPlugin> read_plugin(const v1::Plugin& plugin, const Place& at, const path& base_dir,
                               const path& code_file) {
  WEIR_TRY(Source source, read_source(plugin, at, base_dir));
  std::vector<path> files = files_of(plugin, source, base_dir);
  config::PluginSettings& settings = source.settings;
  WEIR_TRY(check_engine(settings.vm.runtime, at));
  if (!plugin.name().empty()) settings.name = plugin.name();
  if (!plugin.root_id().empty()) settings.root_id = plugin.root_id();
  if (!plugin.vm_id().empty()) settings.vm.vm_id = plugin.vm_id();
  if (plugin.has_configuration()) settings.configuration = plugin.configuration();
  if (plugin.has_configuration_json()) {
    settings.configuration = config::to_json(plugin.configuration_json());
  }
  if (!code_file.empty()) {
    auto code = read_text_file(code_file);
    if (!code.ok()) return std::move(code).error().in("--plugin");
    // A native plugin's scenarios are those of the same source as wasm.
    if (engine::canonical_name(settings.vm.runtime) == "null") settings.vm.runtime.clear();
    files.push_back(code_file);
    return ReadPlugin{planes::plugin_options(settings, std::move(code).value()), std::move(files)};
  }
  WEIR_TRY(check_native(plugin, at, base_dir));
  if (std::holds_alternative<config::RemoteFile>(settings.vm.code)) {
    return at.error("the plugin's code is remote, and there is no network here; write 'file'");
  }
  auto options = planes::read_plugin(settings, source.base_dir);
  if (!options.ok()) {
    const bool is_file = plugin.source_case() == v1::Plugin::kFile;
    return (is_file ? at.field("file") : at).error(options.error().message);
  }
  return ReadPlugin{std::move(options).value(), std::move(files)};
}

}  // namespace weir::scenario
