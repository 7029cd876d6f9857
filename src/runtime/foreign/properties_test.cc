#include <gtest/gtest.h>

#include "foreign.pb.h"
#include "runtime/foreign/foreign_fakes.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;
using test::FakePlugin;

class PropertiesTest : public ::testing::Test {
 protected:
  // `fields` are those of the message beside the name.
  Status declare(const std::string& name, weir::foreign::DeclareProperty fields = {}) {
    fields.set_name(name);
    return plugin.call("declare_property", fields.SerializeAsString());
  }

  Status set_filter_state(const std::string& path, const std::string& value) {
    weir::foreign::SetFilterState state;
    state.set_path(path);
    state.set_value(value);
    return plugin.call("set_envoy_filter_state", state.SerializeAsString());
  }

  FakePlugin plugin;
};

TEST_F(PropertiesTest, KnowsNoFunctionOfAnotherName) {
  EXPECT_EQ(find_foreign_function("declare"), nullptr);
  EXPECT_EQ(find_foreign_function("declare_property2"), nullptr);
  EXPECT_EQ(find_foreign_function(""), nullptr);
  EXPECT_NE(find_foreign_function("declare_property"), nullptr);
}

TEST_F(PropertiesTest, KeepsWhatIsDeclared) {
  weir::foreign::DeclareProperty fields;
  fields.set_readonly(true);
  fields.set_type(weir::foreign::STRING);
  ASSERT_EQ(declare("user", fields), Status::Ok);
  EXPECT_TRUE(plugin.declarations().find("user").read_only);
  EXPECT_EQ(plugin.declarations().find("user").type, DeclaredType::String);
  EXPECT_FALSE(plugin.declarations().find("other").read_only);
}

TEST_F(PropertiesTest, ReadsTheBytesThatEnvoyPluginsSend) {
  // name "user", readonly true, type String, span DownstreamRequest
  const std::string arguments("\x0a\x04user\x10\x01\x18\x01\x28\x01", 12);
  ASSERT_EQ(plugin.call("declare_property", arguments), Status::Ok);
  EXPECT_TRUE(plugin.declarations().find("user").read_only);
  EXPECT_EQ(plugin.declarations().find("user").type, DeclaredType::String);

  // path "a.b", value "c"
  ASSERT_EQ(plugin.call("set_envoy_filter_state",
                        "\x0a\x03"
                        "a.b"
                        "\x12\x01"
                        "c"),
            Status::Ok);
  ASSERT_NE(plugin.filter_state().find("a.b"), nullptr);
  EXPECT_EQ(plugin.filter_state().find("a.b")->value, "c");
}

TEST_F(PropertiesTest, TakesATypeThatItDoesNotKnowForBytes) {
  ASSERT_EQ(plugin.call("declare_property", "\x0a\x01x\x18\x63"), Status::Ok);
  EXPECT_EQ(plugin.declarations().find("x").type, DeclaredType::Bytes);
}

TEST_F(PropertiesTest, RefusesASecondDeclaration) {
  ASSERT_EQ(declare("user"), Status::Ok);
  EXPECT_EQ(declare("user"), Status::BadArgument);
}

TEST_F(PropertiesTest, RefusesNamesThatAreEmptyOrTooLong) {
  EXPECT_EQ(declare(""), Status::BadArgument);
  EXPECT_EQ(declare(std::string(PropertyDeclarations::kMaxNameBytes + 1, 'x')),
            Status::BadArgument);
}

TEST_F(PropertiesTest, BoundsTheNumberOfDeclarations) {
  for (size_t i = 0; i < PropertyDeclarations::kMaxCount; ++i) {
    ASSERT_EQ(declare(std::to_string(i)), Status::Ok);
  }
  EXPECT_EQ(declare("one more"), Status::InternalFailure);
}

TEST_F(PropertiesTest, RefusesArgumentsThatAreNoMessage) {
  EXPECT_EQ(plugin.call("declare_property", "\xff\xff"), Status::BadArgument);
  EXPECT_EQ(plugin.call("set_envoy_filter_state", "\x0a\x7f"), Status::BadArgument);
}

TEST_F(PropertiesTest, SetsFilterStateAgainAndAgain) {
  ASSERT_EQ(set_filter_state("envoy.tcp_proxy.cluster", "one"), Status::Ok);
  ASSERT_EQ(set_filter_state("envoy.tcp_proxy.cluster", "two"), Status::Ok);
  EXPECT_EQ(plugin.filter_state().find("envoy.tcp_proxy.cluster")->value, "two");
}

TEST_F(PropertiesTest, RefusesFilterStateWithoutAPath) {
  EXPECT_EQ(set_filter_state("", "value"), Status::BadArgument);
}

TEST_F(PropertiesTest, LeavesAReadOnlyValueAsItIs) {
  ASSERT_EQ(plugin.filter_state().set("user", "first", {.read_only = true}), Status::Ok);
  EXPECT_EQ(plugin.filter_state().set("user", "second"), Status::BadArgument);
  EXPECT_EQ(set_filter_state("user", "third"), Status::BadArgument);
  EXPECT_EQ(plugin.filter_state().find("user")->value, "first");
}

TEST_F(PropertiesTest, BoundsTheSizeOfFilterState) {
  const std::string half(FilterState::kMaxBytes / 2, 'x');
  ASSERT_EQ(set_filter_state("a", half), Status::Ok);
  EXPECT_EQ(set_filter_state("b", half), Status::InternalFailure);
  EXPECT_EQ(plugin.filter_state().find("b"), nullptr);
  ASSERT_EQ(set_filter_state("a", "short"), Status::Ok);
  EXPECT_EQ(set_filter_state("b", half), Status::Ok);
}

TEST_F(PropertiesTest, BoundsTheNumberOfValues) {
  for (size_t i = 0; i < FilterState::kMaxCount; ++i) {
    ASSERT_EQ(set_filter_state(std::to_string(i), ""), Status::Ok);
  }
  EXPECT_EQ(set_filter_state("one more", ""), Status::InternalFailure);
  EXPECT_EQ(set_filter_state("0", "changed"), Status::Ok);
}

TEST_F(PropertiesTest, ClearsTheRouteCache) {
  EXPECT_EQ(plugin.call("clear_route_cache"), Status::Ok);
  EXPECT_EQ(plugin.context().route_cache_clearings, 1);
}

}  // namespace
}  // namespace weir::runtime::foreign
