#include "cli/xml_text.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

using namespace std::literals;

TEST(XmlTextTest, HasTextAsItIs) {
  EXPECT_EQ(xml_text(""), "");
  EXPECT_EQ(xml_text("a\tb\n\n\u00e4\n"), "a\tb\n\n\u00e4\n");
  EXPECT_EQ(xml_text("<a b=\"c\">&</a>"), "&lt;a b=&quot;c&quot;&gt;&amp;&lt;/a&gt;");
}

// Readers of XML refuse the whole file for one of these.
TEST(XmlTextTest, HasNothingThatXmlHasNoPlaceFor) {
  EXPECT_EQ(xml_text("a\0\x1b[2J\r\n"sv), "a\\x00\\x1b[2J\\x0d\n");
  EXPECT_EQ(xml_text("\xff\xfe<\xed\xa0\x80\xc3"), "\\xff\\xfe&lt;\\xed\\xa0\\x80\\xc3");
  EXPECT_EQ(xml_text("a\uFFFE\uFFFFb\uFFFD"), "a\\xef\\xbf\\xbe\\xef\\xbf\\xbfb\uFFFD");
}

}  // namespace
}  // namespace weir::cli
