#include "planes/ats/thread_sweep.h"

#include <memory>
#include <mutex>
#include <set>

#include "planes/ats/server_api.h"

namespace weir::ats_plane {
namespace {

// The server spreads continuations over its threads in turn, while others take turns too. So there
// are some rounds of many of them, until a round comes to no thread that is new.
constexpr int kRound = 64;

struct Sweep {
  std::function<void()> task;
  std::mutex mutex;
  std::set<TSEventThread> seen;
  size_t seen_before = 0;  // this round
  int under_way = 0;
};

struct Visit {
  std::shared_ptr<Sweep> sweep;
};

int on_visit(TSCont continuation, TSEvent event, void* data);

void start_round(const std::shared_ptr<Sweep>& sweep) {
  sweep->under_way = kRound;
  sweep->seen_before = sweep->seen.size();
  for (int i = 0; i < kRound; ++i) {
    // A continuation stays with its first thread: each visit has its own.
    TSCont continuation = TSContCreate(&on_visit, TSMutexCreate());
    TSContDataSet(continuation, new Visit{sweep});
    TSContScheduleOnPool(continuation, 0, TS_THREAD_POOL_NET);
  }
}

int on_visit(TSCont continuation, TSEvent, void*) {
  const std::unique_ptr<Visit> visit(static_cast<Visit*>(TSContDataGet(continuation)));
  TSContDestroy(continuation);
  Sweep& sweep = *visit->sweep;
  bool is_new = false;
  {
    const std::lock_guard lock(sweep.mutex);
    is_new = sweep.seen.insert(TSEventThreadSelf()).second;
  }
  if (is_new) sweep.task();
  const std::lock_guard lock(sweep.mutex);
  if (--sweep.under_way == 0 && sweep.seen.size() > sweep.seen_before) start_round(visit->sweep);
  return 0;
}

}  // namespace

void sweep_event_threads(std::function<void()> task) {
  auto sweep = std::make_shared<Sweep>();
  sweep->task = std::move(task);
  const std::lock_guard lock(sweep->mutex);
  start_round(sweep);
}

}  // namespace weir::ats_plane
