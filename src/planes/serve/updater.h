#pragma once
// Takes new configurations and new plugins in while streams run, or leaves all as it is.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "planes/serve/file_watch.h"
#include "planes/serve/generation.h"
#include "planes/serve/worker_thread.h"
#include "runtime/host.h"

namespace weir::serve {

// What runs, and what became of the last attempts to change it.
struct UpdateStatus {
  std::shared_ptr<const Generation> generation;
  std::vector<uint16_t> ports;              // by listener
  std::vector<std::string> failed_reloads;  // by place: why the last one failed, or empty
  uint64_t version = 1;                     // counts generations
  uint64_t accepted = 0;                    // configurations since the start
  uint64_t rejected = 0;
  std::string rejection;  // of the last configuration; empty if it was accepted
};

// A change is all or nothing: only when every plugin of the next generation has compiled, started
// and been configured, on every worker, and every listener is bound, do new streams get it; streams
// under way end with what they began with. One change at a time, each on a thread of its own.
// Thread: any, save where something else is said.
class Updater {
 public:
  // All outlive it.
  struct Parts {
    runtime::Host& host;
    std::span<const std::unique_ptr<WorkerThread>> workers;
    std::filesystem::path base_dir;  // where relative paths of plugins start
    // The file that read_settings() reads; empty: the settings are what they are.
    std::filesystem::path config_file;
    FileState config_state;  // before it was first read
    std::function<Result<config::ServeSettings>()> read_settings;
    // The files to watch are others now. Called on the updater's thread.
    std::function<void()> on_files;
  };
  explicit Updater(Parts parts);
  // Ends a change that is under way first.
  ~Updater();

  // Takes the first configuration in. Blocks. To be called once, before all below.
  Done start(config::ServeSettings settings);

  // What depends on these files is read anew, soon; what goes wrong is logged.
  void files_changed(const std::vector<std::filesystem::path>& files);
  // The same for the configuration and all plugins.
  void reload_all();

  // The files whose change means another configuration or plugin.
  std::vector<FileWatch::File> watched_files() const { return *watched_.lock(); }

  UpdateStatus status() const { return *status_.lock(); }

 private:
  // What is to be looked at.
  struct Wanted {
    bool configuration = false;
    bool anew = false;  // even plugins that are the same
    std::set<size_t> places;

    bool any() const { return configuration || !places.empty(); }
  };

  void run(const std::stop_token& stop);
  void update(bool anew);
  void reload(size_t place);
  Result<Generation> load(config::ServeSettings settings, bool anew);
  Result<std::shared_ptr<const runtime::Plugin>> load_plugin(const config::PluginSettings& settings,
                                                             const PlacedPlugin* known);
  // Starts the generation on all workers, or on none.
  Done install(Generation next);
  void set_watched(const config::ServeSettings& running, const config::ServeSettings* rejected);
  void count(std::string_view name) const;
  void log(LogLevel level, const std::string& line) const { parts_.host.logger().log(level, line); }

  const Parts parts_;
  Guarded<UpdateStatus> status_;
  Guarded<std::vector<FileWatch::File>> watched_;
  std::map<std::filesystem::path, FileState> read_files_;  // as they were before they were read

  std::mutex mutex_;
  std::condition_variable_any woken_;
  Wanted wanted_;                                // guarded by mutex_
  std::set<std::filesystem::path> retry_files_;  // of a rejected configuration; guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::serve
