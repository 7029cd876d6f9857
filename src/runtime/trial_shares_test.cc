#include "runtime/trial_shares.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

using abi::Status;

class TrialSharesTest : public testing::Test {
 protected:
  TrialSharesTest() { limits.max_shared_data_bytes = limits.max_queue_bytes = 10'000; }

  std::string value_of(std::string_view key) const {
    const auto value = trial.get(key);
    return value ? *value->bytes : "(nothing)";
  }

  SharedData data;
  SharedQueues queues;
  std::shared_ptr<SharedStore> store = data.store("vm");
  std::shared_ptr<SharedQueues::Group> group = queues.group("vm");
  CallLimits limits;
  TrialShares trial{*store, queues, limits};
};

TEST_F(TrialSharesTest, WhatIsSetIsSetForAllAsOnEnvoy) {
  EXPECT_EQ(trial.set("key", "value", 0), Status::Ok);
  EXPECT_EQ(*store->get("key")->bytes, "value");
  EXPECT_EQ(trial.set("key", "other", store->get("key")->cas + 1), Status::CasMismatch);
  EXPECT_EQ(value_of("key"), "value");
}

TEST_F(TrialSharesTest, WhatThoseThatServeMayNotSetIsTheTrialsAlone) {
  const SharedStore::Serving serving(*store, 1'000);
  EXPECT_EQ(store->set("key", "served", 0, 1'000), Status::Ok);
  const std::string large(5'000, 'x');
  EXPECT_EQ(trial.set("key", large, store->get("key")->cas), Status::Ok);
  EXPECT_EQ(value_of("key"), large);
  EXPECT_EQ(*store->get("key")->bytes, "served");
  EXPECT_LT(store->bytes(), 1'000u);
  EXPECT_EQ(trial.set("key", "too late", store->get("key")->cas), Status::CasMismatch);
  EXPECT_EQ(trial.set("key", "its own", trial.get("key")->cas), Status::Ok);
  EXPECT_EQ(value_of("key"), "its own");
}

TEST_F(TrialSharesTest, ItKeepsToItsOwnBound) {
  const SharedStore::Serving serving(*store, 1'000);
  EXPECT_EQ(trial.set("large", std::string(20'000, 'x'), 0), Status::InternalFailure);
  EXPECT_EQ(trial.set("one", std::string(6'000, 'x'), 0), Status::Ok);
  EXPECT_EQ(trial.set("two", std::string(6'000, 'x'), 0), Status::InternalFailure);
  EXPECT_EQ(trial.set("one", std::string(9'000, 'x'), 0), Status::Ok);
  EXPECT_EQ(trial.set("one", "", 0), Status::Ok);
  EXPECT_EQ(trial.set("two", std::string(6'000, 'x'), 0), Status::Ok);
}

TEST_F(TrialSharesTest, WhatItEnqueuesIsItsOwnAndNothingIsTakenAway) {
  uint32_t id = 0;
  ASSERT_EQ(queues.open(*group, "queue", nullptr, 100, id), Status::Ok);
  ASSERT_EQ(queues.enqueue(id, "served"), Status::Ok);
  std::string item;
  EXPECT_EQ(trial.dequeue(id, item), Status::Empty);
  EXPECT_EQ(trial.enqueue(id, std::string(5'000, 'x')), Status::Ok);
  EXPECT_EQ(trial.enqueue(id, std::string(5'000, 'x')), Status::NotFound);
  EXPECT_EQ(trial.dequeue(id, item), Status::Ok);
  EXPECT_EQ(item.size(), 5'000u);
  EXPECT_EQ(trial.enqueue(id, std::string(5'000, 'x')), Status::Ok);
  EXPECT_EQ(trial.enqueue(id + 1, ""), Status::NotFound);
  EXPECT_EQ(trial.dequeue(id + 1, item), Status::NotFound);
  EXPECT_EQ(queues.items(id), std::vector<std::string>{"served"});
}

}  // namespace
}  // namespace weir::runtime
