#include "cli/cache_folder.h"

#include <cstdlib>
#include <utility>

namespace weir::cli {
namespace {

constexpr uint64_t kFetchCacheBytes = 1ull << 30;

}  // namespace

std::string default_cache(const std::string& of) {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/weir/" + of;
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.cache/weir/" + of : "";
}

std::string folder_or_none(std::string said) { return said == "off" ? "" : std::move(said); }

std::string chosen_cache(const char* variable, std::string by_default) {
  const char* said = std::getenv(variable);
  if (said == nullptr) return by_default;
  return folder_or_none(said);
}

FileCache::Settings fetch_cache_settings(std::string folder) {
  return {.folder = std::move(folder),
          .suffix = ".wasm",
          .name = "fetched code",
          .max_bytes = kFetchCacheBytes};
}

fetch::HttpClient::Trust fetch_trust() {
  const char* said = std::getenv("WEIR_FETCH_CA_FILE");
  return {.ca_file = said == nullptr ? "" : said,
          .ca_folder = "",
          .remedy = "trust its authority by the environment's WEIR_FETCH_CA_FILE"};
}

}  // namespace weir::cli
