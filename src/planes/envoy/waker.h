#pragma once
// Ways to have one of Envoy's threads look for work: what Envoy calls schedulers.

#include <utility>

namespace weir::envoy_plane {

// Thread: any. Not used once what it wakes through is gone.
class Waker {
 public:
  virtual ~Waker() = default;

  // An event of what it wakes through comes soon, on that one's thread.
  virtual void wake() = 0;
};

// One of Envoy's schedulers, by the functions for its kind.
template <typename Scheduler, auto Commit, auto Delete>
class SchedulerWaker final : public Waker {
 public:
  explicit SchedulerWaker(Scheduler* scheduler) : scheduler_(scheduler) {}
  ~SchedulerWaker() override { Delete(scheduler_); }
  SchedulerWaker(const SchedulerWaker&) = delete;
  SchedulerWaker& operator=(const SchedulerWaker&) = delete;

  void wake() override { Commit(scheduler_, 0); }

 private:
  Scheduler* scheduler_;
};

}  // namespace weir::envoy_plane
