#include "planes/serve/read_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace weir::serve {
namespace {

// One read of as much of `text` as there is room for; returns the rest.
std::string_view fill(ReadBuffer& buffer, std::string_view text) {
  const auto room = buffer.prepare();
  const size_t n = std::min(room.size(), text.size());
  std::memcpy(room.data(), text.data(), n);
  buffer.commit(n);
  return text.substr(n);
}

TEST(ReadBufferTest, KeepsWhatIsNotConsumedTogether) {
  ReadBuffer buffer;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = std::to_string(i) + std::string(300, ' ');
    EXPECT_EQ(fill(buffer, text), "");
    expected += text;
    buffer.consume(100);
    expected.erase(0, 100);
    ASSERT_EQ(as_text(buffer.unread()), expected);
  }
}

TEST(ReadBufferTest, DoesNotWriteOverASliceThatWasTaken) {
  ReadBuffer buffer;
  std::vector<Slice> slices;
  for (int i = 0; i < 100; ++i) {
    const std::string text(1000, static_cast<char>('a' + i % 26));
    fill(buffer, text);
    slices.push_back(buffer.slice_of(buffer.unread()));
    buffer.consume(buffer.unread().size());
  }
  for (size_t i = 0; i < slices.size(); ++i) {
    const std::string expected(slices[i].size(), static_cast<char>('a' + i % 26));
    ASSERT_EQ(as_text(slices[i].bytes()), expected);
  }
}

TEST(ReadBufferTest, UsesItsBlockAgainWhenNobodyElseHoldsIt) {
  ReadBuffer buffer;
  const std::byte* const first = buffer.prepare().data();
  for (int i = 0; i < 100; ++i) {
    fill(buffer, std::string(1000, 'x'));
    buffer.consume(1000);
    EXPECT_EQ(buffer.prepare().data(), first);
  }
}

TEST(ReadBufferTest, ReadsMoreAtATimeWhileMoreComes) {
  ReadBuffer buffer;
  const std::string text(1'000'000, 'x');
  const size_t first = buffer.prepare().size();
  std::string_view rest = text;
  size_t largest = 0;
  while (!rest.empty()) {
    rest = fill(buffer, rest);
    largest = std::max(largest, buffer.unread().size());
    buffer.consume(buffer.unread().size());
  }
  EXPECT_GT(largest, 4 * first);
  // And gives the memory back when it is quiet.
  fill(buffer, "x");
  buffer.consume(1);
  fill(buffer, "x");
  buffer.consume(1);
  EXPECT_EQ(buffer.prepare().size(), first);
}

}  // namespace
}  // namespace weir::serve
