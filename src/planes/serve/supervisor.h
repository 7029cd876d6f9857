#pragma once
// What systemd is told of a service of Type=notify, or any supervisor that speaks the same
// (sd_notify(3)).

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "planes/serve/inheritance.h"

namespace weir::serve {

// Thread: any.
class Supervisor {
 public:
  // Without NOTIFY_SOCKET nobody is told. `logger` outlives it.
  Supervisor(const ReadVariable& variable, pid_t self, Logger& logger);

  // Lines of NAME=VALUE. What cannot be told is a warning.
  void tell(std::string_view state) const;

  // "RELOADING=1" and the time that goes with it; READY=1 is to follow.
  void tell_reloading() const;

  // How often it wants to hear WATCHDOG=1, at the latest; nothing: never.
  std::optional<Milliseconds> watchdog() const { return watchdog_; }

 private:
  const std::string socket_;
  std::optional<Milliseconds> watchdog_;
  Logger& logger_;
};

}  // namespace weir::serve
