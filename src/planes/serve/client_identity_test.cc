#include "planes/serve/client_identity.h"

#include <gtest/gtest.h>

#include <regex>

namespace weir::serve {
namespace {

class ClientIdentityTest : public ::testing::Test {
 protected:
  std::string identify() { return identify_client(settings, connection, request); }
  std::string field(std::string_view name) const {
    return std::string(request.find(name).value_or("none"));
  }

  config::HttpIdentity settings;
  ConnectionInfo connection{.remote_address = "192.0.2.7:5000", .remote_port = 5000};
  HeaderList request;
};

TEST_F(ClientIdentityTest, BelievesTheLastForwarder) {
  request = {{"x-forwarded-for", "203.0.113.1, 203.0.113.2"}, {"x-forwarded-proto", "https"}};
  EXPECT_EQ(identify(), "203.0.113.2:0");
  EXPECT_EQ(field("x-forwarded-for"), "203.0.113.1, 203.0.113.2");
  EXPECT_EQ(field("x-forwarded-proto"), "https");
}

TEST_F(ClientIdentityTest, CountsTrustedHopsFromTheEnd) {
  settings.xff_num_trusted_hops = 1;
  request = {{"x-forwarded-for", "203.0.113.1"}, {"x-forwarded-for", "2001:db8::1, 203.0.113.3"}};
  EXPECT_EQ(identify(), "[2001:db8::1]:0");
  settings.xff_num_trusted_hops = 2;
  EXPECT_EQ(identify(), "203.0.113.1:0");
  settings.xff_num_trusted_hops = 3;
  EXPECT_EQ(identify(), "");
}

TEST_F(ClientIdentityTest, WhatIsNoAddressIsNotBelieved) {
  for (const char* value : {"unknown", "203.0.113.1:80", "", "203.0.113.1,"}) {
    request = {{"x-forwarded-for", value}};
    EXPECT_EQ(identify(), "") << value;
  }
}

TEST_F(ClientIdentityTest, TheRemoteAddressIsAppended) {
  settings.use_remote_address = true;
  request = {{"x-forwarded-for", "203.0.113.1"},
             {"x-forwarded-for", "203.0.113.2"},
             {"x-forwarded-proto", "https"}};
  EXPECT_EQ(identify(), "");
  EXPECT_EQ(field("x-forwarded-for"), "203.0.113.1,203.0.113.2,192.0.2.7");
  EXPECT_EQ(field("x-forwarded-proto"), "http");
  EXPECT_EQ(request.count(), 3u);
}

TEST_F(ClientIdentityTest, TrustedHopsBeforeTheRemoteAddress) {
  settings.use_remote_address = true;
  settings.xff_num_trusted_hops = 1;
  request = {{"x-forwarded-for", "203.0.113.1, 203.0.113.2"}, {"x-forwarded-proto", "https"}};
  EXPECT_EQ(identify(), "203.0.113.2:0");
  EXPECT_EQ(field("x-forwarded-proto"), "https");
}

TEST_F(ClientIdentityTest, AppendingMayBeSkipped) {
  settings.use_remote_address = true;
  settings.skip_xff_append = true;
  EXPECT_EQ(identify(), "");
  EXPECT_EQ(field("x-forwarded-for"), "none");
}

TEST_F(ClientIdentityTest, RequestsGetAnId) {
  identify();
  const std::string id = field("x-request-id");
  const std::regex uuid("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  EXPECT_TRUE(std::regex_match(id, uuid)) << id;
  identify();
  EXPECT_EQ(field("x-request-id"), id) << "an id that is there stays";
  settings.use_remote_address = true;
  identify();
  EXPECT_NE(field("x-request-id"), id) << "a stranger's does not";
  request = {{"x-request-id", "mine"}};
  settings.preserve_external_request_id = true;
  identify();
  EXPECT_EQ(field("x-request-id"), "mine");
  request = {};
  settings.generate_request_id = false;
  identify();
  EXPECT_EQ(field("x-request-id"), "none");
}

TEST_F(ClientIdentityTest, ViaIsAppended) {
  settings.via = "1.1 weir";
  request = {{"via", "1.0 other"}};
  identify();
  EXPECT_EQ(field("via"), "1.0 other, 1.1 weir");
}

TEST_F(ClientIdentityTest, TheProxySaysWhoAnswers) {
  using enum config::HttpIdentity::ServerHeader;
  const auto server = [&](config::HttpIdentity::ServerHeader how, HeaderList response) {
    settings.server_header = how;
    introduce_proxy(settings, "id", response);
    EXPECT_EQ(response.find("x-request-id"), "id");
    return std::string(response.find("server").value_or("none"));
  };
  EXPECT_EQ(server(Overwrite, {{"server", "a"}}), "weir");
  EXPECT_EQ(server(AppendIfAbsent, {{"server", "a"}}), "a");
  EXPECT_EQ(server(AppendIfAbsent, {}), "weir");
  EXPECT_EQ(server(PassThrough, {}), "none");
}

}  // namespace
}  // namespace weir::serve
