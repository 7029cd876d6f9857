// libweir-envoy.so as a whole: makes what an Envoy process has one of, when Envoy first asks for a
// plugin.

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "cli/cache_folder.h"
#include "engine/code_cache.h"
#include "engine/engines.h"
#include "planes/envoy/envoy_logger.h"
#include "planes/envoy/module.h"
#include "runtime/host.h"

namespace weir::envoy_plane {
namespace {

// The folder of compiled code: what WEIR_CODE_CACHE says, where "off" is none.
std::string code_cache_folder() {
  const char* said = std::getenv("WEIR_CODE_CACHE");
  if (said == nullptr) return cli::default_cache("code");
  return std::string_view(said) == "off" ? "" : said;
}

struct Program {
  EnvoyLogger logger;
  SystemClock clock;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  std::optional<engine::CodeCache> cache;
  EnvoyMetrics metrics;
  std::optional<runtime::Host> host;
  std::optional<Module> module;

  Program() {
    if (std::string folder = code_cache_folder(); !folder.empty()) {
      cache.emplace(std::move(folder), cli::kCodeCacheBytes, logger);
    }
    host.emplace(runtime::HostParts{.engines = engines,
                                    .code_cache = cache ? &*cache : nullptr,
                                    .clock = clock,
                                    .logger = logger,
                                    .metrics = metrics});
    module.emplace(*host, metrics);
  }
};

}  // namespace

Module& Module::get() {
  // Never destroyed: Envoy's threads may outlive what ends with the process.
  static Program& program = *new Program;
  return *program.module;
}

}  // namespace weir::envoy_plane
