#include "config/shown_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/loader.h"
#include "weir/envoy/tls.pb.h"
#include "weir/envoy/wasm.pb.h"

namespace weir::config::test {
namespace {

using envoy::extensions::transport_sockets::tls::v3::TlsCertificate;
using envoy::extensions::wasm::v3::PluginConfig;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename Message>
std::string shown(std::string_view text) {
  Message message;
  const Done read = load_message(text, "f.yaml", message);
  EXPECT_TRUE(read.ok()) << read.error().message;
  const auto json = to_shown_json(message);
  EXPECT_TRUE(json.ok()) << json.error().message;
  return json.ok() ? json.value() : "";
}

TEST(ShownJsonTest, LeavesSecretsOut) {
  EXPECT_THAT(
      shown<TlsCertificate>("{certificate_chain: {inline_string: CHAIN}, private_key: "
                            "{inline_string: SECRET}, password: {inline_bytes: U0VDUkVU}}"),
      AllOf(HasSubstr("CHAIN"), HasSubstr("\"private_key\":{\"inline_string\":\"[redacted]\"}"),
            HasSubstr("\"password\":{\"inline_string\":\"[redacted]\"}"), Not(HasSubstr("SECRET")),
            Not(HasSubstr("U0VDUkVU"))));
  EXPECT_THAT(shown<TlsCertificate>(
                  "{certificate_chain: {filename: a.pem}, private_key: {filename: b.pem}}"),
              HasSubstr("\"private_key\":{\"filename\":\"b.pem\"}"));
}

TEST(ShownJsonTest, LeavesUserPasswordAndQueryOfUrisOut) {
  EXPECT_THAT(
      shown<PluginConfig>(
          "{name: a, vm_config: {code: {remote: {sha256: "
          "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', http_uri: {uri: "
          "'https://USER:SECRET@a.example/a.wasm?token=TOKEN', cluster: a, timeout: 1s}}}}}"),
      AllOf(HasSubstr("\"uri\":\"https://***@a.example/a.wasm\""), Not(HasSubstr("USER")),
            Not(HasSubstr("SECRET")), Not(HasSubstr("TOKEN"))));
}

TEST(ShownJsonTest, TellsWhatPluginsAreGiven) {
  EXPECT_THAT(shown<PluginConfig>(
                  "{name: a, vm_config: {code: {local: {filename: a.wasm}}}, configuration: "
                  "{\"@type\": type.googleapis.com/google.protobuf.Struct, value: {a: 1}}}"),
              AllOf(HasSubstr("\"vm_config\":{"), HasSubstr("\"value\":{\"a\":1}")));
}

TEST(ShownJsonTest, TellsMessagesThatItDoesNotKnowAsBytes) {
  PluginConfig message;
  message.mutable_configuration()->set_type_url("type.googleapis.com/a.B");
  message.mutable_configuration()->set_value("\x0a\x01x");
  const auto json = to_shown_json(message);
  ASSERT_TRUE(json.ok()) << json.error().message;
  EXPECT_THAT(json.value(), HasSubstr("google.protobuf.BytesValue"));
}

}  // namespace
}  // namespace weir::config::test
