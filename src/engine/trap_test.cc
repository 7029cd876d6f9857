#include "engine/trap.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::engine {
namespace {

TEST(TrapTest, NamesEveryKind) {
  EXPECT_EQ(to_string(TrapKind::Unreachable), "unreachable");
  EXPECT_EQ(to_string(TrapKind::NoResources), "no_resources");
  EXPECT_EQ(to_string(TrapKind::Other), "other");
}

TEST(TrapTest, TellsKindMessageAndFrames) {
  const Trap trap{.kind = TrapKind::MemoryBounds,
                  .message = "out of bounds",
                  .frames = {{.function_index = 12, .function = "copy", .module_offset = 0x1f3},
                             {.function_index = 9, .module_offset = 0x20},
                             {.function_index = 8}}};
  EXPECT_EQ(trap.to_line(),
            "memory_bounds: out of bounds at copy (func 12 @0x1f3) < func 9 @0x20 < func 8");
}

TEST(TrapTest, CountsTheFramesItLeavesOut) {
  const Trap trap{.kind = TrapKind::StackOverflow, .frames = std::vector<Frame>(5)};
  EXPECT_EQ(trap.to_line(2), "stack_overflow at func 0 < func 0 < 3 more");
}

TEST(TrapTest, StaysOneLineWhateverAGuestNamesItsFunctions) {
  const Trap trap{.message = "a\nb", .frames = {{.function = "f\r\n\x1b[0m"}}};
  EXPECT_EQ(trap.to_line(), R"(other: a\x0ab at f\x0d\x0a\x1b[0m (func 0))");
}

TEST(TrapTest, ShowsNamesThatAreNoTextByTheirBytesAndCutsLongOnes) {
  const std::string long_name = std::string(255, 'f') + "€";
  const Trap trap{.frames = {{.function = "a\xff"}, {.function = long_name}}};
  EXPECT_EQ(trap.to_line(),
            R"(other at a\xff (func 0) < )" + std::string(255, 'f') + "... (func 0)");
}

}  // namespace
}  // namespace weir::engine
