#include "runtime/shared_data.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir::runtime {
namespace {

using abi::Status;

constexpr uint64_t kEnough = 1 << 20;

TEST(SharedDataTest, WhatWasNeverSetIsNotThere) {
  SharedData data;
  EXPECT_FALSE(data.store("vm")->get("key").has_value());
}

TEST(SharedDataTest, EachVmIdHasItsOwnStore) {
  SharedData data;
  const auto a = data.store("a");
  EXPECT_EQ(a->set("key", "value", 0, kEnough), Status::Ok);
  EXPECT_FALSE(data.store("b")->get("key").has_value());
  EXPECT_EQ(data.store("a"), a);
}

TEST(SharedDataTest, WhatIsClearedLeavesRoom) {
  SharedData data;
  const auto store = data.store("vm");
  EXPECT_EQ(store->set("key", "value", 0, kEnough), Status::Ok);
  store->clear();
  EXPECT_FALSE(store->get("key").has_value());
  EXPECT_EQ(store->bytes(), 0u);
}

TEST(SharedDataTest, EverySetChangesTheCasWhichIsNeverZero) {
  SharedData data;
  const auto store = data.store("vm");
  EXPECT_EQ(store->set("key", "one", 0, kEnough), Status::Ok);
  const uint32_t first = store->get("key")->cas;
  EXPECT_EQ(store->set("key", "one", 0, kEnough), Status::Ok);
  const uint32_t second = store->get("key")->cas;
  EXPECT_NE(first, 0u);
  EXPECT_NE(first, second);
}

TEST(SharedDataTest, ACasThatIsNotTheStoredOneChangesNothing) {
  SharedData data;
  const auto store = data.store("vm");
  EXPECT_EQ(store->set("missing", "value", 1, kEnough), Status::CasMismatch);
  EXPECT_EQ(store->set("key", "value", 0, kEnough), Status::Ok);
  EXPECT_EQ(store->set("key", "other", store->get("key")->cas + 1, kEnough), Status::CasMismatch);
  EXPECT_EQ(*store->get("key")->bytes, "value");
}

TEST(SharedDataTest, AValueInUseSurvivesTheNextSet) {
  SharedData data;
  const auto store = data.store("vm");
  EXPECT_EQ(store->set("key", "old", 0, kEnough), Status::Ok);
  const auto held = store->get("key");
  EXPECT_EQ(store->set("key", "new", 0, kEnough), Status::Ok);
  EXPECT_EQ(*held->bytes, "old");
}

TEST(SharedDataTest, TheBoundCountsKeysValuesAndEntries) {
  SharedData data;
  const auto store = data.store("vm");
  constexpr uint64_t kBound = SharedStore::kEntryBytes + 8;
  EXPECT_EQ(store->set("key", "123456", 0, kBound), Status::InternalFailure);
  EXPECT_EQ(store->set("key", "12345", 0, kBound), Status::Ok);
  EXPECT_EQ(store->set("x", "", 0, kBound), Status::InternalFailure);
  EXPECT_EQ(store->set("key", "54321", 0, kBound), Status::Ok);
}

// It was that of the first VM to ask, for as long as the process ran.
TEST(SharedDataTest, EachVmKeepsToItsOwnBound) {
  SharedData data;
  const auto store = data.store("vm");
  const std::string value(1'000, 'x');
  EXPECT_EQ(store->set("key", value, 0, 100), Status::InternalFailure);
  EXPECT_EQ(store->set("key", value, 0, kEnough), Status::Ok);
  EXPECT_EQ(store->set("more", "", 0, 100), Status::InternalFailure);
  EXPECT_EQ(store->set("key", "less", 0, 100), Status::Ok);
}

// They stayed as long as the process did.
TEST(SharedDataTest, AStoreGoesWithTheLastThatHoldsIt) {
  SharedData data;
  auto one = data.store("vm");
  EXPECT_EQ(one->set("key", "value", 0, kEnough), Status::Ok);
  auto two = data.store("vm");
  one.reset();
  EXPECT_TRUE(data.store("vm")->get("key").has_value());
  const std::weak_ptr<SharedStore> last = two;
  two.reset();
  EXPECT_TRUE(last.expired());
  EXPECT_FALSE(data.store("vm")->get("key").has_value());
}

TEST(SharedDataTest, TheBoundOfThoseThatServeIsTheirLargest) {
  SharedData data;
  const auto store = data.store("vm");
  EXPECT_EQ(store->bound_of_serving(), std::nullopt);
  {
    const SharedStore::Serving one(*store, 10);
    const SharedStore::Serving two(*store, 20);
    EXPECT_EQ(store->bound_of_serving(), 20u);
  }
  EXPECT_EQ(store->bound_of_serving(), std::nullopt);
}

TEST(SharedDataTest, OfManyThreadsOneWinsEachSwap) {
  SharedData data;
  const auto store = data.store("vm");
  ASSERT_EQ(store->set("count", "0", 0, kEnough), Status::Ok);
  const auto count_up = [store] {
    for (int done = 0; done < 200;) {
      const auto seen = store->get("count");
      const std::string next = std::to_string(std::stoi(*seen->bytes) + 1);
      if (store->set("count", next, seen->cas, kEnough) == Status::Ok) ++done;
    }
  };
  {
    std::jthread one(count_up);
    std::jthread two(count_up);
  }
  EXPECT_EQ(*store->get("count")->bytes, "400");
}

}  // namespace
}  // namespace weir::runtime
