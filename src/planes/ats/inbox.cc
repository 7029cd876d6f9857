#include "planes/ats/inbox.h"

namespace weir::ats_plane {
namespace {

// A thread of our own that the server knows, until it ends. Scheduling takes a continuation's lock
// in the name of the present thread: in nobody's name the server would not lock it at all.
class KnownThread {
 public:
  KnownThread() : made_(TSThreadSelf() == nullptr ? TSThreadInit() : nullptr) {}
  ~KnownThread() {
    if (made_ != nullptr) TSThreadDestroy(made_);
  }
  KnownThread(const KnownThread&) = delete;
  KnownThread& operator=(const KnownThread&) = delete;

 private:
  const TSThread made_;
};

}  // namespace

Inbox::Inbox() : continuation_(TSContCreate(&Inbox::on_event, TSMutexCreate())) {
  TSContDataSet(continuation_, this);
}

void Inbox::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    if (tasks_.size() > 1) return;  // An event is on its way already.
  }
  static thread_local const KnownThread known;
  static_cast<void>(known);
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
