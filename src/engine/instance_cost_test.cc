#include "engine/instance_cost.h"

#include <gtest/gtest.h>

#include "engine/engine_test_support.h"

namespace weir::engine {
namespace {

TEST(InstanceCostTest, IsKnownOfEachEngineThatRunsWasm) {
  for (const std::string& name : built_engines()) {
    const InstanceCost cost = instance_cost(name);
    EXPECT_GT(cost.bytes, 0u) << name;
    EXPECT_GE(cost.element_bytes, sizeof(void*)) << name;
  }
  EXPECT_EQ(instance_cost("null").bytes, 0u);
}

}  // namespace
}  // namespace weir::engine
