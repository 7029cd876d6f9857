#include "runtime/call_targets.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

TEST(CallTargetsTest, AStarStandsForAnyCharacters) {
  EXPECT_TRUE(matches_target("auth", "auth"));
  EXPECT_FALSE(matches_target("auth", "auth2"));
  EXPECT_FALSE(matches_target("auth", "aut"));
  EXPECT_TRUE(matches_target("auth*", "auth"));
  EXPECT_TRUE(matches_target("*.internal", "db.internal"));
  EXPECT_FALSE(matches_target("*.internal", "db.internal.example"));
  EXPECT_TRUE(matches_target("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(matches_target("a*b*c", "a-c-b"));
  EXPECT_TRUE(matches_target("*", ""));
  EXPECT_FALSE(matches_target("", "a"));
  EXPECT_TRUE(matches_target("**a", "ba"));
}

TEST(CallTargetsTest, AHostileNameTakesNoTime) {
  const std::string name(10'000, 'a');
  EXPECT_FALSE(matches_target("*a*a*a*a*a*a*a*a*b", name));
}

TEST(CallTargetsTest, NoTargetsAllowAll) {
  EXPECT_TRUE(is_allowed_target({}, "any"));
  EXPECT_TRUE(is_allowed_target({"one", "two-*"}, "two-b"));
  EXPECT_FALSE(is_allowed_target({"one", "two-*"}, "three"));
}

}  // namespace
}  // namespace weir::runtime
