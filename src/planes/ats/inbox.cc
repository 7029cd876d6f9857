#include "planes/ats/inbox.h"

namespace weir::ats_plane {

Inbox::Inbox() : continuation_(TSContCreate(&Inbox::on_event, TSMutexCreate())) {
  TSContDataSet(continuation_, this);
}

void Inbox::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // An event is on its way already.
  }
  TSContScheduleOnThread(continuation_, 0, thread_);
}

int Inbox::on_event(TSCont continuation, TSEvent, void*) {
  auto& inbox = *static_cast<Inbox*>(TSContDataGet(continuation));
  std::vector<std::function<void()>> tasks;
  {
    const std::lock_guard lock(inbox.mutex_);
    tasks.swap(inbox.tasks_);
  }
  for (auto& task : tasks) task();
  return 0;
}

}  // namespace weir::ats_plane
