#include "planes/ats/generation.h"

#include <algorithm>
#include <filesystem>
#include <optional>

#include "config/config_file.h"
#include "planes/ats/files/plugin_file.h"
#include "planes/common/code_supply.h"
#include "planes/common/plugin_source.h"
#include "planes/serve/cluster_route.h"

namespace weir::ats_plane {
namespace {

void log_absent_policy(Logger& logger, const config::PluginSettings& plugin) {
  logger.log(LogLevel::Info, "plugin '" + plugin.name +
                                 "': fail_open is absent, which means false here; in Traffic "
                                 "Server's own Wasm plugin it means true");
}

}  // namespace

Result<std::shared_ptr<const Generation>> load_generation(
    runtime::Host& host, fetch::CodeFetcher& fetcher, const std::vector<std::string>& files,
    const std::string& folder, Occasion occasion, const std::stop_token& stop) {
  const planes::CodeSupply supply(&fetcher, folder, serve::cluster_routes(folder));
  auto generation = std::make_shared<Generation>();
  std::optional<uint64_t> max_body;
  for (const std::string& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    WEIR_TRY(const std::string text, config::read_config_file(path));
    WEIR_TRY(PluginFile read, read_plugin_file(text, path.string()));
    if (read.policy_is_absent) log_absent_policy(host.logger(), read.plugin);
    const std::string scope = scope_of(path.string());
    for (auto& [name, cluster] : read.clusters) {
      generation->targets.add(scope + name, std::move(cluster));
    }

    if (read.max_request_body_bytes) {
      max_body = std::min(max_body.value_or(UINT64_MAX), *read.max_request_body_bytes);
    }

    const auto load = [&]() -> Result<std::shared_ptr<const runtime::Plugin>> {
      auto code = supply.wait_for(read.plugin, stop);
      if (code.ok()) {
        return planes::load_plugin(host, read.plugin, std::move(code).value(), scope, stop);
      }
      const bool ends = occasion == Occasion::Start &&
                        read.plugin.failure_policy != config::FailurePolicy::FailOpen;
      if (!ends) return std::move(code).error();
      return supply.after_fetch(read.plugin, std::move(code).error(), stop);
    };
    auto loaded = load();
    supply.report(host.metrics());
    if (loaded.ok()) {
      generation->plugins.push_back(std::move(loaded).value());
      continue;
    }
    if (stop.stop_requested() || occasion == Occasion::Reload ||
        read.plugin.failure_policy != config::FailurePolicy::FailOpen) {
      return std::move(loaded).error();
    }
    host.logger().log(LogLevel::Error,
                      loaded.error().message + "; it may fail open: requests pass without it");
  }
  generation->max_request_body_bytes = max_body.value_or(kMaxRequestBodyBytes);
  return std::shared_ptr<const Generation>(std::move(generation));
}

}  // namespace weir::ats_plane
