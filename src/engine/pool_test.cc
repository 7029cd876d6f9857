// Wasmtime's pool of instances, and what is made outside it.

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

class PoolTest : public testing::Test {
 protected:
  static const Engine& find(const Engines& from) {
    auto found = from.find("wasmtime");
    WEIR_CHECK(found.ok());
    return *found.value();
  }

  std::unique_ptr<Guest> start(const Module& module, const Limits& limits = {}) {
    auto guest = std::make_unique<Guest>(module, host, limits);
    EXPECT_EQ(guest->instance().instantiate(), Flow::Return)
        << guest->instance().take_trap().to_line();
    return guest;
  }

  std::unique_ptr<const Module> compile(std::string_view name, std::span<const Import> imports) {
    auto compiled = engine.compile(read_guest(name), imports);
    EXPECT_TRUE(compiled.ok()) << (compiled.ok() ? "" : compiled.error().message);
    return std::move(compiled).value();
  }

  void expect_counts(uint64_t pooled_now, uint64_t on_demand_total) {
    EXPECT_EQ(engine.instance_counts().pooled_now, pooled_now);
    EXPECT_EQ(engine.instance_counts().on_demand_total, on_demand_total);
  }

  const Engines two_places{Engines::default_search_path(), EngineOptions{.pool_instances = 2}};
  const Engine& engine = find(two_places);
  FakeHost host;
};

const FuncType kSize{{}, {I32}};

TEST_F(PoolTest, GoesOnWithoutThePoolWhenItIsFull) {
  const auto module = compile("guest", guest_imports().view());
  auto first = start(*module);
  auto second = start(*module);
  expect_counts(2, 0);
  auto third = start(*module);
  expect_counts(2, 1);
  EXPECT_EQ(third->call("size", kSize).value(), 1u);
  EXPECT_EQ(third->trap_of("trap_unreachable", {}).kind, TrapKind::Unreachable);

  first.reset();
  expect_counts(1, 1);
  first = start(*module);
  expect_counts(2, 1);
}

TEST_F(PoolTest, GivesBackThePlaceOfAnInstanceThatNeverRan) {
  const auto module = compile("guest", guest_imports().view());
  for (int i = 0; i < 3; ++i) {
    const Guest idle(*module, host);
    expect_counts(1, 0);
  }
  expect_counts(0, 0);
}

TEST_F(PoolTest, InterruptsAnInstanceOutsideThePool) {
  const auto module = compile("guest", guest_imports().view());
  auto first = start(*module);
  auto second = start(*module);
  auto third = start(*module);
  third->instance().interrupt();
  EXPECT_EQ(third->trap_of("spin", {}).kind, TrapKind::Interrupted);
}

TEST_F(PoolTest, RunsAModuleTooLargeForIt) {
  const auto module = compile("large_memory", {});
  auto guest = start(*module, {.max_memory_bytes = 512ull << 20});
  EXPECT_EQ(guest->call("size", kSize).value(), 5120u);
  expect_counts(0, 1);

  auto artifact = module->serialize();
  ASSERT_TRUE(artifact.ok());
  EXPECT_TRUE(engine.deserialize(artifact.value(), {}).ok());
}

TEST_F(PoolTest, LeavesRoomForALimitBeyondItsMemories) {
  const auto module = compile("guest", guest_imports().view());
  auto guest = start(*module, {.max_memory_bytes = 512ull << 20});
  EXPECT_EQ(guest->call("grow", {{I32}, {I32}}, {5000}).value(), 1u);
  expect_counts(0, 1);
}

TEST_F(PoolTest, IsNotNeeded) {
  const Engines none(Engines::default_search_path(), EngineOptions{.pool_instances = 0});
  auto compiled = find(none).compile(read_guest("guest"), guest_imports().view());
  ASSERT_TRUE(compiled.ok());
  auto guest = start(*compiled.value());
  EXPECT_EQ(guest->call("size", kSize).value(), 1u);
  EXPECT_EQ(find(none).instance_counts().on_demand_total, 1u);
}

// 2^30 places of more than 4 GiB each exceed any address space.
TEST_F(PoolTest, IsLeftOutWhereItsAddressSpaceCannotBeHad) {
  const Engines huge(Engines::default_search_path(), EngineOptions{.pool_instances = 1u << 30});
  EXPECT_NE(find(huge).info().compilation.find("on demand"), std::string::npos);
}

}  // namespace
}  // namespace weir::engine
