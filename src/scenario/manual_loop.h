#pragma once
// A worker's event loop whose time a scenario moves.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/function_ref.h"
#include "base/guarded.h"
#include "runtime/worker_services.h"

namespace weir::scenario {

// Timers that are due at one moment run in the order in which they were started. Thread: the
// scenario's, save post().
class ManualLoop final : public runtime::WorkerServices {
 public:
  using Hosts = std::map<std::string, std::vector<std::string>, std::less<>>;

  // `hosts` has the addresses of names. Both outlive it.
  ManualLoop(ManualClock& clock, const Hosts& hosts) : clock_(clock), hosts_(hosts) {}

  // Takes it before anything asks for it; it outlives the loop.
  void set_upstreams(runtime::Upstreams& upstreams) { upstreams_ = &upstreams; }

  // Runs what is to be done now: tasks, and timers of no time.
  void run();

  // Moves the clock; timers that come due on the way run at their time.
  void advance(Milliseconds by);

  // Moves the clock from timer to timer until `done` holds, or else by all of `limit`. False: it
  // does not hold.
  bool advance_until(Milliseconds limit, FunctionRef<bool()> done);

  // runtime::WorkerServices
  runtime::Upstreams& upstreams() override { return *upstreams_; }
  std::unique_ptr<runtime::Timer> make_timer(std::function<void()> on_expiry) override;
  bool resolve(std::string host,
               std::function<void(std::vector<std::string> addresses)> on_resolved) override;
  void post(std::function<void()> task) override { tasks_.lock()->push_back(std::move(task)); }

 private:
  class ManualTimer;
  // By the moment, then by the order of their start.
  using Due = std::pair<Nanoseconds, uint64_t>;

  void run_tasks();
  // Moves the clock to the next timer that is due by then, and runs it. False: none is.
  bool run_timer(Nanoseconds by);

  ManualClock& clock_;
  const Hosts& hosts_;
  runtime::Upstreams* upstreams_ = nullptr;
  uint64_t started_ = 0;
  std::map<Due, ManualTimer*> timers_;
  Guarded<std::deque<std::function<void()>>> tasks_;
};

}  // namespace weir::scenario
