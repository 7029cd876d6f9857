#include "config/scalars.h"

#include <gtest/gtest.h>

#include <cmath>

namespace weir::config {
namespace {

void expect_integer(std::string_view text, bool negative, uint64_t magnitude) {
  auto value = parse_integer(text);
  ASSERT_TRUE(value) << text;
  EXPECT_EQ(value->negative, negative) << text;
  EXPECT_EQ(value->magnitude, magnitude) << text;
}

TEST(ScalarsTest, ReadsWholeNumbersInEverySpelling) {
  expect_integer("0", false, 0);
  expect_integer("-7", true, 7);
  expect_integer("+7", false, 7);
  expect_integer("0x1f", false, 31);
  expect_integer("0o17", false, 15);
  expect_integer("1e3", false, 1000);
  expect_integer("2.0", false, 2);
  expect_integer("18446744073709551615", false, UINT64_MAX);
  expect_integer("-9223372036854775808", true, 1ull << 63);
}

TEST(ScalarsTest, RefusesWhatIsNoWholeNumber) {
  for (const char* text : {"", "-", "+", "--1", "-+1", "1.5", "1e999", "0x", "0xg", "0o8", "1 ",
                           " 1", "1_000", "18446744073709551616", "inf", "nan", "0x-1", "1e20"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
}

TEST(ScalarsTest, ReadsNumbersWithFractions) {
  EXPECT_EQ(parse_float("1.5"), 1.5);
  EXPECT_EQ(parse_float("-.5"), -0.5);
  EXPECT_EQ(parse_float("1e-3"), 0.001);
  EXPECT_EQ(parse_float("0x10"), 16.0);
  EXPECT_EQ(parse_float("-.inf"), -INFINITY);
  EXPECT_TRUE(std::isnan(*parse_float("NaN")));
  for (const char* text : {"", ".", "e5", "1.5.5", "infinity", "nan", "1e999", "one"}) {
    EXPECT_FALSE(parse_float(text)) << text;
  }
}

void expect_duration(std::string_view text, int64_t seconds, int32_t nanoseconds) {
  auto value = parse_duration(text);
  ASSERT_TRUE(value) << text;
  EXPECT_EQ(value->seconds, seconds) << text;
  EXPECT_EQ(value->nanoseconds, nanoseconds) << text;
}

TEST(ScalarsTest, ReadsDurationsToTheNanosecond) {
  expect_duration("0s", 0, 0);
  expect_duration("15s", 15, 0);
  expect_duration("0.25s", 0, 250'000'000);
  expect_duration("1.000000001s", 1, 1);
  expect_duration("-1.5s", -1, -500'000'000);
  expect_duration("315576000000s", 315'576'000'000, 0);
}

TEST(ScalarsTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "1", "1m", "1 s", ".5s", "1.s", "+1s", "--1s", "1e3s",
                           "0.0000000001s", "315576000001s", "1.-5s", "-s"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(ScalarsTest, DecodesBothAlphabetsOfBase64) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zg"), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(decode_base64("-_-_"), "\xfb\xff\xbf");
  EXPECT_EQ(decode_base64("Zm\n 9v\n"), "foo");
}

TEST(ScalarsTest, RefusesWhatIsNoBase64) {
  for (const char* text :
       {"Z", "Zm9vY", "Zg=", "Zg===", "Z=g=", "Zm9v====", "Zm9v!", "Zh==", "="}) {
    EXPECT_FALSE(decode_base64(text)) << text;
  }
}

}  // namespace
}  // namespace weir::config
