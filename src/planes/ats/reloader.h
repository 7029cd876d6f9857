#pragma once
// Reloads on a thread of their own: the server waits for nothing while code is fetched.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace weir::ats_plane {

// One reload at a time, where a newer wish breaks off what it takes the place of. Thread: any.
class Reloader {
 public:
  // `reload` is called on the thread, which the first wish starts; the stop is asked for when a
  // newer one is there, or the end.
  using Reload = std::function<void(const std::stop_token&)>;
  explicit Reloader(Reload reload) : reload_(std::move(reload)) {}
  // As end().
  ~Reloader() { end(); }

  void ask();
  // Returns when nothing is under way, and nothing begins any more.
  void end();

 private:
  void run(const std::stop_token& stop);

  const Reload reload_;
  std::mutex mutex_;
  std::condition_variable_any asked_for_;
  bool asked_ = false;          // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::stop_source under_way_;  // guarded by mutex_
  std::jthread thread_;         // guarded by mutex_
};

}  // namespace weir::ats_plane
