// The SDK's messages are Protobuf's on the wire.

#include "weir_sdk/messages.h"

#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <string>

namespace weir_sdk {
namespace {

Value text(const char* words) {
  Value value;
  value.set_string_value(words);
  return value;
}

// Each kind, and each in another.
Value of_all_kinds() {
  Value all;
  auto& fields = *all.mutable_struct_value()->mutable_fields();
  fields["text"] = text("words");
  fields["empty"] = text("");
  fields["number"].set_number_value(-0.25);
  fields["yes"].set_bool_value(true);
  fields["no"].set_bool_value(false);
  fields["null"].set_null_value(NULL_VALUE);
  fields["unset"];
  ListValue& list = *fields["list"].mutable_list_value();
  *list.add_values() = text("first");
  (*list.add_values()->mutable_struct_value()->mutable_fields())["inner"] = text("deep");
  fields["none"].mutable_list_value();
  return all;
}

TEST(SdkMessagesTest, ProtobufReadsWhatIsWritten) {
  google::protobuf::Value read;
  ASSERT_TRUE(read.ParseFromString(of_all_kinds().SerializeAsString()));
  const auto& fields = read.struct_value().fields();
  ASSERT_EQ(fields.size(), 9u);
  EXPECT_EQ(fields.at("text").string_value(), "words");
  EXPECT_TRUE(fields.at("empty").has_string_value());
  EXPECT_EQ(fields.at("number").number_value(), -0.25);
  EXPECT_TRUE(fields.at("yes").bool_value());
  EXPECT_TRUE(fields.at("no").has_bool_value());
  EXPECT_TRUE(fields.at("null").has_null_value());
  EXPECT_EQ(fields.at("unset").kind_case(), google::protobuf::Value::KIND_NOT_SET);
  EXPECT_EQ(fields.at("list").list_value().values(0).string_value(), "first");
  const auto& inner = fields.at("list").list_value().values(1).struct_value().fields();
  EXPECT_EQ(inner.at("inner").string_value(), "deep");
  EXPECT_TRUE(fields.at("none").has_list_value());
}

TEST(SdkMessagesTest, WhatProtobufWritesIsRead) {
  google::protobuf::Value written;
  ASSERT_TRUE(written.ParseFromString(of_all_kinds().SerializeAsString()));
  Value read;
  ASSERT_TRUE(read.ParseFromString(written.SerializeAsString()));
  EXPECT_EQ(read.SerializeAsString(), of_all_kinds().SerializeAsString());
}

TEST(SdkMessagesTest, AServiceIsReadAsItWasWritten) {
  GrpcService service;
  service.mutable_envoy_grpc()->set_cluster_name("cluster");
  service.add_initial_metadata()->set_key("name");
  GrpcService read;
  ASSERT_TRUE(read.ParseFromString(service.SerializeAsString()));
  EXPECT_EQ(read.envoy_grpc().cluster_name(), "cluster");
  ASSERT_EQ(read.initial_metadata_size(), 1);
  EXPECT_EQ(read.initial_metadata().Get(0).key(), "name");
  read.mutable_google_grpc()->set_target_uri("dns:///service");
  EXPECT_FALSE(read.has_envoy_grpc());
  read.Clear();
  EXPECT_EQ(read.SerializeAsString(), "");
}

TEST(SdkMessagesTest, AValueMayBeGivenWhatLiesInIt) {
  Value value = of_all_kinds();
  value = value.struct_value().fields().at("list");
  EXPECT_EQ(value.list_value().values_size(), 2);
  value = value.list_value().values(0);
  EXPECT_EQ(value.string_value(), "first");
}

TEST(SdkMessagesTest, WhatIsCutOffOrTooDeepIsNoMessage) {
  const std::string bytes = of_all_kinds().SerializeAsString();
  Value read;
  for (size_t size = 1; size < bytes.size(); ++size) {
    const bool is_message = google::protobuf::Value().ParseFromString(bytes.substr(0, size));
    EXPECT_EQ(read.ParseFromString(bytes.substr(0, size)), is_message) << size;
  }
  Value deep;
  for (int i = 0; i < 200; ++i) {
    Value outer;
    *outer.mutable_list_value()->add_values() = deep;
    deep = outer;
  }
  EXPECT_FALSE(read.ParseFromString(deep.SerializeAsString()));
}

TEST(SdkMessagesTest, FieldsThatAreNotKnownArePassedOver) {
  // Number 100 in each wire type, then the text.
  const std::string unknown(
      "\xa0\x06\x01\xa1\x06"
      "12345678\xa2\x06\x02xy\xa5\x06"
      "1234",
      24);
  Value read;
  ASSERT_TRUE(read.ParseFromString(unknown + text("words").SerializeAsString()));
  EXPECT_EQ(read.string_value(), "words");
}

}  // namespace
}  // namespace weir_sdk
