#include "planes/common/printable.h"

#include <gtest/gtest.h>

namespace weir::planes {
namespace {

TEST(PrintableTest, WritesControlCharactersSoThatLinesCannotBeForged) {
  EXPECT_EQ(printable("a\nb\x1b[0m\tc\x7f"), "a\\x0ab\\x1b[0m\tc\\x7f");
  EXPECT_TRUE(is_printable("a\tb \xff"));
  EXPECT_FALSE(is_printable("a\nb"));
}

}  // namespace
}  // namespace weir::planes
