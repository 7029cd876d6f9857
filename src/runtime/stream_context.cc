#include "runtime/stream_context.h"

#include <algorithm>
#include <utility>

#include "runtime/plugin_context.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {

using abi::Callback;
using abi::Status;

StreamContext::StreamContext(VmInstance& vm, PluginContext& root, const Plugin& plugin,
                             InstanceLease lease)
    : ContextBase(vm, root),
      lease_(std::move(lease)),
      plugin_(plugin),
      fails_open_(plugin.options().failure_policy == FailurePolicy::FailOpen) {}

void StreamContext::create() {
  enroll();
  root().stream_added(plugin_);
  static_cast<void>(
      vm().call(Callback::OnContextCreate, *this, {static_cast<uint32_t>(root().id())}));
}

std::string_view StreamContext::log_prefix() const { return const_root().log_prefix(); }

abi::GuestAnswer StreamContext::call_for(Direction direction, Callback callback,
                                         abi::CallbackParams params) {
  resumed_itself_ = false;
  ended_stream_ = false;
  auto outer = std::exchange(calling_for_, direction);
  auto answer = vm().call(callback, *this, params);
  calling_for_ = outer;
  return mode_ == Mode::Running ? answer : abi::GuestAnswer(std::nullopt);
}

void StreamContext::want_resume(Direction direction) {
  resume_wanted_[index_of(direction)] = true;
  note_pending();
}

void StreamContext::apply_pending() {
  if (life_ == Life::AwaitingDone && done_asked_) {
    leave_waits();
    log_and_delete();
    stream_finished();
    return;
  }
  if (life_ != Life::Open) return;
  if (apply_end()) {
    ended_stream_ = true;
    // It goes no further.
    std::ranges::fill(resume_wanted_, false);
    return;
  }
  for (Direction direction : {Direction::Request, Direction::Response}) {
    if (!std::exchange(resume_wanted_[index_of(direction)], false)) continue;
    if (calling_for_ == direction) {
      resumed_itself_ = true;
    } else if (mode_ == Mode::Running) {
      resume_stream(direction);
    }
  }
}

Status StreamContext::done() {
  if (life_ != Life::Finishing && life_ != Life::AwaitingDone) return Status::NotFound;
  done_asked_ = true;
  note_pending();
  return Status::Ok;
}

bool StreamContext::finish_stream() {
  if (mode_ != Mode::Running) life_ = Life::Finished;
  if (life_ == Life::AwaitingDone) return false;
  if (life_ != Life::Open) return true;
  life_ = Life::Finishing;
  const auto done = vm().call(Callback::OnDone, *this, {}, 1);
  if (done && *done == 0 && !done_asked_) {
    wait_ = vm().done_waits().add(*this);
    if (wait_) {
      life_ = Life::AwaitingDone;
      return false;
    }
    log(LogLevel::Warn, "too many streams wait for proxy_done: this one ends without it");
  }
  log_and_delete();
  return true;
}

void StreamContext::log_and_delete() {
  life_ = Life::Finished;
  if (mode_ != Mode::Running) return;
  logging_ = true;
  static_cast<void>(vm().call(Callback::OnLog, *this, {}));
  if (mode_ == Mode::Running) static_cast<void>(vm().call(Callback::OnDelete, *this, {}));
  if (mode_ != Mode::Running) return;
  PluginContext& of = root();
  withdraw();
  of.stream_removed(plugin_);
}

void StreamContext::give_up_waiting() {
  log(LogLevel::Warn, "proxy_done has not been called: the stream ends without it");
  leave_waits();
  log_and_delete();
  stream_finished();
}

void StreamContext::leave_waits() {
  if (wait_) vm().done_waits().remove(*wait_);
  wait_.reset();
}

void StreamContext::destroy() {
  if (life_ == Life::Open) static_cast<void>(finish_stream());
  if (life_ == Life::AwaitingDone) {
    leave_waits();
    log_and_delete();
  }
  // The instance has failed, and is telling its contexts right now.
  if (attached()) withdraw();
}

void StreamContext::instance_failed(std::string_view reason) {
  mode_ = fails_open_ ? Mode::Bypassed : Mode::Failed;
  failure_ = reason;
}

void StreamContext::apply_failure() {
  leave_waits();
  withdraw();
  if (life_ == Life::AwaitingDone) {
    life_ = Life::Finished;
    stream_finished();
    return;
  }
  if (life_ != Life::Open) return;
  if (mode_ == Mode::Failed) {
    fail_stream(failure_);
    return;
  }
  for (Direction direction : {Direction::Request, Direction::Response}) {
    if (calling_for_ != direction) resume_stream(direction);
  }
}

}  // namespace weir::runtime
