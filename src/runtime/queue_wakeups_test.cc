#include "runtime/queue_wakeups.h"

#include <gtest/gtest.h>

#include <deque>

#include "runtime/trial_services.h"

namespace weir::runtime {
namespace {

// An event loop that keeps its tasks.
class TaskList final : public WorkerServices {
 public:
  Upstreams& upstreams() override { return trial_.upstreams(); }
  std::unique_ptr<Timer> make_timer(std::function<void()> on_expiry) override {
    return trial_.make_timer(std::move(on_expiry));
  }
  void post(std::function<void()> task) override { tasks.push_back(std::move(task)); }
  void run_one() {
    auto task = std::move(tasks.front());
    tasks.pop_front();
    task();
  }

  std::deque<std::function<void()>> tasks;

 private:
  TrialServices trial_;
};

class QueueWakeupsTest : public testing::Test {
 protected:
  TaskList loop;
  std::vector<uint32_t> told;
  std::shared_ptr<QueueWakeups> wakeups =
      std::make_shared<QueueWakeups>(loop, [this](uint32_t id) { told.push_back(id); });
};

TEST_F(QueueWakeupsTest, EachItemIsToldAndOneTaskWaitsAtATime) {
  for (int i = 0; i < 3; ++i) wakeups->notify(7);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(loop.tasks.size(), 1u);
    loop.run_one();
  }
  EXPECT_TRUE(loop.tasks.empty());
  EXPECT_EQ(told, std::vector<uint32_t>({7, 7, 7}));
}

TEST_F(QueueWakeupsTest, QueuesTakeTurns) {
  for (uint32_t id : {1u, 1u, 2u, 2u}) wakeups->notify(id);
  while (!loop.tasks.empty()) loop.run_one();
  EXPECT_EQ(told, std::vector<uint32_t>({1, 2, 1, 2}));
}

TEST_F(QueueWakeupsTest, NothingIsToldAfterStop) {
  wakeups->notify(1);
  wakeups->stop();
  wakeups->notify(1);
  EXPECT_EQ(loop.tasks.size(), 1u);
  loop.run_one();
  EXPECT_TRUE(told.empty());
}

TEST_F(QueueWakeupsTest, ATaskMayOutliveIt) {
  wakeups->notify(1);
  wakeups.reset();
  loop.run_one();
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace weir::runtime
