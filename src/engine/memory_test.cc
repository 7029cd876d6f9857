#include "engine/memory.h"

#include <gtest/gtest.h>

#include <array>

namespace weir::engine {
namespace {

TEST(MemoryTest, ResolvesWhatLiesInside) {
  std::array<std::byte, 16> bytes{};
  const Memory memory = Memory::linear(bytes);
  EXPECT_EQ(memory.at(0, 16), bytes.data());
  EXPECT_EQ(memory.at(12, 4), bytes.data() + 12);
  EXPECT_EQ(memory.at(13, 4), nullptr);
  EXPECT_EQ(memory.at(17, 0), nullptr);
  EXPECT_TRUE(memory.contains(16, 0));
}

TEST(MemoryTest, IsNotFooledByOverflow) {
  std::array<std::byte, 16> bytes{};
  const Memory memory = Memory::linear(bytes);
  EXPECT_EQ(memory.at(UINT64_MAX, 2), nullptr);
  EXPECT_EQ(memory.at(8, UINT64_MAX), nullptr);
  EXPECT_EQ(memory.at(0xfffffffc, 8), nullptr);
}

TEST(MemoryTest, TakesANativeAddressAsAPointer) {
  uint32_t value = 7;
  const auto address = reinterpret_cast<uint64_t>(&value);
  EXPECT_EQ(Memory::native().at(address, 4), reinterpret_cast<std::byte*>(&value));
  EXPECT_EQ(Memory::native().word_bytes(), 8u);
}

TEST(MemoryTest, HoldsNothingWhereThereIsNone) {
  EXPECT_EQ(Memory().at(0, 1), nullptr);
  EXPECT_TRUE(Memory().contains(0, 0));
}

}  // namespace
}  // namespace weir::engine
