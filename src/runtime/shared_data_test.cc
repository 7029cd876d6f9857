#include "runtime/shared_data.h"

#include <gtest/gtest.h>

#include <thread>

namespace weir::runtime {
namespace {

using abi::Status;

constexpr uint64_t kEnough = 1 << 20;

TEST(SharedDataTest, WhatWasNeverSetIsNotThere) {
  SharedData data;
  EXPECT_FALSE(data.store("vm", kEnough).get("key").has_value());
}

TEST(SharedDataTest, EachVmIdHasItsOwnStore) {
  SharedData data;
  EXPECT_EQ(data.store("a", kEnough).set("key", "value", 0), Status::Ok);
  EXPECT_FALSE(data.store("b", kEnough).get("key").has_value());
  EXPECT_EQ(&data.store("a", kEnough), &data.store("a", kEnough));
}

TEST(SharedDataTest, EverySetChangesTheCasWhichIsNeverZero) {
  SharedData data;
  auto& store = data.store("vm", kEnough);
  EXPECT_EQ(store.set("key", "one", 0), Status::Ok);
  const uint32_t first = store.get("key")->cas;
  EXPECT_EQ(store.set("key", "one", 0), Status::Ok);
  const uint32_t second = store.get("key")->cas;
  EXPECT_NE(first, 0u);
  EXPECT_NE(first, second);
}

TEST(SharedDataTest, ACasThatIsNotTheStoredOneChangesNothing) {
  SharedData data;
  auto& store = data.store("vm", kEnough);
  EXPECT_EQ(store.set("missing", "value", 1), Status::CasMismatch);
  EXPECT_EQ(store.set("key", "value", 0), Status::Ok);
  EXPECT_EQ(store.set("key", "other", store.get("key")->cas + 1), Status::CasMismatch);
  EXPECT_EQ(*store.get("key")->bytes, "value");
}

TEST(SharedDataTest, AValueInUseSurvivesTheNextSet) {
  SharedData data;
  auto& store = data.store("vm", kEnough);
  EXPECT_EQ(store.set("key", "old", 0), Status::Ok);
  const auto held = store.get("key");
  EXPECT_EQ(store.set("key", "new", 0), Status::Ok);
  EXPECT_EQ(*held->bytes, "old");
}

TEST(SharedDataTest, TheBoundCountsKeysValuesAndEntries) {
  SharedData data;
  auto& store = data.store("vm", SharedStore::kEntryBytes + 8);
  EXPECT_EQ(store.set("key", "123456", 0), Status::InternalFailure);
  EXPECT_EQ(store.set("key", "12345", 0), Status::Ok);
  EXPECT_EQ(store.set("x", "", 0), Status::InternalFailure);
  EXPECT_EQ(store.set("key", "54321", 0), Status::Ok);
}

TEST(SharedDataTest, OfManyThreadsOneWinsEachSwap) {
  SharedData data;
  auto& store = data.store("vm", kEnough);
  ASSERT_EQ(store.set("count", "0", 0), Status::Ok);
  const auto count_up = [&store] {
    for (int done = 0; done < 200;) {
      const auto seen = store.get("count");
      const std::string next = std::to_string(std::stoi(*seen->bytes) + 1);
      if (store.set("count", next, seen->cas) == Status::Ok) ++done;
    }
  };
  {
    std::jthread one(count_up);
    std::jthread two(count_up);
  }
  EXPECT_EQ(*store.get("count")->bytes, "400");
}

}  // namespace
}  // namespace weir::runtime
