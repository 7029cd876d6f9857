#pragma once
// Many time-outs of few different lengths, at the price of two list operations each.

#include <boost/intrusive/list.hpp>
#include <map>
#include <memory>

#include "base/clock.h"
#include "runtime/worker_services.h"

namespace weir::serve {

// Coarse time-outs: one may come late by a sixteenth of its length, of at least 2 ms and at most
// kTick, or by kTick where it is long; never early. Thread: its worker's.
class TimeoutQueue {
 public:
  static constexpr Milliseconds kTick{100};

  // What waits for a time-out. Destroying it stops it.
  class Entry : public boost::intrusive::list_base_hook<
                    boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
   public:
    // May start() and stop() this and any other entry, and destroy them.
    virtual void on_timeout() = 0;

    void stop() { unlink(); }

   protected:
    ~Entry() = default;

   private:
    friend TimeoutQueue;
    Nanoseconds deadline_{};
  };

  // Both outlive the queue.
  TimeoutQueue(const Clock& clock, runtime::WorkerServices& services);

  // Calls entry.on_timeout() once, after `delay`; an earlier start() is forgotten. Reads the clock
  // for short delays only.
  void start(Entry& entry, Milliseconds delay);

  // The true time: reads the clock.
  Nanoseconds now() const { return clock_.monotonic(); }

  // At most kTick old while some entry waits: costs nothing.
  Nanoseconds coarse_now() const { return now_; }

 private:
  using List = boost::intrusive::list<Entry, boost::intrusive::constant_time_size<false>>;

  void tick();
  void tick_in(Milliseconds interval);

  const Clock& clock_;
  std::unique_ptr<runtime::Timer> timer_;
  Milliseconds interval_{};  // zero: nothing waits
  Nanoseconds now_{};        // at the last tick: a request does not read the clock for its time-out
  std::map<Milliseconds, List> by_delay_;  // each in order of deadline
};

}  // namespace weir::serve
