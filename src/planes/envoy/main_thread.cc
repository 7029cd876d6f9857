#include "planes/envoy/main_thread.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "planes/envoy/root_calls.h"

namespace weir::envoy_plane {
namespace {

// A worker waits so long for a main thread that is not at work in this module. When the process
// ends, it is at work nowhere: it waits for that worker. Where it cannot be woken, it is longer,
// for the calls may end meanwhile.
constexpr std::chrono::seconds kPatience{2};
constexpr std::chrono::seconds kPatienceWithoutWay{30};

}  // namespace

void MainThread::run(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back({std::move(task), nullptr});
  wake();
}

void MainThread::run(const std::shared_ptr<RootCall>& call, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_ && !carriers_.empty()) {
      tasks_.push_back({std::move(task), call});
      return wake();
    }
    if (closed_) return call->fail(RootCall::kEnding);
  }
  fail_without_way(call);
}

void MainThread::wake() {
  if (carriers_.empty() || std::exchange(woken_, true)) return;
  // The oldest may be about to go.
  carriers_.back()->waker().wake();
}

void MainThread::add(std::unique_ptr<Carrier> carrier) {
  const std::lock_guard lock(mutex_);
  carriers_.push_back(std::move(carrier));
  if (!tasks_.empty()) wake();
}

void MainThread::remove(const void* config) {
  std::unique_ptr<Carrier> gone;
  Calls failed;
  {
    std::unique_lock lock(mutex_);
    const auto found =
        std::ranges::find(carriers_, config, [](auto& one) { return one->config(); });
    if (found == carriers_.end()) return;
    gone = std::move(*found);
    carriers_.erase(found);
    // An event may have been on its way through this one.
    woken_ = false;
    if (std::this_thread::get_id() != main_ && is_needed(config)) {
      leaving_.push_back(std::move(gone));
      wake();
      wait_until_unneeded(lock, config);
      const auto left =
          std::ranges::find(leaving_, config, [](auto& one) { return one->config(); });
      gone = std::move(*left);
      leaving_.erase(left);
    }
    if (!tasks_.empty()) wake();
    failed = calls_of(config);
    const auto is_of_it = [&](auto& entry) { return entry.first.first == config; };
    std::erase_if(calls_, is_of_it);
    std::erase_if(unary_, is_of_it);
    if (carriers_.empty()) {
      Calls dropped = drop_tasks_of_calls();
      failed.insert(failed.end(), dropped.begin(), dropped.end());
    }
  }
  for (const auto& call : failed) call->fail(RootCall::kCarrierGone);
  let_end();
}

void MainThread::wait_until_unneeded(std::unique_lock<std::mutex>& lock, const void* config) {
  while (is_needed(config) && !workers_end_) {
    const auto patience = carriers_.empty() ? kPatienceWithoutWay : kPatience;
    const auto woken = changed_.wait_for(lock, patience);
    // The main thread waits for this one, or for another that comes before it.
    if (woken == std::cv_status::timeout && occupied_ == 0 && in_use_ == nullptr) return;
  }
}

bool MainThread::is_needed(const void* config) const {
  const auto first = calls_.lower_bound({config, 0});
  return in_use_ == config || (first != calls_.end() && first->first.first == config);
}

MainThread::Calls MainThread::calls_of(const void* config) const {
  Calls found;
  for (auto at = calls_.lower_bound({config, 0}); at != calls_.end() && at->first.first == config;
       ++at) {
    found.push_back(at->second);
  }
  return found;
}

MainThread::Calls MainThread::drop_tasks_of_calls() {
  Calls dropped;
  std::erase_if(tasks_, [&](Task& task) {
    if (task.call == nullptr) return false;
    dropped.push_back(std::move(task.call));
    return true;
  });
  return dropped;
}

void MainThread::occupy(int by) {
  const std::lock_guard lock(mutex_);
  occupied_ += by;
}

void MainThread::work() {
  const Occupied here(*this);
  std::vector<Task> tasks;
  {
    const std::lock_guard lock(mutex_);
    woken_ = false;
    tasks.swap(tasks_);
  }
  reset_calls_of_leaving();
  for (Task& task : tasks) {
    task.work();
    reset_calls_of_leaving();
  }
}

void MainThread::reset_calls_of_leaving() {
  Calls calls;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& carrier : leaving_) {
      const Calls some = calls_of(carrier->config());
      calls.insert(calls.end(), some.begin(), some.end());
    }
  }
  reset_all(std::move(calls), RootCall::kCarrierGone);
}

// The newest first: what waits for a connection is gone before the connection that it waits for.
void MainThread::reset_all(Calls calls, std::string_view why) {
  std::ranges::sort(calls, std::greater(), [](auto& call) { return call->started; });
  for (const auto& call : calls) {
    reset(call);
    call->fail(why);
  }
}

}  // namespace weir::envoy_plane
