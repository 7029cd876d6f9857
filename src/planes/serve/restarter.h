#pragma once
// Puts a new process in the place of this one (SIGUSR2), which goes on until the new one serves.

#include <functional>
#include <memory>
#include <optional>

#include "base/log.h"
#include "planes/serve/successor.h"
#include "planes/serve/updater.h"

namespace weir::serve {

// Thread: the one that runs `io`.
class Restarter {
 public:
  // All outlive it.
  struct Parts {
    asio::io_context& io;
    Updater& updater;
    Logger& logger;
    std::optional<Program> program;  // without it, no process is started
    // What the new process gets; while it is asked, and until it serves, nothing is updated.
    std::function<Legacy()> legacy;
    // The process that is told serves in place of this one.
    std::function<void(pid_t)> on_replaced;
    // This one goes on.
    std::function<void()> on_failed;
  };
  explicit Restarter(Parts parts) : parts_(std::move(parts)) {}

  // What goes wrong is logged.
  void begin();
  // This process ends: one that is about to take its place does so too.
  void give_up();

 private:
  void start();
  void judge(Done verdict);
  void fail(const Error& why);
  void log(LogLevel level, const std::string& line) { parts_.logger.log(level, line); }

  const Parts parts_;
  std::unique_ptr<Successor> successor_;
  bool under_way_ = false;
};

}  // namespace weir::serve
