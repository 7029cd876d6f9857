#include "planes/serve/http_date.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

using std::chrono::seconds;

TEST(HttpDateTest, SaysTimesAsHttpDoes) {
  EXPECT_EQ(http_date(seconds(784'111'777)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(seconds(784'111'777) + Nanoseconds(999'999'999)),
            "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(seconds(784'111'778)), "Sun, 06 Nov 1994 08:49:38 GMT");
  EXPECT_EQ(http_date(Nanoseconds(0)), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(http_date(seconds(1'709'251'199)), "Thu, 29 Feb 2024 23:59:59 GMT");
  EXPECT_EQ(http_date(seconds(2'145'916'800)), "Fri, 01 Jan 2038 00:00:00 GMT");
}

}  // namespace
}  // namespace weir::serve
