#pragma once
// `weir serve`: workers, plugins, admin address, signals.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "config/bootstrap.h"
#include "fetch/code_fetcher.h"
#include "planes/serve/inheritance.h"
#include "planes/serve/successor.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace weir::serve {

struct ServerOptions {
  config::ServeSettings settings;
  // Reads the settings, now and whenever they may be others; null: `settings` it is. Thread: any.
  std::function<Result<config::ServeSettings>()> read_settings;
  std::filesystem::path config_file;      // what read_settings() reads; empty: no file
  std::string version;                    // of the program, for people
  std::filesystem::path base_dir;         // where relative paths of plugins start
  fetch::CodeFetcher* fetcher = nullptr;  // for remote code, which is refused without; outlives
                                          // the server
  size_t workers = 1;
  Milliseconds drain_time{10'000};
  bool watch_files = true;
  // What SIGUSR2 starts in place of this process; without it SIGUSR2 is refused.
  std::optional<Program> program;
  // The environment: what is inherited, and who is told how the process fares. Null: neither.
  ReadVariable variable;
  std::filesystem::path pid_file;  // holds the process's number while it serves; empty: no file
};

// Thread: the one that made it.
class Server {
 public:
  // Loads the plugins, starts the workers, binds every address, and logs what listens where. Where
  // code has to be fetched first all but the admin address comes later, while run() runs. Signals
  // are kept for run() from before the first connection is taken. Both references outlive the
  // server.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, runtime::Host& host,
                                               runtime::MetricStore& metrics);
  virtual ~Server() = default;

  // Serves until SIGTERM or SIGINT, then lets streams end for as long as the drain time; a second
  // signal ends the process at once. SIGUSR1 opens access logs anew, SIGHUP reads the configuration
  // and all plugins anew. SIGUSR2 starts the program anew with the listening sockets; once that
  // serves this one ends as by SIGTERM, and before that not. Where the first configuration waited
  // for code, the error tells why it cannot serve after all.
  virtual Done run() = 0;

  // Where the listener at that place of the settings listens; 0: not yet.
  virtual uint16_t port(size_t listener) const = 0;
  // 0 where there is no admin address.
  virtual uint16_t admin_port() const = 0;
  // As SIGTERM. Thread: any.
  virtual void shut_down() = 0;
};

}  // namespace weir::serve
