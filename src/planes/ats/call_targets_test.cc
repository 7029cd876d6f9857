#include "planes/ats/call_targets.h"

#include <gtest/gtest.h>

namespace weir::ats_plane {
namespace {

config::Cluster cluster(const std::string& url) {
  auto made = config::make_cluster("auth", url);
  EXPECT_TRUE(made.ok()) << made.error().message;
  return std::move(made).value();
}

TEST(CallTargetsTest, EachFileHasNamesOfItsOwn) {
  CallTargets targets;
  targets.add(scope_of("/etc/a.yaml") + "auth", cluster("http://127.0.0.1:1"));
  targets.add(scope_of("/etc/b.yaml") + "auth", cluster("http://127.0.0.1:2"));
  EXPECT_EQ(targets.find(scope_of("/etc/a.yaml") + "auth")->key, "http 127.0.0.1:1");
  EXPECT_EQ(targets.find(scope_of("/etc/b.yaml") + "auth")->key, "http 127.0.0.1:2");
  EXPECT_EQ(targets.find(scope_of("/etc/c.yaml") + "auth"), nullptr);
}

TEST(CallTargetsTest, AddressesAreTheSameInEach) {
  const CallTargets targets;
  EXPECT_EQ(targets.find(scope_of("/etc/a.yaml") + "127.0.0.1:3")->key, "http 127.0.0.1:3");
  EXPECT_EQ(targets.find(scope_of("/etc/a.yaml") + "nobody"), nullptr);
}

TEST(CallTargetsTest, ANameDoesNotLeaveItsScope) {
  CallTargets targets;
  targets.add(scope_of("/etc/b.yaml") + "auth", cluster("http://127.0.0.1:2"));
  EXPECT_EQ(targets.find(scope_of("/etc/a.yaml") + scope_of("/etc/b.yaml") + "auth"), nullptr);
  // Nor does the name of a file.
  EXPECT_EQ(scope_of("/etc/a\nb.yaml"), scope_of("/etc/a b.yaml"));
}

}  // namespace
}  // namespace weir::ats_plane
