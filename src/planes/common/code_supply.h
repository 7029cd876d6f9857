#pragma once
// Where the code of plugins comes from: files and the configuration at once, servers in their time.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "config/plugin_config.h"
#include "fetch/code_fetcher.h"

namespace weir::runtime {
class Metrics;
}

namespace weir::planes {

// What is to be fetched. BadConfig where the uri and the hash do not make a source; the error of
// reading the pull secret, which lies at `base_dir` if its path is relative.
Result<fetch::Source> make_source(const config::RemoteFile& file,
                                  const std::filesystem::path& base_dir);

// What a plane has one of. Errors begin with the place of the field that they are about, where a
// file says it, and the plugin's name. Thread: any.
class CodeSupply {
 public:
  // The way to the servers of a cluster of the configuration. Thread: any.
  using FindRoute = std::function<Result<std::shared_ptr<const fetch::Route>>(
      const std::shared_ptr<const config::Cluster>&)>;
  // `fetcher` outlives it; null: code from elsewhere is refused. `base_dir` is where relative paths
  // start. Without `find_route` code is fetched by its uri alone.
  CodeSupply(fetch::CodeFetcher* fetcher, std::filesystem::path base_dir,
             FindRoute find_route = nullptr);

  // The code, if it is at hand: in a file, the configuration, or the cache. Empty: it is to be
  // fetched. The error says why it cannot be read; of a plugin with nack_on_code_cache_miss, that
  // it is not in the cache: a fetch has begun, and a later find() may bring it.
  Result<std::optional<std::string>> find(const config::PluginSettings& plugin) const;

  // For a plugin whose code find() has not brought. `done` is called once, on a thread of the
  // fetcher's, when the code is there or has failed for good: its retries are over. They are over,
  // too, and `done` may not be called, when `wanted` says no, as in CodeFetcher::fetch().
  using OnDone = std::function<void(Result<std::string>)>;
  void fetch(const config::PluginSettings& plugin, OnDone done,
             fetch::CodeFetcher::Wanted wanted = nullptr) const;

  // find(), and if need be fetch(), blocking. A stop ends the waiting.
  Result<std::string> wait_for(const config::PluginSettings& plugin,
                               const std::stop_token& stop = {}) const;

  // For a process that ends with the error of find(), before anything serves: where a fetch has
  // begun for the next try, waits for it as long as one request may take; the error tells, too,
  // what the next start will find.
  Error after_fetch(const config::PluginSettings& plugin, Error error,
                    const std::stop_token& stop = {}) const;

  // As CodeFetcher's.
  fetch::CodeFetcher::Background finish(const std::stop_token& stop) const;
  bool is_fetching() const { return fetcher_ != nullptr && fetcher_->is_fetching(); }

  // Writes wasm.remote_load_*, named as in Envoy.
  void report(runtime::Metrics& metrics) const;

  const std::filesystem::path& base_dir() const { return base_dir_; }

 private:
  // Of a plugin whose code is remote.
  Result<fetch::Source> source_of(const config::PluginSettings& plugin) const;
  // Of one whose code is not.
  Result<std::string> read_local(const config::PluginSettings& plugin) const;

  fetch::CodeFetcher* const fetcher_;
  const std::filesystem::path base_dir_;
  const FindRoute find_route_;
};

}  // namespace weir::planes
