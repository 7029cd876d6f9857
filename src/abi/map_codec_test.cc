#include "abi/map_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::abi {
namespace {

using namespace std::literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

using Pairs = std::vector<std::pair<std::string, std::string>>;

// One pair: "ab" to "c".
const std::string kOnePair = "\1\0\0\0\2\0\0\0\1\0\0\0ab\0c\0"s;

std::string encode(const HeaderMap& map) {
  std::string text(encoded_map_size(map), '?');
  encode_map(map, std::as_writable_bytes(std::span(text)));
  return text;
}

Pairs decode(std::string_view text) {
  Pairs pairs;
  EXPECT_TRUE(decode_map(as_bytes(text), [&](std::string_view name, std::string_view value) {
    pairs.emplace_back(name, value);
    return true;
  }));
  return pairs;
}

MapFault fault_of(std::string_view text) {
  const MapFault fault = check_map(as_bytes(text));
  const bool decoded = decode_map(as_bytes(text), [&](std::string_view, std::string_view) {
    EXPECT_EQ(fault, MapFault::None);
    return true;
  });
  EXPECT_EQ(decoded, fault == MapFault::None);
  return fault;
}

std::string number(uint32_t value) {
  std::string text(4, '\0');
  store(reinterpret_cast<std::byte*>(text.data()), value);
  return text;
}

TEST(MapCodecTest, WritesCountLengthsAndTexts) {
  EXPECT_EQ(encode(HeaderList{{"ab", "c"}}), kOnePair);
  EXPECT_EQ(encode(HeaderList{{"a", "1"}, {"b", ""}}),
            "\2\0\0\0"
            "\1\0\0\0\1\0\0\0"
            "\1\0\0\0\0\0\0\0"
            "a\0"
            "1\0"
            "b\0"
            "\0"s);
}

TEST(MapCodecTest, WritesNoBytesForAnEmptyMap) { EXPECT_EQ(encode(HeaderList()), ""); }

TEST(MapCodecTest, WritesACountForAnEmptyProperty) {
  EXPECT_EQ(encode_property_map(HeaderList()), "\0\0\0\0"s);
  EXPECT_EQ(encode_property_map(Pairs()), "\0\0\0\0"s);
  EXPECT_EQ(encode_property_list({}), "\0\0\0\0"s);
}

TEST(MapCodecTest, WritesPropertiesAsMaps) {
  EXPECT_EQ(encode_property_map(HeaderList{{"ab", "c"}}), kOnePair);
  EXPECT_EQ(encode_property_map(Pairs{{"ab", "c"}}), kOnePair);
  const std::vector<std::string> list = {"ab", "c"};
  EXPECT_THAT(decode(encode_property_list(list)), ElementsAre(Pair("ab", ""), Pair("c", "")));
}

TEST(MapCodecTest, ReadsWhatItWrites) {
  const HeaderList map = {
      {":path", "/"}, {"x", "\0\xff"sv}, {"", ""}, {"x", std::string(5000, 'v')}};
  EXPECT_THAT(decode(encode(map)), ElementsAre(Pair(":path", "/"), Pair("x", "\0\xff"s),
                                               Pair("", ""), Pair("x", std::string(5000, 'v'))));
}

TEST(MapCodecTest, ReadsEveryFormOfEmpty) {
  EXPECT_THAT(decode(""), IsEmpty());
  EXPECT_THAT(decode("\0"s), IsEmpty());
  EXPECT_THAT(decode("\0\0\0\0"s), IsEmpty());
}

TEST(MapCodecTest, StopsWhenTheVisitorRefuses) {
  const std::string text = encode(HeaderList{{"a", "1"}, {"b", "2"}, {"c", "3"}});
  std::string seen;
  EXPECT_FALSE(decode_map(as_bytes(text), [&](std::string_view name, std::string_view) {
    seen += name;
    return name != "b";
  }));
  EXPECT_EQ(seen, "ab");
}

TEST(MapCodecTest, RefusesEveryCutOfAMap) {
  const std::string text = encode(HeaderList{{"name", "value"}, {"n", ""}});
  for (size_t size = 1; size < text.size(); ++size) {
    EXPECT_EQ(fault_of(text.substr(0, size)), MapFault::Truncated) << size;
  }
}

TEST(MapCodecTest, RefusesBytesThatAreLeft) {
  EXPECT_EQ(fault_of(kOnePair + "x"), MapFault::TrailingBytes);
  EXPECT_EQ(fault_of(kOnePair + "\0"s), MapFault::TrailingBytes);
  EXPECT_EQ(fault_of("\0\0\0\0\0"s), MapFault::TrailingBytes);
}

TEST(MapCodecTest, RefusesAMissingNul) {
  std::string after_name = kOnePair;
  after_name[14] = 'x';
  EXPECT_EQ(fault_of(after_name), MapFault::MissingNul);
  std::string after_value = kOnePair;
  after_value[16] = 'x';
  EXPECT_EQ(fault_of(after_value), MapFault::MissingNul);
}

TEST(MapCodecTest, RefusesLengthsThatOverflow) {
  for (const uint32_t size : {UINT32_MAX, UINT32_MAX - 1, uint32_t{0x80000000}, uint32_t{5}}) {
    EXPECT_EQ(fault_of(number(1) + number(size) + number(0) + "ab\0c\0"s), MapFault::Truncated);
    EXPECT_EQ(fault_of(number(1) + number(0) + number(size) + "\0bc\0"s), MapFault::Truncated);
  }
}

TEST(MapCodecTest, RefusesCountsThatOverflow) {
  for (const uint32_t count : {UINT32_MAX, uint32_t{0x20000000}, kMaxMapPairs + 1}) {
    EXPECT_EQ(fault_of(number(count) + std::string(100, '\0')), MapFault::TooManyPairs);
  }
  EXPECT_EQ(fault_of(number(kMaxMapPairs) + std::string(100, '\0')), MapFault::Truncated);
  EXPECT_EQ(fault_of("\1"), MapFault::Truncated);
  EXPECT_EQ(fault_of("\0\0"s), MapFault::Truncated);
}

TEST(MapCodecTest, HoldsItsLimitsExactly) {
  HeaderList pairs;
  for (uint32_t i = 0; i < kMaxMapPairs; ++i) ASSERT_TRUE(pairs.add("a", "b"));
  EXPECT_EQ(fault_of(encode(pairs)), MapFault::None);
  ASSERT_TRUE(pairs.add("a", "b"));
  EXPECT_EQ(fault_of(encode(pairs)), MapFault::TooManyPairs);

  const size_t overhead = encode(HeaderList{{"a", ""}}).size();
  const std::string longest(kMaxMapBytes - overhead, 'v');
  EXPECT_EQ(fault_of(encode(HeaderList{{"a", longest}})), MapFault::None);
  EXPECT_EQ(fault_of(encode(HeaderList{{"a", longest + "v"}})), MapFault::TooLong);
}

TEST(MapCodecTest, NamesEachFault) {
  EXPECT_EQ(to_string(check_map(as_bytes(kOnePair + "x"))), "bytes behind the last pair");
}

}  // namespace
}  // namespace weir::abi
