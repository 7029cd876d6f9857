#pragma once
// Envoy's main thread, where configurations live, as workers reach it.

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "planes/envoy/carrier.h"
#include "planes/envoy/timer_thread.h"

namespace weir::envoy_plane {

struct CalloutEnd;
struct RootCall;

// Work for the main thread is announced through any carrier that is alive. A call to a cluster
// belongs to one that can do it, and ends with it. One per process.
//
// Envoy destroys an HTTP filter's configuration on whichever thread lets go of it last, and with it
// the streams that it has begun, which are the main thread's. So one that is destroyed on a worker
// waits there, as its first act, until the main thread has reset its calls.
// Thread: any, unless said otherwise.
class MainThread {
 public:
  // Both outlive it. Thread: main.
  MainThread(Logger& logger, TimerThread& timers) : logger_(logger), timers_(timers) {}

  // Tasks run in order, soon; without a carrier, when there is one.
  void run(std::function<void()> task);
  // The same for a call, which fails at once where it cannot be.
  void run(const std::shared_ptr<RootCall>& call, std::function<void()> task);

  // Thread: main.
  void add(std::unique_ptr<Carrier> carrier);
  // Calls made through it fail. Returns when Envoy may destroy it. Thread: any of Envoy's.
  void remove(const void* config);

  // A carrier's event has come. Thread: main.
  void work();
  // A call has ended: what workers wait for need not wait for more. Thread: main.
  void reset_calls_of_leaving();

  // Envoy ends: calls that can be taken back are, and no more begin. Envoy aborts where it finds
  // some waiting for a connection as it takes itself apart. Thread: main, or another that the main
  // thread waits for.
  void close() { close_save(nullptr); }
  // The same where Envoy waits for `done`: it is called once no call is left that may wait for
  // another's connection, or after kLongestEnding. Thread: main.
  void close(std::function<void()> done);
  static constexpr Milliseconds kLongestEnding{10'000};

  // The thread of a worker has ended, as it does only when Envoy ends. Filters are not told of that
  // end: the next event of a call then is that of one whose connection Envoy closes, and the last
  // in which those can be reset that wait for it. Thread: any.
  void on_worker_end();

  // While it lives, the main thread is at work here for as long as it takes. Thread: main.
  class Occupied {
   public:
    explicit Occupied(MainThread& main) : main_(main) { main_.occupy(1); }
    ~Occupied() { main_.occupy(-1); }
    Occupied(const Occupied&) = delete;
    Occupied& operator=(const Occupied&) = delete;

   private:
    MainThread& main_;
  };

  // Begins what the call asks for, through some carrier, and knows it by its events afterwards.
  // Thread: main.
  void start(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& headers,
             bool end_of_stream);
  // More of its request. Thread: main.
  void send_data(const std::shared_ptr<RootCall>& call, std::string_view data, bool end_of_stream);
  void send_trailers(const std::shared_ptr<RootCall>& call, std::vector<ModuleHeader>& trailers);
  // Nobody waits for it any more. Thread: main.
  void reset(const std::shared_ptr<RootCall>& call);

  // The call of an event. Thread: main.
  std::shared_ptr<RootCall> find(const void* config, uint64_t id);
  // The same, and Envoy has forgotten it.
  std::shared_ptr<RootCall> take(const void* config, uint64_t id);
  // The end of a call of one request and one answer. Thread: main.
  void answer(const void* config, uint64_t id, const CalloutEnd& end);

 private:
  class Use;
  using CallKey = std::pair<const void*, uint64_t>;
  using Calls = std::vector<std::shared_ptr<RootCall>>;
  struct Task {
    std::function<void()> work;
    std::shared_ptr<RootCall> call;  // null: it can wait for a carrier
  };

  // With mutex_ held.
  void wake();
  Calls drop_tasks_of_calls();
  Calls calls_of(const void* config) const;
  bool is_needed(const void* config) const;
  Carrier* find_carrier(Carrier::Calls at_least) const;

  void occupy(int by);
  void wait_until_unneeded(std::unique_lock<std::mutex>& lock, const void* config);
  void reset_all(Calls calls, std::string_view why);
  std::shared_ptr<RootCall> forget(const void* config, uint64_t id);
  void close_save(const RootCall* saved);
  void close_after_workers(const RootCall* event);
  // With mutex_ held.
  bool may_wait_for_another() const;
  void let_end();
  // Null: it is not under way.
  std::optional<Use> use_carrier_of(const RootCall& call);
  void start_through(Use& carrier, const std::shared_ptr<RootCall>& call,
                     const CallRequest& request);
  void fail_without_way(const std::shared_ptr<RootCall>& call);

  const std::thread::id main_ = std::this_thread::get_id();
  Logger& logger_;
  TimerThread& timers_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;                 // calls_, in_use_
  std::vector<std::unique_ptr<Carrier>> carriers_;  // in the order of their making
  std::vector<std::unique_ptr<Carrier>> leaving_;   // a worker waits to destroy them
  const void* in_use_ = nullptr;                    // the main thread is in a call of this one
  int occupied_ = 0;
  std::vector<Task> tasks_;
  bool woken_ = false;
  bool closed_ = false;
  bool workers_end_ = false;
  bool has_told_ = false;  // that there is no way
  uint64_t started_ = 0;
  std::map<CallKey, std::shared_ptr<RootCall>> calls_;
  // Those that Envoy has and that cannot be taken back, whoever waits for them; with the cluster.
  std::map<CallKey, std::string> unary_;
  std::vector<std::function<void()>> ends_;  // Envoy waits for them to be called
};

// While it lives, the main thread may use the carrier: nobody destroys it.
class MainThread::Use {
 public:
  // With mutex_ held.
  Use(MainThread& main, Carrier& carrier)
      : main_(&main), carrier_(carrier), outer_(std::exchange(main.in_use_, carrier.config())) {}
  Use(Use&& other) noexcept
      : main_(std::exchange(other.main_, nullptr)),
        carrier_(other.carrier_),
        outer_(other.outer_) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (main_ == nullptr) return;
    const std::lock_guard lock(main_->mutex_);
    main_->in_use_ = outer_;
    main_->changed_.notify_all();
  }

  Carrier* operator->() const { return &carrier_; }

 private:
  MainThread* main_;
  Carrier& carrier_;
  const void* outer_;
};

}  // namespace weir::envoy_plane
