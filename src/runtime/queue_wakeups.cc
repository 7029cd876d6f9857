#include "runtime/queue_wakeups.h"

namespace weir::runtime {

QueueWakeups::QueueWakeups(WorkerServices& services, std::function<void(uint32_t)> on_ready)
    : on_ready_(std::move(on_ready)) {
  services.expect_posts();
  state_.lock()->services = &services;
}

void QueueWakeups::stop() {
  auto state = state_.lock();
  state->services = nullptr;
  state->due.clear();
}

void QueueWakeups::notify(uint32_t queue_id) {
  auto state = state_.lock();
  if (state->services == nullptr) return;
  ++state->due[queue_id];
  if (!state->posted) post(*state);
}

void QueueWakeups::post(State& state) {
  state.posted = true;
  state.services->post([weak = weak_from_this()] {
    if (auto self = weak.lock()) self->deliver();
  });
}

void QueueWakeups::deliver() {
  {
    auto state = state_.lock();
    state->posted = false;
    if (state->due.empty()) return;
    auto next = state->due.upper_bound(last_id_);
    if (next == state->due.end()) next = state->due.begin();
    last_id_ = next->first;
    if (--next->second == 0) state->due.erase(next);
    if (!state->due.empty()) post(*state);
  }
  on_ready_(last_id_);
}

}  // namespace weir::runtime
