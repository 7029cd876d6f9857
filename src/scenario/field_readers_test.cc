#include "scenario/field_readers.h"

#include <gtest/gtest.h>

namespace weir::scenario {
namespace {

runtime::PropertyValue property(double number) {
  Values values;
  values["a"].set_number_value(number);
  const config::SourceMap map;
  auto read = read_properties(values, config::Place(map));
  return read.ok() ? read.value().at("a") : runtime::PropertyValue();
}

TEST(PropertyTest, NumbersAreWholeWhereTheyFit) {
  EXPECT_EQ(std::get<int64_t>(property(0)), 0);
  EXPECT_EQ(std::get<int64_t>(property(-3)), -3);
  EXPECT_EQ(std::get<int64_t>(property(9007199254740992.0)), 9007199254740992);
  EXPECT_EQ(std::get<double>(property(0.5)), 0.5);
}

// It was converted all the same, which is undefined.
TEST(PropertyTest, NumbersBeyondEveryIntegerStayAsTheyAre) {
  EXPECT_EQ(std::get<double>(property(1e300)), 1e300);
  EXPECT_EQ(std::get<double>(property(-1e19)), -1e19);
}

}  // namespace
}  // namespace weir::scenario
