// The end of Envoy, as its main thread's calls see it.

#include <algorithm>
#include <set>
#include <utility>

#include "planes/envoy/main_thread.h"
#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {
namespace {

// As many calls as fill two connections of HTTP/2, at the least limit that RFC 9113 recommends.
constexpr std::ptrdiff_t kCallsOfFullConnections = 200;

// Whether those to this cluster may fill connections of HTTP/2. One that is full no more when Envoy
// is destroying its pool is one that the pool forgets, and Envoy ends by a signal (ADR 24).
bool may_fill_http2(const std::vector<std::shared_ptr<RootCall>>& calls,
                    const std::string& cluster) {
  const auto is_there = [&](const auto& call) { return call->cluster == cluster; };
  return std::ranges::count_if(calls, is_there) >= kCallsOfFullConnections ||
         std::ranges::any_of(
             calls, [&](const auto& call) { return is_there(call) && call->needs_stream; });
}

}  // namespace

void MainThread::on_worker_end() {
  const std::lock_guard lock(mutex_);
  workers_end_ = true;
  changed_.notify_all();
}

void MainThread::close_after_workers(const RootCall* event) {
  {
    const std::lock_guard lock(mutex_);
    if (!workers_end_ || closed_) return;
  }
  close_save(event);
}

void MainThread::close_save(const RootCall* saved) {
  Calls dropped;
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped = drop_tasks_of_calls();
    for (const auto* list : {&carriers_, &leaving_}) {
      for (const auto& carrier : *list) {
        if (carrier->calls() != Carrier::Calls::Streams) continue;
        const Calls some = calls_of(carrier->config());
        calls.insert(calls.end(), some.begin(), some.end());
      }
    }
    if (saved != nullptr) {
      const bool spares = may_fill_http2(calls, saved->cluster);
      std::erase_if(calls, [&](const auto& call) {
        return call.get() == saved || (spares && call->cluster == saved->cluster);
      });
    }
  }
  for (const auto& call : dropped) call->fail(RootCall::kEnding);
  reset_all(std::move(calls), RootCall::kEnding);
}

void MainThread::close(std::function<void()> done) {
  close();
  size_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    ends_.push_back(std::move(done));
    if (may_wait_for_another()) left = unary_.size();
    if (ends_.size() > 1) return;
  }
  if (left == 0) return let_end();
  logger_.log(LogLevel::Info, "the end of Envoy waits for " + std::to_string(left) +
                                  " calls of plugins, which cannot be taken back, for at most " +
                                  std::to_string(kLongestEnding.count() / 1000) + " s");
  timers_.add(kLongestEnding, [this] {
    run([this] {
      {
        const std::lock_guard lock(mutex_);
        unary_.clear();
      }
      let_end();
    });
  });
}

// On this thread a cluster's first call has a connection made for it, however many there may be.
bool MainThread::may_wait_for_another() const {
  std::set<std::string_view> clusters;
  return std::ranges::any_of(
      unary_, [&](const auto& call) { return !clusters.insert(call.second).second; });
}

void MainThread::let_end() {
  // Elsewhere Envoy is not waiting.
  if (std::this_thread::get_id() != main_) return;
  std::vector<std::function<void()>> ends;
  {
    const std::lock_guard lock(mutex_);
    if (may_wait_for_another()) return;
    ends.swap(ends_);
  }
  for (const auto& done : ends) done();
}

}  // namespace weir::envoy_plane
