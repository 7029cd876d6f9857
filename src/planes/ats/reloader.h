#pragma once
// Reloads, of which a newer one takes the place of the one before.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <utility>

namespace weir::ats_plane {

// It has no thread: what is counted while plugins are loaded can be counted on the server's threads
// alone. Thread: any.
class Reloader {
 public:
  // The stop is asked for when a newer reload is wanted, or the end has come.
  using Reload = std::function<void(const std::stop_token&)>;
  explicit Reloader(Reload reload) : reload_(std::move(reload)) {}

  // Breaks off what is under way. Whoever asks has run() called afterwards.
  void ask();
  // Reloads here, if somebody has asked and nobody does it already.
  void run();
  // Returns when nothing is under way, and nothing begins any more. Not to be called in a reload.
  void end();

 private:
  const Reload reload_;
  std::mutex mutex_;
  std::condition_variable settled_;
  bool asked_ = false;          // guarded by mutex_
  bool running_ = false;        // guarded by mutex_
  bool ending_ = false;         // guarded by mutex_
  std::stop_source under_way_;  // guarded by mutex_
};

}  // namespace weir::ats_plane
