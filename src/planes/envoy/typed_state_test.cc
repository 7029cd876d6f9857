#include "planes/envoy/typed_state.h"

#include <gtest/gtest.h>

namespace weir::envoy_plane {
namespace {

// A filter of Envoy's, whose filter state has one object.
struct Filter {
  std::string object = "one";
  int asked = 0;
};

bool get(Filter* filter, ModuleBuffer name, EnvoyBuffer* value) {
  ++filter->asked;
  if (std::string_view(name.data, name.size) != "object") return false;
  *value = {filter->object.data(), filter->object.size()};
  return true;
}

TEST(TypedStateTest, AsksOnceWhileNothingElseRuns) {
  Filter filter;
  TypedState state;
  for (int i = 0; i < 3; ++i) {
    const auto* entry = state.find<get>(&filter, "object", 1);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->value, "one");
  }
  EXPECT_EQ(filter.asked, 1);

  filter.object = "another";
  EXPECT_EQ(state.find<get>(&filter, "object", 2)->value, "another");
  EXPECT_EQ(filter.asked, 2);
}

TEST(TypedStateTest, KnowsWhatIsNotThere) {
  Filter filter;
  TypedState state;
  EXPECT_EQ(state.find<get>(&filter, "other", 1), nullptr);
}

}  // namespace
}  // namespace weir::envoy_plane
