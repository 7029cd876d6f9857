#include "planes/serve/admin_query.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

TEST(AdminQueryTest, FindsWhatFormsEncode) {
  const AdminQuery query("filter=a%2Eb+c&usedonly&empty=&filter=second&%66ormat=json");
  EXPECT_EQ(query.find("filter"), "a.b c");
  EXPECT_EQ(query.find("format"), "json");
  EXPECT_EQ(query.find("empty"), "");
  EXPECT_EQ(query.find("usedonly"), "");
  EXPECT_FALSE(query.has("used"));
  EXPECT_FALSE(AdminQuery("").has("filter"));
}

TEST(AdminQueryTest, LeavesWhatIsNoEscapeAsItIs) {
  EXPECT_EQ(AdminQuery("a=%+1%2").find("a"), "% 1%2");
  EXPECT_EQ(AdminQuery("a=%").find("a"), "%");
}

TEST(AdminQueryTest, FiltersByAnExpressionMetAnywhere) {
  const auto filter = make_name_filter("rq_[45]xx");
  ASSERT_TRUE(filter);
  EXPECT_TRUE((*filter)("cluster.a.upstream_rq_5xx"));
  EXPECT_FALSE((*filter)("cluster.a.upstream_rq_2xx"));
  EXPECT_FALSE(make_name_filter("(").has_value());
}

}  // namespace
}  // namespace weir::serve
