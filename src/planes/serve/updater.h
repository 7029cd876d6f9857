#pragma once
// Takes new configurations and new plugins in while streams run, or leaves all as it is.

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/guarded.h"
#include "planes/serve/generation_loader.h"
#include "planes/serve/healing.h"
#include "planes/serve/worker_thread.h"

namespace weir::serve {

// What runs, and what became of the last attempts to change it.
struct UpdateStatus {
  std::shared_ptr<const Generation> generation;  // null: the first one waits for its code
  std::vector<uint16_t> ports;                   // by listener
  std::vector<std::string> failed_reloads;       // by place: why the last one failed, or empty
  uint64_t version = 0;                          // counts generations
  uint64_t accepted = 0;                         // configurations since the start
  uint64_t rejected = 0;
  std::string rejection;             // of the last configuration; empty if it was accepted
  std::vector<std::string> awaited;  // uris of code that the next configuration waits for
};

// A change is all or nothing: only when every plugin of the next generation has compiled, started
// and been configured, on every worker, and every listener is bound, do new streams get it; streams
// under way end with what they began with. So it is where a plugin's file changes, for all plugins
// that are made of it. One change at a time, on a thread of its own; a newer
// configuration takes the place of one that still waits for code.
//
// The first configuration may do without code that does not come: streams get what the failure
// policy says, and the code is tried for again and again. A later one is rejected instead.
//
// Thread: any, save where something else is said.
class Updater {
 public:
  // All outlive it.
  struct Parts {
    runtime::Host& host;
    std::span<const std::unique_ptr<WorkerThread>> workers;
    const planes::CodeSupply& supply;
    LogFiles& log_files;
    // The file that read_settings() reads; empty: the settings are what they are.
    std::filesystem::path config_file;
    FileState config_state;  // before it was first read
    std::function<Result<config::ServeSettings>()> read_settings;
    // The first generation is made: streams may come from here on. Called once, by start().
    std::function<void()> on_first;
    // The files to watch are others now. Called on the updater's thread.
    std::function<void()> on_files;
    // What was asked of it has been done, or refused. Called on the updater's thread.
    std::function<void()> on_settled;
    // Of the first configuration.
    OnMissing on_missing = OnMissing::DoWithout;
  };
  explicit Updater(Parts parts);
  // As end(), and waits for it.
  ~Updater();

  // Takes the first configuration in. Blocks, unless code has to be fetched: then `on_started` is
  // told later, on the updater's thread, and before that not. So it is, too, where the start fails
  // for code that is fetched for the next one. To be called once, before all below.
  enum class Started : uint8_t { Serves, Waits };
  Result<Started> start(config::ServeSettings settings, std::function<void(Done)> on_started);

  // What depends on these files is read anew, soon; what goes wrong is logged.
  void files_changed(const std::vector<std::filesystem::path>& files);
  // The same for the configuration and all plugins.
  void reload_all();
  // Says that such a file cannot be read any more, which changes nothing, or without a reason that
  // it can again and is the same.
  void log_absence(const std::filesystem::path& file, const std::string& why);

  // Changes nothing any more from some moment on, which is when `held` is called, on the updater's
  // thread, until it is told to go on. Not while the first configuration waits for its code.
  void hold(std::function<void()> held);
  void go_on();

  // Changes nothing any more: what is under way is broken off where it is tried out. It goes on as
  // long as a module compiles, or a worker starts it.
  void end();

  // The files whose change means another configuration or plugin.
  std::vector<FileWatch::File> watched_files() const { return *watched_.lock(); }

  UpdateStatus status() const { return *status_.lock(); }

 private:
  // What is to be looked at.
  struct Wanted {
    bool configuration = false;
    bool anew = false;  // even plugins that are the same
    bool all_plugins = false;
    std::set<std::filesystem::path> files;  // of plugins
    std::function<void()> hold;             // null: nobody asks for it

    bool plugins() const { return all_plugins || !files.empty(); }
    bool any() const { return configuration || plugins() || hold != nullptr; }
  };
  void run(const std::stop_token& stop);
  // The error of a start, when what is fetched for the next start is there, or is not.
  Error after_fetches(Error error, const std::stop_token& stop) const;
  // False: the process ends.
  bool start_later(const std::stop_token& stop);
  std::optional<Wanted> next_wanted(const std::stop_token& stop);
  void update(bool anew, const std::stop_token& stop);
  Result<Draft> read_draft(bool anew, config::ServeSettings& settings);
  void reload_wanted(const Wanted& wanted, const std::stop_token& stop);
  // Plugins of one file change together, or none of them does: they may share a VM, and each is to
  // have the same code as the other.
  void reload(const std::vector<size_t>& places, std::optional<std::string> code,
              const std::stop_token& stop);

  // Until it is ready, a stop is asked for, or healing_ is to be polled. `lock` is mutex_'s.
  void sleep(std::unique_lock<std::mutex>& lock, const std::stop_token& stop,
             const std::function<bool()>& ready);
  // Waits for the draft's code, and does what else is wanted meanwhile: plugins that are without
  // their code heal, too.
  enum class Waited : uint8_t { Complete, Superseded, Stopped };
  Waited wait_for(Draft& draft, const std::stop_token& stop);

  // Starts the generation on all workers, or on none.
  Done install(Generation next);
  void accepted();
  void rejected(const Error& why, const config::ServeSettings& what);

  void heal(const std::stop_token& stop);
  // Until go_on().
  void stand_still(const std::function<void()>& held, const std::stop_token& stop);

  void set_watched(const config::ServeSettings& rejected);
  void wake();
  void count(std::string_view name) const;
  void log(LogLevel level, const std::string& line) const { parts_.host.logger().log(level, line); }

  const Parts parts_;
  Guarded<UpdateStatus> status_;
  Guarded<std::vector<FileWatch::File>> watched_;

  std::mutex mutex_;
  std::condition_variable_any woken_;
  Wanted wanted_;                                // guarded by mutex_
  bool standing_still_ = false;                  // likewise
  std::set<std::filesystem::path> retry_files_;  // of a rejected configuration; guarded by mutex_
  std::set<std::filesystem::path> tls_files_;    // of the running one; likewise

  // The updater's thread's, once it runs.
  GenerationLoader loader_;
  std::optional<Draft> first_;
  std::function<void(Done)> on_started_;
  Healing healing_;
  std::jthread thread_;
};

}  // namespace weir::serve
