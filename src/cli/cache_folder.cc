#include "cli/cache_folder.h"

#include <cstdlib>

namespace weir::cli {

std::string default_cache(const std::string& of) {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    return std::string(cache) + "/weir/" + of;
  }
  const char* home = std::getenv("HOME");
  return home != nullptr && *home != '\0' ? std::string(home) + "/.cache/weir/" + of : "";
}

}  // namespace weir::cli
