#pragma once
// The plugins of one line in the server's configuration.

#include <atomic>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "planes/ats/generation.h"

namespace weir::ats_plane {

// A line of plugin.config, or a plugin of a remap rule: files, and what they have come to. Shared
// by the server's rule and by transactions. Thread: any.
class PluginSet {
 public:
  // `folder` is where relative paths start. load() comes before all else.
  PluginSet(runtime::Host& host, fetch::CodeFetcher& fetcher, std::vector<std::string> files,
            std::string folder)
      : host_(host), fetcher_(fetcher), folder_(std::move(folder)) {
    use(std::move(files));
  }

  // Takes the files as they are now. On an error, as after a stop, everything stays as it was.
  Done load(Occasion occasion, const std::stop_token& stop);

  // Counts successful loads.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  std::shared_ptr<const Generation> generation() const { return *generation_.lock(); }

  std::vector<std::string> files() const { return *files_.lock(); }
  // The next load takes these.
  void use(std::vector<std::string> files) { *files_.lock() = std::move(files); }

  // No transaction begins with it any more.
  void retire() { retired_.store(true, std::memory_order_release); }
  bool is_retired() const { return retired_.load(std::memory_order_acquire); }

 private:
  runtime::Host& host_;
  fetch::CodeFetcher& fetcher_;
  const std::string folder_;
  std::mutex loading_;  // one at a time
  std::atomic<uint64_t> version_ = 0;
  std::atomic<bool> retired_ = false;
  Guarded<std::vector<std::string>> files_;
  Guarded<std::shared_ptr<const Generation>> generation_;
};

}  // namespace weir::ats_plane
