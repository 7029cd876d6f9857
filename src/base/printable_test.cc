#include "base/printable.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <utility>

namespace weir {
namespace {

TEST(PrintableTest, WritesControlCharactersSoThatLinesCannotBeForged) {
  EXPECT_EQ(printable("a\nb\x1b[0m\tc\x7f"), "a\\x0ab\\x1b[0m\tc\\x7f");
  EXPECT_TRUE(is_printable("a\tb"));
  EXPECT_FALSE(is_printable("a\nb"));
  EXPECT_EQ(printable("a\xc2\x9b"
                      "31m"),
            "a\\xc2\\x9b31m");
}

TEST(PrintableTest, WritesWhatIsNoUtf8ByItsBytes) {
  for (const char* text : {"é", "\xdf\xbf", "€", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80",
                           "\xf4\x8f\xbf\xbf", "\xc2\xa0", ""}) {
    EXPECT_TRUE(is_printable(text)) << text;
    EXPECT_EQ(printable(text), text);
  }
  // Alone, cut, longer than need be, a surrogate, beyond Unicode, and followed by something else.
  for (const auto& [text, shown] : std::initializer_list<std::pair<const char*, const char*>>{
           {"a\xff", "a\\xff"},
           {"\x80", "\\x80"},
           {"\xc3", "\\xc3"},
           {"\xe2\x82", "\\xe2\\x82"},
           {"\xc0\xaf", "\\xc0\\xaf"},
           {"\xe0\x9f\xbf", "\\xe0\\x9f\\xbf"},
           {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
           {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
           {"\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80"},
           {"\xc3(", "\\xc3("}}) {
    EXPECT_FALSE(is_printable(text)) << shown;
    EXPECT_EQ(printable(text), shown);
  }
}

TEST(PrintableTest, CutsBetweenCharacters) {
  EXPECT_EQ(first_bytes("abc", 3), "abc");
  EXPECT_EQ(first_bytes("abcd", 3), "abc");
  EXPECT_EQ(first_bytes("ab€", 3), "ab");
  EXPECT_EQ(first_bytes("ab€", 4), "ab");
  EXPECT_EQ(first_bytes("ab€c", 5), "ab€");
  EXPECT_EQ(first_bytes("€", 1), "");
  // Of what is no text, so many bytes.
  EXPECT_EQ(first_bytes("\x80\x80\x80\x80\x80\x80\x80", 5).size(), 5u);
}

}  // namespace
}  // namespace weir
