#include "planes/serve/log_line.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "planes/serve/log_condition.h"
#include "planes/serve/log_values.h"

namespace weir::serve {
namespace {

using config::parse_log_text;
using runtime::Attribute;

class FakeRecord final : public LogRecord {
 public:
  std::map<Attribute, runtime::PropertyValue> attributes;
  abi::HeaderList request{{":path", "/a"}, {"x-kind", "One"}};
  std::string plugin_name;
  LogTimes moments{.started = Nanoseconds(1'000'000),
                   .request_ended = Nanoseconds(3'000'000),
                   .ended = Nanoseconds(43'500'000)};

  ConnectionInfo connection;

  LogTimes times() const override { return moments; }
  const ConnectionInfo* client() const override { return &connection; }
  std::string_view plugin() const override { return plugin_name; }
  std::string_view type() const override { return "DownstreamEnd"; }
  const abi::HeaderList* request_headers() const override { return &request; }
  runtime::PropertyValue attribute(Attribute name) const override {
    const auto found = attributes.find(name);
    return found == attributes.end() ? runtime::PropertyValue() : found->second;
  }
  runtime::FilterState& filter_state() override { return state_; }
  abi::HeaderMap* header_map(abi::MapType type) override {
    return type == abi::MapType::RequestHeaders ? &request : nullptr;
  }

 private:
  runtime::FilterState state_;
};

std::string line(FakeRecord& record, std::string_view text, bool omit_empty = false) {
  std::string to;
  append_log_line({.line = parse_log_text(text).value(), .omit_empty = omit_empty}, record, to);
  return to;
}

TEST(LogLineTest, WhatHasNoValueIsADash) {
  FakeRecord record;
  EXPECT_EQ(line(record, "%REQ(x-none)% %PROTOCOL% %RESPONSE_FLAGS% %UPSTREAM_HOST%"), "- - - -");
  EXPECT_EQ(line(record, "[%REQ(x-none)%]", true), "[]");
  EXPECT_EQ(line(record, "%RESPONSE_CODE% %BYTES_SENT%"), "0 0");
}

TEST(LogLineTest, TimesAreMilliseconds) {
  FakeRecord record;
  EXPECT_EQ(line(record, "%DURATION% %REQUEST_DURATION% %RESPONSE_DURATION%"), "42 2 -");
}

TEST(LogLineTest, FlagsHaveTwoNames) {
  FakeRecord record;
  record.attributes[Attribute::ResponseFlags] = int64_t{0x4020};
  EXPECT_EQ(line(record, "%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG%"),
            "UF,DC UpstreamConnectionFailure,DownstreamConnectionTermination");
}

TEST(LogLineTest, AddressesLoseTheirPorts) {
  FakeRecord record;
  record.attributes[Attribute::SourceAddress] = std::string_view("[2001:db8::1]:80");
  record.attributes[Attribute::UpstreamAddress] = std::string_view("192.0.2.1:8080");
  EXPECT_EQ(line(record,
                 "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% "
                 "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
            "2001:db8::1 192.0.2.1");
}

TEST(LogLineTest, DetailsHaveNoSpacesUnlessAskedFor) {
  FakeRecord record;
  record.attributes[Attribute::ResponseCodeDetails] = std::string("a b");
  EXPECT_EQ(line(record, "%RESPONSE_CODE_DETAILS% %RESPONSE_CODE_DETAILS(ALLOW_WHITESPACES)%"),
            "a_b a b");
}

TEST(LogLineTest, NobodyForgesALine) {
  FakeRecord record;
  ASSERT_EQ(record.filter_state().set("note", "a\nb\x7f"), abi::Status::Ok);
  EXPECT_EQ(line(record, "%FILTER_STATE(note:PLAIN)%"), "a\\x0ab\\x7f");
  EXPECT_EQ(line(record, "%FILTER_STATE(wasm.note)%"), "\"a\\nb\\x7f\"");
}

TEST(LogLineTest, JsonKeepsNumbers) {
  FakeRecord record;
  record.attributes[Attribute::ResponseCode] = int64_t{200};
  config::LogJson::Object object;
  const auto add = [&](const std::string& key, std::string_view text) {
    object.members.push_back({.value = parse_log_text(text).value(), .key = key});
  };
  add("code", "%RESPONSE_CODE%");
  add("none", "%PROTOCOL%");
  add("path", "<%REQ(:path)%>");
  config::LogFormat format{.line = config::LogJson{object}};
  std::string to;
  append_log_line(format, record, to);
  EXPECT_EQ(to, "{\"code\":200,\"none\":null,\"path\":\"</a>\"}\n");
  to.clear();
  format.omit_empty = format.texts_only = true;
  append_log_line(format, record, to);
  EXPECT_EQ(to, "{\"code\":\"200\",\"path\":\"</a>\"}\n");
}

TEST(LogLineTest, JsonOmitsWhatHasNothingLeft) {
  FakeRecord record;
  const auto text = [](std::string_view operators, std::string key = "") {
    return config::LogJson{.value = parse_log_text(operators).value(), .key = std::move(key)};
  };
  config::LogJson::List items{{text("%PROTOCOL%"), text("x")}};
  config::LogJson::List nothing{{text("%PROTOCOL%")}};
  config::LogJson::Object inner{{text("%PROTOCOL%", "p")}};
  config::LogJson::Object object{{{.value = inner, .key = "a"},
                                  {.value = items, .key = "b"},
                                  {.value = nothing, .key = "c"},
                                  text("%RESPONSE_FLAGS%", "flags")}};
  const config::LogFormat format{.line = config::LogJson{object}, .omit_empty = true};
  std::string to;
  append_log_line(format, record, to);
  EXPECT_EQ(to, "{\"b\":[\"x\"],\"flags\":\"-\"}\n");
}

TEST(LogLineTest, CertificatesTellAllTheirNames) {
  FakeRecord record;
  EXPECT_EQ(line(record, "%DOWNSTREAM_PEER_DNS_SAN%"), "-");
  TlsInfo tls;
  tls.peer = std::make_shared<CertificateInfo>(
      CertificateInfo{.dns_names = {"a.test", "b.test"}, .uris = {"spiffe://a"}});
  record.connection.tls = std::make_shared<TlsInfo>(tls);
  EXPECT_EQ(line(record, "%DOWNSTREAM_PEER_DNS_SAN% %DOWNSTREAM_PEER_URI_SAN%"),
            "a.test,b.test spiffe://a");
  EXPECT_EQ(line(record, "%DOWNSTREAM_LOCAL_DNS_SAN%"), "-");
}

TEST(LogLineTest, TellsPartsOfThePath) {
  FakeRecord record;
  record.request = {
      {":path", "/new?a=1&b=&c&a=2"}, {"x-envoy-original-path", "/old?d=4"}, {"x-request-id", "7"}};
  EXPECT_EQ(line(record, "%PATH% %PATH(NQ)% %PATH(WQ:PATH)% %PATH(NQ:PATH)% %PATH(WQ:ORIG)%"),
            "/old?d=4 /old /new?a=1&b=&c&a=2 /new /old?d=4");
  EXPECT_EQ(line(record, "%QUERY_PARAM(a)% %QUERY_PARAM(b)% %QUERY_PARAM(c)% %QUERY_PARAM(e)%"),
            "1 - - -");
  EXPECT_EQ(line(record, "%STREAM_ID% %REQUEST_HEADER(X-REQUEST-ID)%"), "7 7");
  record.request = {{":path", "/a"}};
  EXPECT_EQ(line(record, "%PATH% %PATH(WQ:ORIG)% %QUERY_PARAM(a)%"), "/a - -");
}

TEST(LogLineTest, TellsWhoHasConnected) {
  FakeRecord record;
  record.connection.direct_address = "[2001:db8::1]:80";
  record.attributes[Attribute::SourceAddress] = std::string_view("192.0.2.1:0");
  EXPECT_EQ(line(record,
                 "%DOWNSTREAM_REMOTE_ADDRESS% %DOWNSTREAM_DIRECT_REMOTE_ADDRESS% "
                 "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_DIRECT_REMOTE_PORT%"),
            "192.0.2.1:0 [2001:db8::1]:80 2001:db8::1 80");
}

TEST(LogLineTest, EachUniqueIdIsAnother) {
  FakeRecord record;
  EXPECT_NE(line(record, "%UNIQUE_ID%"), line(record, "%UNIQUE_ID%"));
}

TEST(LogLineTest, WritesTimesAsEnvoyDoes) {
  constexpr int64_t kMoment = 1'481'818'043'123'456'789;  // 2016-12-15, 16:07:23
  EXPECT_EQ(format_time(kMoment, ""), "2016-12-15T16:07:23.123Z");
  EXPECT_EQ(format_time(kMoment, "%s.%3f %Y/%m/%d %f"), "1481818043.123 2016/12/15 123456789");
  EXPECT_EQ(format_time(kMoment, "%H:%M:%E6S%%"), "16:07:23.123456%");
  EXPECT_EQ(format_time(kMoment, "%E*S %Z"), "23.123456789 UTC");
  EXPECT_EQ(format_time(1'481'818'043'120'000'000, "%E*S"), "23.12");
  EXPECT_EQ(format_time(1'481'818'043'000'000'000, "%E*S"), "23");
}

TEST(LogConditionTest, AsksForHeaders) {
  FakeRecord record;
  const auto met = [&](config::HeaderMatch match) {
    return LogCondition(config::LogFilter{std::move(match)}).met_by(record);
  };
  EXPECT_TRUE(met({.name = "x-kind"}));
  EXPECT_FALSE(met({.name = "x-none"}));
  EXPECT_TRUE(met({.name = "x-kind", .value = config::StringMatch{.text = "One"}}));
  EXPECT_FALSE(met({.name = "x-kind", .value = config::StringMatch{.text = "one"}}));
}

TEST(LogConditionTest, SeveralAreAllOrAny) {
  FakeRecord record;
  record.attributes[Attribute::ResponseCode] = int64_t{404};
  const auto code = [](uint32_t value) {
    return config::LogFilter{config::StatusCodeFilter{{.value = value}}};
  };
  const config::LogFilter any{config::AnyOf{{code(200), code(404)}}};
  const config::LogFilter all{config::AllOf{{code(200), code(404)}}};
  EXPECT_TRUE(LogCondition(any).met_by(record));
  EXPECT_FALSE(LogCondition(all).met_by(record));
}

TEST(LogConditionTest, AsksForGrpcStatuses) {
  FakeRecord record;
  const auto met = [&](bool exclude) {
    return LogCondition(config::LogFilter{config::GrpcStatusFilter{1u << 5, exclude}})
        .met_by(record);
  };
  record.attributes[Attribute::ResponseGrpcStatus] = int64_t{5};
  EXPECT_TRUE(met(false));
  EXPECT_FALSE(met(true));
  // Without one, the HTTP status tells.
  record.attributes.clear();
  record.attributes[Attribute::ResponseCode] = int64_t{503};
  EXPECT_FALSE(met(false));
}

}  // namespace
}  // namespace weir::serve
