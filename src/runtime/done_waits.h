#pragma once
// Streams that are over but for their plugin's proxy_done.

#include <list>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "runtime/worker_services.h"

namespace weir::runtime {

class StreamContext;

// A stream whose proxy_on_done answered false lives on until the guest calls proxy_done (ABI 0.2.1,
// "Lifetime"): but not for ever, and not in any number. Part of a VmInstance. Thread: its worker's.
class DoneWaits {
 public:
  static constexpr size_t kMostStreams = 10'000;
  static constexpr Milliseconds kLongest{60'000};

  // Both outlive it.
  DoneWaits(WorkerServices& services, const Clock& clock) : services_(services), clock_(clock) {}

  struct Wait {
    StreamContext* stream;
    Nanoseconds until;
  };
  using Place = std::list<Wait>::iterator;

  // StreamContext::give_up_waiting() is called when the time is over. Nothing: too many wait.
  std::optional<Place> add(StreamContext& stream);
  void remove(Place place) { waits_.erase(place); }

 private:
  void end_overdue();

  WorkerServices& services_;
  const Clock& clock_;
  std::list<Wait> waits_;         // the oldest first
  std::unique_ptr<Timer> timer_;  // runs while something waits
};

}  // namespace weir::runtime
