#include "differential/transcript.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::test {
namespace {

TEST(TranscriptTest, TellsTheFirstLineThatDiffersAndThoseBeforeIt) {
  EXPECT_EQ(first_difference({"a", "b", "c", "d"}, {"a", "b", "x", "d"}),
            "line 3:\n    a\n    b\n  - c\n  + x\n");
  EXPECT_EQ(first_difference({"a"}, {"a", "b"}), "line 2:\n    a\n  - (the end)\n  + b\n");
  EXPECT_EQ(first_difference({"a", "b"}, {"a", "b"}), "");
}

TEST(TranscriptTest, EveryByteOfAMemoryCountsInItsDigest) {
  std::vector<std::byte> bytes(65536 + 5);
  const auto digest_now = [&] { return digest(engine::Memory::linear(bytes)); };
  const std::string before = digest_now();
  EXPECT_TRUE(before.starts_with("1 pages "));
  for (size_t at : {size_t{0}, size_t{8}, size_t{40000}, bytes.size() - 1}) {
    bytes[at] ^= std::byte{1};
    EXPECT_NE(digest_now(), before);
    bytes[at] ^= std::byte{1};
  }
  EXPECT_EQ(digest_now(), before);
  EXPECT_EQ(digest({}), digest(engine::Memory::linear({})));
}

TEST(TranscriptTest, QuotesBytesThatAreNoText) {
  EXPECT_EQ(quoted(as_bytes({"a\0\xff", 3})), "\"a\\x00\\xff\"");
  EXPECT_EQ(quoted(as_bytes("long"), 2), "\"lo\"...");
}

}  // namespace
}  // namespace weir::test
