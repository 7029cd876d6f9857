#include "planes/common/node_properties.h"

#include <gtest/gtest.h>

#include <cstring>

#include "config/loader.h"
#include "config/wire_form.h"
#include "weir/envoy/core.pb.h"

namespace weir::planes {
namespace {

class NodePropertiesTest : public ::testing::Test {
 protected:
  // Of a node in YAML.
  void read(std::string_view yaml) {
    ::envoy::config::core::v3::Node node;
    const Done done = config::load_message(yaml, "node.yaml", node);
    ASSERT_TRUE(done.ok()) << done.error().message;
    bytes = config::to_wire_form(node);
    properties = node_properties(bytes);
  }

  std::string value(std::string path) const {
    for (char& c : path) c = c == '.' ? '\0' : c;
    const auto found = properties.find(path);
    return found == properties.end() ? "absent" : found->second;
  }

  std::string bytes;
  std::map<std::string, std::string, std::less<>> properties;
};

TEST_F(NodePropertiesTest, AreThoseOfTheNode) {
  read("{id: a, cluster: web, locality: {region: r, zone: z}}");
  EXPECT_EQ(value("node"), bytes);
  EXPECT_EQ(value("node.id"), "a");
  EXPECT_EQ(value("node.cluster"), "web");
  EXPECT_EQ(value("node.locality"), "\x0a\x01r\x12\x01z");
  EXPECT_EQ(value("node.locality.zone"), "z");
  EXPECT_EQ(value("node.locality.sub_zone"), "absent");
  EXPECT_EQ(value("node.metadata"), "absent");
  EXPECT_TRUE(node_properties("").empty());
}

TEST_F(NodePropertiesTest, MetadataHaveTheirTypes) {
  read(
      "{metadata: {TEXT: t, YES: true, NUMBER: 1.5, NONE: ~, MAP: {B: '2', A: '1'}, LIST: [x, {y: "
      "z}]}}");
  EXPECT_EQ(value("node.metadata.TEXT"), "t");
  EXPECT_EQ(value("node.metadata.YES"), "\1");
  double number = 0;
  ASSERT_EQ(value("node.metadata.NUMBER").size(), sizeof number);
  std::memcpy(&number, value("node.metadata.NUMBER").data(), sizeof number);
  EXPECT_EQ(number, 1.5);
  EXPECT_EQ(value("node.metadata.NONE"), "absent");
  EXPECT_EQ(value("node.metadata.MAP.B"), "2");
  // The count, four lengths, and each name and value with its NUL.
  const std::string map(
      "\2\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0A\0"
      "1\0B\0"
      "2\0",
      28);
  EXPECT_EQ(value("node.metadata.MAP"), map);
  EXPECT_EQ(value("node.metadata.LIST.0"), "x");
  EXPECT_EQ(value("node.metadata.LIST.1.y"), "z");
  EXPECT_EQ(value("node.metadata.LIST.2"), "absent");
}

}  // namespace
}  // namespace weir::planes
