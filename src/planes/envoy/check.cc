#include "planes/envoy/check.h"

#include "planes/envoy/module_configs.h"

namespace weir::envoy_plane {
namespace {

std::string joined(const std::set<std::string>& names) {
  std::string all;
  for (const std::string& name : names) {
    all += (all.empty() ? "" : ", ") + config::quote(name);
  }
  return all;
}

}  // namespace

planes::CheckReport check_file(const config::Document& document, const std::string& name,
                               const planes::CodeSupply& supply, runtime::Host& host) {
  config::SourceMap map(name);
  ModuleConfigs found = find_module_configs(document.root(), map);
  planes::CheckReport report{.passed = {}, .errors = std::move(found.errors)};
  const std::string by_envoy = "envoy --mode validate -c " + name;
  if (found.plugins.empty() && report.errors.empty()) {
    const std::string others = found.others.empty()
                                   ? "no plugin is in it"
                                   : "its dynamic modules are others, " + joined(found.others);
    report.errors.push_back({ErrorCode::BadConfig,
                             name + ": is a configuration of Envoy's, and has nothing for Weir (" +
                                 others + "); check it by " + by_envoy});
    return report;
  }
  // They are kept to the end, so that plugins of one VM find it.
  std::vector<std::shared_ptr<const runtime::Plugin>> plugins;
  for (ModulePlugin& plugin : found.plugins) {
    auto loaded =
        planes::try_plugin(std::move(plugin.settings), plugin.holder, supply, host, report);
    if (loaded != nullptr) plugins.push_back(std::move(loaded));
  }
  if (report.errors.empty()) {
    report.passed.push_back(planes::count_of(plugins.size(), "plugin") +
                            "; all else in the file is Envoy's: " + by_envoy);
  }
  return report;
}

}  // namespace weir::envoy_plane
