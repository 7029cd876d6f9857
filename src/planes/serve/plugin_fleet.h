#pragma once
// The plugins of the process on all its workers: loaded at the start, replaced while streams run.

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "planes/serve/worker_thread.h"

namespace weir::serve {

// Every plugin of every listener has a place. Replacing one is all or nothing: only when the new
// code has compiled, started and been configured, on every worker, do new streams get it; streams
// under way end with what they began with. Thread: any, save where something else is said.
class PluginFleet {
 public:
  // `host` and `workers` outlive it. `base_dir` is where relative paths start.
  PluginFleet(runtime::Host& host, std::vector<config::PluginSettings> plugins,
              std::filesystem::path base_dir,
              std::span<const std::unique_ptr<WorkerThread>> workers);
  // Ends a load that is under way first.
  ~PluginFleet();

  // Loads every plugin and starts it on every worker. Blocks. To be called once, before all below.
  Done start();

  // Replaces these plugins, soon, on a thread of its own; what goes wrong is logged.
  void reload(std::span<const size_t> places);
  void reload_all();

  // The files whose change means another plugin, and the places that use each.
  struct WatchedFile {
    std::filesystem::path path;
    std::vector<size_t> places;
  };
  std::vector<WatchedFile> watched_files() const;

  struct Entry {
    std::shared_ptr<const runtime::Plugin> plugin;
    uint64_t reloads = 0;
    std::string failed_reload;  // why the last one failed; empty if it did not
  };
  std::vector<Entry> entries() const { return *entries_.lock(); }

 private:
  void run(const std::stop_token& stop);
  void reload_now(size_t place);
  Result<std::shared_ptr<const runtime::Plugin>> load(size_t place) const;
  Result<std::shared_ptr<const runtime::Plugin>> read_and_load(
      const config::PluginSettings& settings) const;
  Done install(size_t place, std::shared_ptr<const runtime::Plugin> plugin);

  runtime::Host& host_;
  const std::vector<config::PluginSettings> settings_;
  const std::filesystem::path base_dir_;
  const std::span<const std::unique_ptr<WorkerThread>> workers_;
  Guarded<std::vector<Entry>> entries_;

  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::set<size_t> waiting_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::serve
