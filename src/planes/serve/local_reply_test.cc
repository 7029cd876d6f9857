#include "planes/serve/local_reply.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

std::string header(const LocalMessage& message, std::string_view name) {
  return std::string(message.headers.find(name).value_or("none"));
}

TEST(LocalReplyTest, TellsTheLengthAndTypeOfItsBody) {
  const LocalMessage message = make_local_message({404, "not here", ""}, {});
  EXPECT_EQ(header(message, ":status"), "404");
  EXPECT_EQ(header(message, "content-length"), "8");
  EXPECT_EQ(header(message, "content-type"), "text/plain");
  EXPECT_EQ(message.body, "not here");
}

TEST(LocalReplyTest, KeepsTheTypeThatAPluginGave) {
  LocalReply reply(200, "{}", "");
  ASSERT_TRUE(reply.headers.add("Content-Type", "application/json"));
  EXPECT_EQ(header(make_local_message(std::move(reply), {}), "content-type"), "application/json");
}

TEST(LocalReplyTest, LeavesOutWhatAPluginMayNotSet) {
  LocalReply reply(200, "abc", "");
  for (std::string_view name : {"content-length", ":status", ":path", "transfer-encoding"}) {
    ASSERT_TRUE(reply.headers.add(name, "7"));
  }
  ASSERT_TRUE(reply.headers.add("x-split", "a\r\nb: c"));
  const LocalMessage message = make_local_message(std::move(reply), {});
  EXPECT_EQ(header(message, ":status"), "200");
  EXPECT_EQ(header(message, "content-length"), "3");
  EXPECT_EQ(message.headers.count(), 3u);
}

TEST(LocalReplyTest, HasNoBodyForHead) {
  const LocalMessage message = make_local_message({404, "not here", ""}, {.is_head = true});
  EXPECT_EQ(header(message, "content-length"), "8");
  EXPECT_EQ(message.body, "");
}

TEST(LocalReplyTest, HasNoBodyWith204) {
  const LocalMessage message = make_local_message({204, "text", ""}, {});
  EXPECT_EQ(header(message, "content-length"), "none");
  EXPECT_EQ(message.body, "");
}

TEST(LocalReplyTest, TurnsAnImpossibleStatusInto500) {
  for (uint32_t status : {0u, 100u, 1000u, UINT32_MAX}) {
    EXPECT_EQ(header(make_local_message({status, "", ""}, {}), ":status"), "500");
  }
}

TEST(LocalReplyTest, GivesGrpcAStatusInTheHeaders) {
  LocalReply reply(200, "why", "");
  reply.grpc_status = 8;
  const LocalMessage message = make_local_message(std::move(reply), {.is_grpc = true});
  EXPECT_EQ(header(message, ":status"), "200");
  EXPECT_EQ(header(message, "grpc-status"), "8");
  EXPECT_EQ(header(message, "grpc-message"), "why");
  EXPECT_EQ(message.body, "");
}

TEST(LocalReplyTest, DerivesTheGrpcStatusFromTheHttpStatus) {
  const std::pair<uint32_t, std::string> kCases[] = {
      {400, "13"}, {401, "16"}, {403, "7"}, {404, "12"}, {429, "14"}, {503, "14"}, {418, "2"}};
  for (const auto& [http, grpc] : kCases) {
    EXPECT_EQ(header(make_local_message({http, "", ""}, {.is_grpc = true}), "grpc-status"), grpc);
  }
}

}  // namespace
}  // namespace weir::serve
