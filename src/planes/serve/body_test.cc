#include "planes/serve/body.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::serve {
namespace {

std::string text_of(const Body& body) {
  std::string text(body.size(), '?');
  body.copy_to(0, std::as_writable_bytes(std::span(text)));
  return text;
}

Body body_of(std::initializer_list<std::string_view> parts) {
  Body body;
  for (std::string_view part : parts) {
    Body one;
    one.append(Slice::copy_of(as_bytes(part)));
    body.append(std::move(one));
  }
  return body;
}

const std::string kLong(1000, 'l');

TEST(BodyTest, KeepsTheOrderOfWhatIsAppended) {
  Body body = body_of({"one ", kLong, " two ", kLong});
  body.append_copy(as_bytes(" end"));
  EXPECT_EQ(text_of(body), "one " + kLong + " two " + kLong + " end");
}

TEST(BodyTest, DoesNotCopyALargeSlice) {
  const Slice slice = Slice::copy_of(as_bytes(kLong));
  Body body;
  body.append(slice);
  body.append(Slice(slice));
  ASSERT_EQ(body.slices().size(), 2U);
  EXPECT_EQ(body.slices()[0].bytes().data(), slice.bytes().data());
  EXPECT_EQ(body.slices()[1].bytes().data(), slice.bytes().data());
}

TEST(BodyTest, JoinsSlicesThatLieTogether) {
  Slice whole = Slice::copy_of(as_bytes(kLong));
  Body body;
  body.append(whole.take_front(10));
  body.append(whole.take_front(500));
  body.append(whole);
  ASSERT_EQ(body.slices().size(), 1U);
  EXPECT_EQ(text_of(body), kLong);
}

TEST(BodyTest, CopiesTinyPiecesTogether) {
  Body body;
  for (int i = 0; i < 1000; ++i) body.append(Slice::copy_of(as_bytes("x")));
  EXPECT_EQ(text_of(body), std::string(1000, 'x'));
  EXPECT_LE(body.slices().size(), 2U);
}

TEST(BodyTest, CopiesFromTheMiddle) {
  Body body = body_of({"abc", kLong, "xyz"});
  std::string text(6, '?');
  body.copy_to(1, std::as_writable_bytes(std::span(text)));
  EXPECT_EQ(text, "bcllll");
  body.copy_to(body.size() - 4, std::as_writable_bytes(std::span(text.data(), 4)));
  EXPECT_EQ(text, "lxyzll");
}

TEST(BodyTest, ReplacesAnyRange) {
  for (uint64_t start = 0; start <= 9; ++start) {
    for (uint64_t size = 0; start + size <= 9; ++size) {
      Body body = body_of({"abc", "def", "ghi"});
      ASSERT_TRUE(body.replace(start, size, as_bytes("-new-")));
      std::string expected = "abcdefghi";
      expected.replace(start, size, "-new-");
      EXPECT_EQ(text_of(body), expected);
      EXPECT_EQ(body.size(), expected.size());
    }
  }
}

TEST(BodyTest, ReplacesBytesByAViewOfThemselves) {
  Body body = body_of({"abcdef"});
  ASSERT_TRUE(body.replace(0, 6, body.slices()[0].bytes().subspan(2, 3)));
  EXPECT_EQ(text_of(body), "cde");
}

TEST(BodyTest, RefusesToGrowBeyondItsMaximum) {
  Body body = body_of({"abcdef"});
  body.set_max_size(8);
  EXPECT_FALSE(body.replace(6, 0, as_bytes("123")));
  EXPECT_FALSE(body.replace(0, 1, as_bytes("1234")));
  EXPECT_EQ(text_of(body), "abcdef");
  EXPECT_TRUE(body.replace(0, 2, as_bytes("1234")));
  EXPECT_EQ(text_of(body), "1234cdef");
}

TEST(BodyTest, ShrinksWhereItIsBeyondItsMaximum) {
  Body body = body_of({"abcdefghij"});
  body.set_max_size(4);
  EXPECT_TRUE(body.replace(0, 5, as_bytes("123")));
  EXPECT_EQ(text_of(body), "123fghij");
  EXPECT_FALSE(body.replace(0, 0, as_bytes("x")));
}

TEST(BodyTest, TakesFromTheFront) {
  Body body = body_of({"abc", kLong});
  EXPECT_EQ(as_text(body.take_front(2).bytes()), "ab");
  EXPECT_EQ(as_text(body.take_front(2).bytes()), "c");
  EXPECT_EQ(body.take_front(5000).size(), 1000U);
  EXPECT_TRUE(body.empty());
  EXPECT_EQ(body.take_front(1).size(), 0U);
}

TEST(BodyTest, DropsAcrossSlices) {
  Body body = body_of({"abc", kLong, "def"});
  body.drop_front(1004 - 1);
  EXPECT_EQ(text_of(body), "def");
}

TEST(BodyTest, ATakenSliceOutlivesLaterAppends) {
  Body body;
  body.append_copy(as_bytes("first"));
  const Slice taken = body.take_front(5);
  body.append_copy(as_bytes("other"));
  EXPECT_EQ(as_text(taken.bytes()), "first");
  EXPECT_EQ(text_of(body), "other");
}

TEST(BodyTest, StaysSmallAsAQueueThatIsNeverEmpty) {
  Body body;
  body.append(Slice::copy_of(as_bytes(kLong)));
  for (int i = 0; i < 10'000; ++i) {
    body.append(Slice::copy_of(as_bytes(kLong)));
    body.take_front(1000);
  }
  EXPECT_EQ(text_of(body), kLong);
}

TEST(BodyTest, IsEmptyAfterAMove) {
  Body body = body_of({kLong});
  Body other = body.take_all();
  EXPECT_TRUE(body.empty());
  EXPECT_TRUE(body.slices().empty());
  body.append_copy(as_bytes("again"));
  EXPECT_EQ(text_of(body), "again");
  EXPECT_EQ(text_of(other), kLong);
}

}  // namespace
}  // namespace weir::serve
