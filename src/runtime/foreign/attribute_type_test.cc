#include "runtime/foreign/attribute_type.h"

#include <gtest/gtest.h>

namespace weir::runtime::foreign {
namespace {

using namespace std::string_view_literals;

TEST(AttributeTypeTest, KnowsWhatIsNoText) {
  const FilterState none;
  EXPECT_EQ(attribute_type("request\0headers"sv, none), WeirCelType::Map);
  EXPECT_EQ(attribute_type("request\0time"sv, none), WeirCelType::Timestamp);
  EXPECT_EQ(attribute_type("response\0code"sv, none), WeirCelType::Int);
  EXPECT_EQ(attribute_type("connection\0mtls"sv, none), WeirCelType::Bool);
  EXPECT_EQ(attribute_type("connection_id"sv, none), WeirCelType::Uint);
}

TEST(AttributeTypeTest, TakesTheRestForText) {
  const FilterState none;
  EXPECT_EQ(attribute_type("request\0path"sv, none), WeirCelType::Text);
  EXPECT_EQ(attribute_type("request\0headers\0x"sv, none), WeirCelType::Text);
  EXPECT_EQ(attribute_type(""sv, none), WeirCelType::Text);
}

TEST(AttributeTypeTest, TakesWhatPluginsSetAsTheyDeclaredIt) {
  FilterState state;
  ASSERT_EQ(state.set("a.b", "1", {.type = DeclaredType::String}), abi::Status::Ok);
  ASSERT_EQ(state.set("c", "2"), abi::Status::Ok);
  EXPECT_EQ(attribute_type("a\0b"sv, state), WeirCelType::Text);
  EXPECT_EQ(attribute_type("filter_state\0a.b"sv, state), WeirCelType::Text);
  EXPECT_EQ(attribute_type("c"sv, state), WeirCelType::Bytes);
  EXPECT_EQ(attribute_type("filter_state\0wasm.c"sv, state), WeirCelType::Bytes);
}

}  // namespace
}  // namespace weir::runtime::foreign
