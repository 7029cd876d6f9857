#include "base/percent.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(PercentTest, Decodes) {
  EXPECT_EQ(percent_decoded("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(percent_decoded("%41%42%zz"), "AB%zz");
  EXPECT_EQ(percent_decoded("100%"), "100%");
  EXPECT_EQ(percent_decoded("%4"), "%4");
  EXPECT_EQ(percent_decoded("%%41"), "%A");
  EXPECT_EQ(percent_decoded("%+1% 1"), "%+1% 1");
  EXPECT_EQ(percent_decoded(""), "");
}

TEST(PercentTest, Encodes) {
  EXPECT_EQ(percent_encoded("a-b.c_d~9/ \xff\n", is_unreserved), "a-b.c_d~9%2F%20%FF%0A");
  EXPECT_EQ(percent_encoded("", is_unreserved), "");
}

TEST(PercentTest, DecodesWhatItEncodes) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  EXPECT_EQ(percent_decoded(percent_encoded(bytes, is_unreserved)), bytes);
}

}  // namespace
}  // namespace weir
