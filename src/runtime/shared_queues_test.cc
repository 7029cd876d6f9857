#include "runtime/shared_queues.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::runtime {
namespace {

using abi::Status;

constexpr uint64_t kEnoughForQueues = 1 << 20;

class CountingReceiver final : public QueueReceiver {
 public:
  void notify(uint32_t queue_id) override { told.push_back(queue_id); }
  std::vector<uint32_t> told;
};

class SharedQueuesTest : public testing::Test {
 protected:
  uint32_t open(std::string_view name, const std::shared_ptr<QueueReceiver>& receiver = nullptr,
                uint64_t max_bytes = kEnoughForQueues) {
    uint32_t id = 0;
    EXPECT_EQ(queues.open(*group, name, receiver, max_bytes, id), Status::Ok);
    return id;
  }
  std::string dequeue(uint32_t id) {
    std::string item;
    return queues.dequeue(id, item) == Status::Ok ? item : "(nothing)";
  }

  SharedQueues queues;
  std::shared_ptr<SharedQueues::Group> group = queues.group("vm");
};

TEST_F(SharedQueuesTest, ANameHasOneIdWhichIsNotZero) {
  const uint32_t id = open("queue");
  EXPECT_NE(id, 0u);
  EXPECT_EQ(open("queue"), id);
  EXPECT_NE(open("other"), id);
  uint32_t resolved = 0;
  EXPECT_EQ(queues.resolve("vm", "queue", resolved), Status::Ok);
  EXPECT_EQ(resolved, id);
  EXPECT_EQ(queues.resolve("another vm", "queue", resolved), Status::NotFound);
}

TEST_F(SharedQueuesTest, WhatWaitsCanBeLookedAtAndStays) {
  const uint32_t id = open("queue");
  EXPECT_EQ(queues.enqueue(id, "one"), Status::Ok);
  EXPECT_EQ(queues.enqueue(id, "two"), Status::Ok);
  EXPECT_EQ(queues.items(id), (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(dequeue(id), "one");
  EXPECT_EQ(queues.items(id), std::vector<std::string>{"two"});
  EXPECT_TRUE(queues.items(id + 1).empty());
}

TEST_F(SharedQueuesTest, ItemsComeOutInOrder) {
  const uint32_t id = open("queue");
  for (std::string_view item : {"one", "", "two"}) EXPECT_EQ(queues.enqueue(id, item), Status::Ok);
  EXPECT_EQ(dequeue(id), "one");
  EXPECT_EQ(dequeue(id), "");
  EXPECT_EQ(dequeue(id), "two");
  std::string item;
  EXPECT_EQ(queues.dequeue(id, item), Status::Empty);
}

TEST_F(SharedQueuesTest, UnknownIdsAreNotFound) {
  open("queue");
  std::string item;
  for (uint32_t id : {0u, 2u, UINT32_MAX}) {
    EXPECT_EQ(queues.enqueue(id, "x"), Status::NotFound);
    EXPECT_EQ(queues.dequeue(id, item), Status::NotFound);
  }
}

TEST_F(SharedQueuesTest, TheReceiverIsToldOfEachItemUntilAnotherTakesOver) {
  auto first = std::make_shared<CountingReceiver>();
  auto second = std::make_shared<CountingReceiver>();
  const uint32_t id = open("queue", first);
  EXPECT_EQ(queues.enqueue(id, "a"), Status::Ok);
  EXPECT_EQ(queues.enqueue(id, "b"), Status::Ok);
  open("queue");  // without a receiver the former one stays
  EXPECT_EQ(queues.enqueue(id, "c"), Status::Ok);
  open("queue", second);
  EXPECT_EQ(queues.enqueue(id, "d"), Status::Ok);
  EXPECT_EQ(first->told, std::vector<uint32_t>({id, id, id}));
  EXPECT_EQ(second->told, std::vector<uint32_t>({id}));
  EXPECT_EQ(dequeue(id), "a");
}

TEST_F(SharedQueuesTest, AReceiverThatIsGoneIsNotTold) {
  const uint32_t id = open("queue", std::make_shared<CountingReceiver>());
  EXPECT_EQ(queues.enqueue(id, "kept"), Status::Ok);
  EXPECT_EQ(dequeue(id), "kept");
}

TEST_F(SharedQueuesTest, AFullQueueTakesNoMoreUntilItIsEmptied) {
  const uint32_t id = open("queue", nullptr, SharedQueues::kItemBytes + 4);
  EXPECT_NE(queues.enqueue(id, "12345"), Status::Ok);
  EXPECT_EQ(queues.enqueue(id, "1234"), Status::Ok);
  EXPECT_NE(queues.enqueue(id, "5"), Status::Ok);
  EXPECT_EQ(dequeue(id), "1234");
  EXPECT_EQ(queues.enqueue(id, "5"), Status::Ok);
}

TEST_F(SharedQueuesTest, TheQueuesOfOneVmShareTheirBound) {
  const uint32_t one = open("one", nullptr, 2 * SharedQueues::kItemBytes);
  const uint32_t two = open("two", nullptr, 2 * SharedQueues::kItemBytes);
  EXPECT_EQ(queues.enqueue(one, ""), Status::Ok);
  EXPECT_EQ(queues.enqueue(two, ""), Status::Ok);
  EXPECT_NE(queues.enqueue(two, ""), Status::Ok);
  uint32_t other = 0;
  const auto others = queues.group("other vm");
  EXPECT_EQ(queues.open(*others, "one", nullptr, kEnoughForQueues, other), Status::Ok);
  EXPECT_EQ(queues.enqueue(other, ""), Status::Ok);
}

// It was that of the first VM to open one, for as long as the process ran.
TEST_F(SharedQueuesTest, TheBoundIsThatOfTheReceiver) {
  const std::string item(1'000, 'x');
  auto first = std::make_shared<CountingReceiver>();
  const uint32_t id = open("queue", nullptr, 100);
  open("queue", nullptr, kEnoughForQueues);  // one that is only tried out
  EXPECT_EQ(queues.enqueue(id, item), Status::NotFound);
  open("queue", first, kEnoughForQueues);
  EXPECT_EQ(queues.enqueue(id, item), Status::Ok);
  {
    auto second = std::make_shared<CountingReceiver>();
    open("queue", second, 100);
    EXPECT_EQ(queues.enqueue(id, item), Status::NotFound);
  }
  EXPECT_EQ(queues.enqueue(id, item), Status::Ok);
  first.reset();
  EXPECT_EQ(queues.enqueue(id, item), Status::Ok);
}

// One of an update that was rejected left the queue without any.
TEST_F(SharedQueuesTest, WhereAReceiverIsGoneTheFormerOneIsToldAgain) {
  auto first = std::make_shared<CountingReceiver>();
  auto second = std::make_shared<CountingReceiver>();
  const uint32_t id = open("queue", first);
  open("queue", second);
  second.reset();
  EXPECT_EQ(queues.enqueue(id, "x"), Status::Ok);
  EXPECT_EQ(first->told.size(), 1u);
}

TEST_F(SharedQueuesTest, QueuesGoWithTheLastThatHoldsTheirGroup) {
  const uint32_t id = open("queue");
  EXPECT_EQ(queues.enqueue(id, "x"), Status::Ok);
  auto other = queues.group("vm");
  group.reset();
  EXPECT_EQ(queues.items(id).size(), 1u);
  other.reset();
  EXPECT_FALSE(queues.contains(id));
  EXPECT_EQ(queues.enqueue(id, "x"), Status::NotFound);
  uint32_t resolved = 0;
  EXPECT_EQ(queues.resolve("vm", "queue", resolved), Status::NotFound);
  group = queues.group("vm");
  EXPECT_NE(open("queue"), id);
}

TEST_F(SharedQueuesTest, QueuesAndTheirNamesAreBounded) {
  uint32_t id = 0;
  const std::string long_name(SharedQueues::kMaxNameBytes + 1, 'n');
  EXPECT_EQ(queues.open(*group, long_name, nullptr, kEnoughForQueues, id), Status::BadArgument);
  for (size_t i = 0; i < SharedQueues::kMaxQueues; ++i) open(std::to_string(i));
  EXPECT_EQ(queues.open(*group, "one more", nullptr, kEnoughForQueues, id),
            Status::InternalFailure);
  EXPECT_EQ(open("7"), 8u);
}

}  // namespace
}  // namespace weir::runtime
