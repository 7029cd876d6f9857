// weir-ats-core.so as a whole: makes what a server process has one of, when the server first asks
// for a plugin.

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/own_file.h"
#include "cli/cache_folder.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/ats/plane.h"
#include "planes/ats/server_api.h"
#include "planes/ats/server_logger.h"
#include "planes/ats/server_metrics.h"
#include "runtime/host.h"

namespace weir::ats_plane {
namespace {

// A folder of a cache: unless told otherwise one in the server's runtime folder, which belongs to
// the server's user.
std::string cache_folder(const char* variable, const std::string& by_default) {
  return cli::chosen_cache(variable, std::string(TSRuntimeDirGet()) + "/" + by_default);
}

// Beside this file, which lies in a folder `weir`, and in such a folder of the server's plugins.
std::vector<std::filesystem::path> engine_folders() {
  auto folders = engine::Engines::default_search_path();
  folders.insert(folders.begin(), own_file().parent_path() / "engines");
  folders.push_back(std::filesystem::path(TSPluginDirGet()) / "weir/engines");
  return folders;
}

struct Program {
  ServerLogger logger;
  SystemClock clock;
  engine::Engines engines{engine_folders(), {}};
  std::optional<engine::CodeCache> cache;
  ServerMetrics metrics{logger};
  std::optional<runtime::Host> host;
  std::optional<FileCache> fetched;
  std::optional<fetch::CodeFetcher> fetcher;
  std::optional<Plane> plane;

  Program() {
    if (std::string folder = cache_folder("WEIR_CODE_CACHE", "weir-code"); !folder.empty()) {
      cache.emplace(std::move(folder), cli::kCodeCacheBytes, logger);
    }
    host.emplace(runtime::HostParts{.engines = engines,
                                    .code_cache = cache ? &*cache : nullptr,
                                    .clock = clock,
                                    .logger = logger,
                                    .metrics = metrics});
    if (std::string folder = cache_folder("WEIR_FETCH_CACHE", "weir-fetched"); !folder.empty()) {
      fetched.emplace(cli::fetch_cache_settings(std::move(folder)), logger);
    }
    fetcher.emplace(fetch::CodeFetcher::Parts{
        .cache = fetched ? &*fetched : nullptr, .logger = logger, .trust = cli::fetch_trust()});
    plane.emplace(*host, *fetcher);
  }
};

}  // namespace

Plane& Plane::get() {
  // Never destroyed: the server's threads may outlive what ends with the process.
  static Program& program = *new Program;
  return *program.plane;
}

}  // namespace weir::ats_plane
