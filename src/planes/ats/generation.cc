#include "planes/ats/generation.h"

#include <fstream>
#include <iterator>

#include "planes/ats/plugin_file.h"
#include "planes/common/plugin_source.h"

namespace weir::ats_plane {
namespace {

Result<PluginFile> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream) return Error{ErrorCode::Io, path.string() + ": cannot be read"};
  return read_plugin_file(text, path.string());
}

void log_absent_policy(Logger& logger, const config::PluginSettings& plugin) {
  logger.log(LogLevel::Info, "plugin '" + plugin.name +
                                 "': fail_open is absent, which means false here; in Traffic "
                                 "Server's own Wasm plugin it means true");
}

}  // namespace

Result<std::shared_ptr<const Generation>> load_generation(runtime::Host& host,
                                                          const std::vector<std::string>& files,
                                                          const std::string& folder) {
  auto generation = std::make_shared<Generation>();
  for (const std::string& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file;
    WEIR_TRY(PluginFile read, read_file(path));
    if (read.policy_is_absent) log_absent_policy(host.logger(), read.plugin);
    for (auto& [name, cluster] : read.clusters) generation->targets.add(name, std::move(cluster));

    const auto load = [&]() -> Result<std::shared_ptr<const runtime::Plugin>> {
      WEIR_TRY(runtime::PluginOptions options, planes::read_plugin(read.plugin, folder));
      return host.load(std::move(options));
    };
    auto loaded = load();
    if (loaded.ok()) {
      generation->plugins.push_back(std::move(loaded).value());
      continue;
    }
    Error error = std::move(loaded).error().in(path.string());
    if (read.plugin.failure_policy != config::FailurePolicy::FailOpen) return error;
    host.logger().log(LogLevel::Error,
                      error.message + "; it may fail open: requests pass without it");
  }
  return std::shared_ptr<const Generation>(std::move(generation));
}

}  // namespace weir::ats_plane
