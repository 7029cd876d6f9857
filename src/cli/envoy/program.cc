// libweir-envoy.so as a whole: makes what an Envoy process has one of, when Envoy first asks for a
// plugin.

#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "cli/cache_folder.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/envoy/envoy_log.h"
#include "planes/envoy/module.h"
#include "runtime/host.h"

namespace weir::envoy_plane {
namespace {

std::string cache_folder(const char* variable, const char* by_default) {
  return cli::chosen_cache(variable, cli::default_cache(by_default));
}

struct Program {
  EnvoyLog logger;
  SystemClock clock;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  std::optional<engine::CodeCache> cache;
  EnvoyMetrics metrics;
  std::optional<runtime::Host> host;
  std::optional<FileCache> fetched;
  std::optional<fetch::CodeFetcher> fetcher;
  std::optional<planes::CodeSupply> supply;
  std::optional<Module> module;

  Program() {
    if (std::string folder = cache_folder("WEIR_CODE_CACHE", "code"); !folder.empty()) {
      cache.emplace(std::move(folder), cli::kCodeCacheBytes, logger);
    }
    host.emplace(runtime::HostParts{.engines = engines,
                                    .code_cache = cache ? &*cache : nullptr,
                                    .clock = clock,
                                    .logger = logger,
                                    .metrics = metrics});
    if (std::string folder = cache_folder("WEIR_FETCH_CACHE", "fetched"); !folder.empty()) {
      fetched.emplace(cli::fetch_cache_settings(std::move(folder)), logger);
    }
    fetcher.emplace(fetch::CodeFetcher::Parts{
        .cache = fetched ? &*fetched : nullptr, .logger = logger, .trust = cli::fetch_trust()});
    supply.emplace(&*fetcher, std::filesystem::path());
    module.emplace(*host, metrics, *supply);
  }
};

}  // namespace

Module& Module::get() {
  // Never destroyed: Envoy's threads may outlive what ends with the process.
  static Program& program = *new Program;
  return *program.module;
}

}  // namespace weir::envoy_plane
