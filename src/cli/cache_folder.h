#pragma once
// Where things are kept between runs.

#include <cstdint>
#include <string>

#include "base/file_cache.h"
#include "fetch/http_client.h"

namespace weir::cli {

inline constexpr uint64_t kCodeCacheBytes = 1ull << 30;

// The folder of compiled code ("code") and the like unless told otherwise; empty where the user has
// no home.
std::string default_cache(const std::string& of);

// What a user says a cache's folder is; empty: none, as is "off".
std::string folder_or_none(std::string said);

// What the environment's variable says, where "off" is none (empty); `by_default` where it is not
// set.
std::string chosen_cache(const char* variable, std::string by_default);

// The cache of code that was fetched.
FileCache::Settings fetch_cache_settings(std::string folder);

// Whom a plugin's host inside another program trusts when it fetches code: the certificates that
// WEIR_FETCH_CA_FILE names, else the system's.
fetch::HttpClient::Trust fetch_trust();

}  // namespace weir::cli
