#include "cli/settings_options.h"

#include <CLI/CLI.hpp>

#include "config/config_file.h"

namespace weir::cli {
namespace {

// Stands for the upstream where none is called.
constexpr const char* kNowhere = "http://127.0.0.1:80";

}  // namespace

SettingsOptions::SettingsOptions(CLI::App& command, Argument argument) : argument_(argument) {
  const bool is_plugin = argument == Argument::Plugin;
  auto* file = command
                   .add_option("-c,--config-file", file_,
                               "A bootstrap in YAML or JSON, or in protobuf's wire form (.pb)")
                   ->type_name("FILE");
  command
      .add_option(is_plugin ? "plugin" : "file", shorthand_.plugin,
                  is_plugin ? "A .wasm file" : "A configuration, or a .wasm file")
      ->type_name(is_plugin ? "PLUGIN" : "FILE")
      ->excludes(file);
  command
      .add_option("--upstream", shorthand_.upstream,
                  "Where requests go: http://host:port, or "
                  "h2c://host:port for HTTP/2")
      ->type_name("URL")
      ->excludes(file);
  command.add_option("--config", shorthand_.configuration, "The plugin's configuration")
      ->type_name("TEXT")
      ->excludes(file);
  command.add_option("--engine", shorthand_.engine, "The plugin's engine; see weir engines")
      ->type_name("NAME")
      ->excludes(file);
  command.add_option("--listen", shorthand_.listen, "Where to listen; port 0 takes a free one")
      ->type_name("ADDR:PORT")
      ->capture_default_str()
      ->excludes(file);
  command.add_option("--cluster", clusters_, "An upstream for the plugin's own calls")
      ->type_name("NAME=URL")
      ->excludes(file);
}

std::string SettingsOptions::file() const {
  if (!file_.empty() || argument_ == Argument::Plugin) return file_;
  const bool is_plugin = shorthand_.plugin.ends_with(".wasm") || !shorthand_.engine.empty();
  return is_plugin ? "" : shorthand_.plugin;
}

Result<config::ServeSettings> SettingsOptions::read() const {
  std::string text;
  if (!file().empty()) {
    WEIR_TRY(text, config::read_config_file(file(), Pipes::Read));
  }
  return make(text);
}

Result<config::ServeSettings> SettingsOptions::make(const std::string& text) const {
  return file().empty() ? read_short_form() : config::load_bootstrap(text, file());
}

Result<config::ServeSettings> SettingsOptions::read_short_form() const {
  config::Shorthand shorthand = shorthand_;
  if (argument_ == Argument::FileOrPlugin) {
    if (shorthand.plugin.empty()) {
      return Error{ErrorCode::BadConfig, "name a configuration, or a .wasm file"};
    }
    if (shorthand.upstream.empty()) shorthand.upstream = kNowhere;
  }
  if (shorthand.upstream.empty()) {
    return Error{ErrorCode::BadConfig, "say where requests go, by --upstream URL or -c FILE"};
  }
  for (const std::string& cluster : clusters_) {
    const size_t equals = cluster.find('=');
    if (equals == std::string::npos) {
      return Error{ErrorCode::BadConfig, "--cluster '" + cluster + "' is not NAME=URL"};
    }
    const std::string name = cluster.substr(0, equals);
    if (!shorthand.clusters.emplace(name, cluster.substr(equals + 1)).second) {
      return Error{ErrorCode::BadConfig, "--cluster '" + name + "' is there twice"};
    }
  }
  return config::make_settings(shorthand);
}

}  // namespace weir::cli
