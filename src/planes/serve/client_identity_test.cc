#include "planes/serve/client_identity.h"

#include <gtest/gtest.h>

#include <memory>
#include <regex>
#include <string>
#include <string_view>

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
  EXPECT_EQ(request.count(), 4u) << "x-request-id and x-envoy-external-address are the others";
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

TEST_F(ClientIdentityTest, WhatOnlyProxiesSayIsTakenAway) {
  const auto names = [&] {
    std::string all;
    request.for_each([&](std::string_view name, std::string_view) {
      if (name.starts_with("x-envoy-")) all.append(name.substr(8)).append(" ");
    });
    return all;
  };
  const auto ask = [&](bool at_edge) {
    settings.use_remote_address = at_edge;
    request = {};
    for (const char* name :
         {"internal", "max-retries", "retry-on", "retry-on", "original-url", "original-path",
          "external-address", "decorator-operation", "upstream-rq-timeout-ms", "mine"}) {
      ASSERT_TRUE(request.add(std::string("x-envoy-") + name, "7"));
    }
    identify();
  };
  ask(false);
  EXPECT_EQ(names(), "original-path external-address decorator-operation mine ");
  ask(true);
  EXPECT_EQ(names(), "mine external-address ");
  EXPECT_EQ(field("x-envoy-external-address"), "192.0.2.7");
}

TEST_F(ClientIdentityTest, TheExternalAddressIsTheClients) {
  settings.use_remote_address = true;
  settings.xff_num_trusted_hops = 1;
  request = {{"x-forwarded-for", "2001:db8::1"}};
  identify();
  EXPECT_EQ(field("x-envoy-external-address"), "2001:db8::1");
}

TEST_F(ClientIdentityTest, ACertificateIsToldByTheConnectionAlone) {
  using enum config::HttpIdentity::ClientCert;
  const auto told = [&](config::HttpIdentity::ClientCert how) {
    settings.client_cert = how;
    request = {{"x-forwarded-client-cert", "Hash=1"}, {"x-forwarded-client-cert", "Hash=2"}};
    identify();
    return field("x-forwarded-client-cert");
  };
  for (const auto how : {Sanitize, Forward, Append, Set}) EXPECT_EQ(told(how), "none");
  EXPECT_EQ(told(AlwaysForward), "Hash=1");

  TlsInfo tls;
  const CertificateInfo peer{.subject = R"(CN=a,O=\"b\\)",
                             .dns_names = {"a.test", "b.test"},
                             .uris = {"spiffe://a", "spiffe://b;By=c"},
                             .sha256 = "0f",
                             .url_pem = "-----BEGIN%20"};
  tls.peer = std::make_shared<CertificateInfo>(peer);
  connection.tls = std::make_shared<TlsInfo>(tls);
  EXPECT_EQ(told(Sanitize), "none");
  EXPECT_EQ(told(Forward), "Hash=1");
  EXPECT_EQ(request.count(), 4u) << "both stay";
  EXPECT_EQ(told(Set), "Hash=0f");
  EXPECT_EQ(told(Append), "Hash=1,Hash=2,Hash=0f");

  settings.cert_details = {.subject = true, .cert = true, .dns = true, .uri = true};
  tls.local = std::make_shared<CertificateInfo>(CertificateInfo{.uris = {"spiffe://here"}});
  connection.tls = std::make_shared<TlsInfo>(tls);
  EXPECT_EQ(told(Set),
            "By=spiffe://here;Hash=0f;Cert=\"-----BEGIN%20\";Subject=\"CN=a,O=\\\"b\\\\\";"
            "URI=spiffe://a;URI=\"spiffe://b;By=c\";DNS=a.test;DNS=b.test");
}

TEST_F(ClientIdentityTest, AForwarderTellsTheSchemeThatARequestDoesNotSay) {
  const auto scheme = [&](std::string_view proto) {
    request = {{":scheme", "http"}, {"x-forwarded-proto", proto}};
    imply_scheme(request);
    return field(":scheme");
  };
  EXPECT_EQ(scheme("https"), "https");
  EXPECT_EQ(scheme("http"), "http");
  EXPECT_EQ(scheme("wss"), "http");
  EXPECT_EQ(scheme(""), "http");
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
    introduce_proxy(settings, "id", ManualClock(), response);
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
