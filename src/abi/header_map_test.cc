#include "abi/header_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace weir::abi {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::pair<std::string, std::string>> entries_of(const HeaderMap& map) {
  std::vector<std::pair<std::string, std::string>> entries;
  map.for_each(
      [&](std::string_view name, std::string_view value) { entries.emplace_back(name, value); });
  return entries;
}

TEST(SameNameTest, IgnoresAsciiCaseOnly) {
  EXPECT_TRUE(same_name("Content-Type", "content-tYPE"));
  EXPECT_TRUE(same_name("", ""));
  EXPECT_FALSE(same_name("content-type", "content-typ"));
  EXPECT_FALSE(same_name("@", "`"));
  EXPECT_FALSE(same_name("[", "{"));
  EXPECT_FALSE(same_name("\xc9", "\xe9"));
}

TEST(HeaderListTest, KeepsOrderAndDuplicatesAndLowersNames) {
  HeaderList headers = {{":path", "/"}, {"Accept", "Text/HTML"}, {"accept", "b"}};
  EXPECT_THAT(entries_of(headers),
              ElementsAre(Pair(":path", "/"), Pair("accept", "Text/HTML"), Pair("accept", "b")));
  EXPECT_EQ(headers.count(), 3u);
  EXPECT_EQ(headers.byte_size(), 28u);
  EXPECT_EQ(headers.name(1), "accept");
  EXPECT_EQ(headers.value(2), "b");
}

TEST(HeaderListTest, FindsTheFirstInAnyCase) {
  const HeaderList headers = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(headers.find("A"), "1");
  EXPECT_EQ(headers.find("b"), "");
  EXPECT_EQ(headers.find("c"), std::nullopt);
}

TEST(HeaderListTest, ReplacesInThePlaceOfTheFirst) {
  HeaderList headers = {{"a", "1"}, {"b", "2"}, {"c", "3"}, {"B", "4"}};
  EXPECT_TRUE(headers.replace("B", "longer"));
  EXPECT_THAT(entries_of(headers),
              ElementsAre(Pair("a", "1"), Pair("b", "longer"), Pair("c", "3")));
  EXPECT_EQ(headers.byte_size(), 11u);
}

TEST(HeaderListTest, ReplacesWhatIsNotThereAtTheEnd) {
  HeaderList headers = {{"a", "1"}};
  EXPECT_TRUE(headers.replace("B", "2"));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("a", "1"), Pair("b", "2")));
}

TEST(HeaderListTest, RemovesEveryEntryOfAName) {
  HeaderList headers = {{"a", "1"}, {"b", "2"}, {"A", "3"}};
  headers.remove("A");
  headers.remove("absent");
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("b", "2")));
  EXPECT_EQ(headers.byte_size(), 2u);
}

TEST(HeaderListTest, ClearsAndTakesEntriesAgain) {
  HeaderList headers = {{"a", "1"}};
  headers.clear();
  EXPECT_TRUE(headers.empty());
  EXPECT_EQ(headers.byte_size(), 0u);
  EXPECT_THAT(entries_of(headers), IsEmpty());
  EXPECT_TRUE(headers.add("b", "2"));
  EXPECT_EQ(headers.find("b"), "2");
}

TEST(HeaderListTest, HoldsAnyBytesInValues) {
  const std::string value("\0\xff\n", 3);
  HeaderList headers;
  EXPECT_TRUE(headers.add("x", value));
  EXPECT_EQ(headers.find("x"), value);
}

TEST(HeaderListTest, RefusesMoreBytesThanItsLimit) {
  HeaderList headers({.max_bytes = 10, .max_count = 10});
  EXPECT_TRUE(headers.add("name", "value"));
  EXPECT_FALSE(headers.add("a", "b"));
  EXPECT_TRUE(headers.add("a", ""));
  EXPECT_FALSE(headers.replace("name", "values"));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("name", "value"), Pair("a", "")));
  EXPECT_TRUE(headers.replace("name", "VALUE"));
  headers.remove("a");
  EXPECT_TRUE(headers.replace("name", "values"));
}

TEST(HeaderListTest, CountsWhatAReplacementRemovesTowardsTheLimit) {
  HeaderList headers({.max_bytes = 10, .max_count = 10});
  EXPECT_TRUE(headers.add("a", "1234"));
  EXPECT_TRUE(headers.add("a", "1234"));
  EXPECT_TRUE(headers.replace("a", "123456789"));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("a", "123456789")));
  EXPECT_EQ(headers.byte_size(), 10u);
}

TEST(HeaderListTest, RefusesMoreEntriesThanItsLimit) {
  HeaderList headers({.max_bytes = 100, .max_count = 2});
  EXPECT_TRUE(headers.add("a", ""));
  EXPECT_TRUE(headers.add("b", ""));
  EXPECT_FALSE(headers.add("c", ""));
  EXPECT_FALSE(headers.replace("c", ""));
  EXPECT_TRUE(headers.replace("b", "2"));
  EXPECT_EQ(headers.count(), 2u);
}

// A guest may copy one header to another: the plane passes on the view that it was given.
TEST(HeaderListTest, TakesItsOwnViews) {
  HeaderList headers = {{"a", "b"}};
  for (int i = 0; i < 10; ++i) {
    const std::string expected = std::string(headers.value(headers.count() - 1)) + "b";
    EXPECT_TRUE(headers.add(headers.name(0), headers.value(headers.count() - 1)));
    EXPECT_TRUE(headers.add(*headers.find("a"), expected));
  }
  EXPECT_EQ(headers.count(), 21u);
  EXPECT_EQ(headers.value(20), "bbbbbbbbbbb");
  EXPECT_EQ(headers.name(20), "b");

  EXPECT_TRUE(headers.replace(headers.name(20), headers.value(20)));
  EXPECT_EQ(headers.find("b"), "bbbbbbbbbbb");
  EXPECT_TRUE(headers.replace(headers.name(0), headers.name(0)));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("a", "a"), Pair("b", "bbbbbbbbbbb")));
  headers.remove(headers.name(0));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("b", "bbbbbbbbbbb")));
}

TEST(HeaderListTest, TakesItsOwnViewsWhileItsTextMoves) {
  const std::string long_value(3000, 'v');
  HeaderList headers = {{"first", long_value}};
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(headers.add(headers.name(0), headers.value(0)));
  for (size_t i = 0; i < headers.count(); ++i) {
    EXPECT_EQ(headers.name(i), "first");
    EXPECT_EQ(headers.value(i), long_value);
  }
  EXPECT_TRUE(headers.replace(headers.name(5), headers.value(20)));
  EXPECT_THAT(entries_of(headers), ElementsAre(Pair("first", long_value)));
}

TEST(HeaderListTest, GivesBackTheTextOfReplacedValues) {
  HeaderList headers = {{"keep", "this"}, {"counter", ""}, {"and", "that"}};
  const std::string padding(100, '0');
  for (int i = 0; i < 20'000; ++i) {
    const std::string number = padding + std::to_string(i);
    ASSERT_TRUE(headers.replace("counter", number));
    ASSERT_EQ(headers.find("counter"), number);
  }
  EXPECT_THAT(
      entries_of(headers),
      ElementsAre(Pair("keep", "this"), Pair("counter", padding + "19999"), Pair("and", "that")));
  // The text is one block that begins with the first entry.
  EXPECT_LT(headers.value(1).data() - headers.name(0).data(), 8192);
}

TEST(HeaderListTest, CopiesAreIndependent) {
  HeaderList first = {{"a", "1"}};
  HeaderList second = first;
  EXPECT_TRUE(second.replace("a", "2"));
  EXPECT_EQ(first.find("a"), "1");
  EXPECT_EQ(second.find("a"), "2");
}

}  // namespace
}  // namespace weir::abi
