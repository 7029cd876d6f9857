#include "config/binary_reader.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "config/bootstrap.h"
#include "config/document.h"
#include "config/loader.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

namespace pb = google::protobuf;
using envoy::extensions::wasm::v3::PluginConfig;
using weir::v1::PluginOptions;

// Field 2000, a varint that no message has.
const std::string kStranger = "\x80\x7d\x01";

PluginConfig plugin() {
  PluginConfig config;
  config.set_name("a");
  config.mutable_vm_config()->mutable_code()->mutable_local()->set_filename("a.wasm");
  return config;
}

template <typename M>
std::string error_of(const std::string& bytes) {
  M message;
  const Done done = load_message(bytes, "f.pb", message);
  return done.ok() ? "no error" : done.error().message;
}

std::string error_of(const PluginConfig& config) {
  return error_of<PluginConfig>(config.SerializeAsString());
}

TEST(BinaryReaderTest, ReadsWhatATextWouldSay) {
  constexpr std::string_view kText = R"(
name: n
failure_policy: FAIL_OPEN
configuration: {"@type": type.googleapis.com/google.protobuf.Struct, value: {a: [1, {b: ~}]}}
vm_config:
  code: {local: {filename: a.wasm}}
  environment_variables: {key_values: {A: b, C: d}}
  capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}
)";
  PluginConfig written;
  ASSERT_TRUE(load_message(kText, "f.yaml", written).ok());
  PluginConfig read;
  const Done done = load_message(written.SerializeAsString(), "f.pb", read);
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(read.DebugString(), written.DebugString());
}

TEST(BinaryReaderTest, NamesAFieldThatIsNotKnownByItsNumber) {
  const std::string bytes = plugin().SerializeAsString();
  EXPECT_EQ(error_of<PluginConfig>(bytes), "no error");
  EXPECT_EQ(error_of<PluginConfig>(bytes + kStranger),
            "f.pb: envoy.extensions.wasm.v3.PluginConfig has no field 2000");
}

TEST(BinaryReaderTest, NamesAFieldThatIsNotKnownAtAnyDepth) {
  auto config = plugin();
  auto& vm = *config.mutable_vm_config();
  const auto with_stranger = [](pb::Message& inner) {
    EXPECT_TRUE(inner.MergeFromString(kStranger));
  };
  with_stranger(*vm.mutable_code()->mutable_local());
  EXPECT_EQ(error_of(config),
            "f.pb: vm_config.code.local: envoy.config.core.v3.DataSource has no field 2000");

  config = plugin();
  auto& allowed = *config.mutable_capability_restriction_config()->mutable_allowed_capabilities();
  with_stranger(allowed["proxy_log"]);
  EXPECT_EQ(error_of(config),
            "f.pb: capability_restriction_config.allowed_capabilities['proxy_log']: "
            "envoy.extensions.wasm.v3.SanitizationConfig has no field 2000");

  config = plugin();
  with_stranger(*config.mutable_configuration());
  EXPECT_EQ(error_of(config), "f.pb: configuration: google.protobuf.Any has no field 2000");
}

// Field 3 of a RetryPolicy is Envoy's retry_on.
TEST(BinaryReaderTest, NamesAFieldThatIsNotSupported) {
  auto config = plugin();
  auto& remote = *config.mutable_vm_config()->mutable_code()->mutable_remote();
  EXPECT_TRUE(
      remote.mutable_retry_policy()->MergeFromString("\x1a\x03"
                                                     "5xx"));
  EXPECT_TRUE(error_of(config).starts_with(
      "f.pb: vm_config.code.remote.retry_policy.retry_on: not supported"))
      << error_of(config);
}

TEST(BinaryReaderTest, LooksIntoAnAny) {
  PluginConfig outer = plugin();
  outer.mutable_configuration()->set_type_url("type.googleapis.com/google.protobuf.StringValue");
  outer.mutable_configuration()->set_value("\x0a\x01x" + kStranger);
  EXPECT_EQ(error_of(outer), "f.pb: configuration: google.protobuf.StringValue has no field 2000");
  outer.mutable_configuration()->set_value("\x0a\x05x");
  EXPECT_EQ(error_of(outer), "f.pb: configuration: the bytes are no google.protobuf.StringValue");
  outer.mutable_configuration()->clear_type_url();
  EXPECT_EQ(error_of(outer), "f.pb: configuration: 'type_url' is missing");
}

// Envoy hands it over as it is, and so does Weir.
TEST(BinaryReaderTest, LeavesAMessageOfThePluginsOwnAlone) {
  auto config = plugin();
  for (const char* type : {"acme.PluginSettings", "weir.v1.PluginOptions"}) {
    config.mutable_configuration()->set_type_url(std::string("type.googleapis.com/") + type);
    config.mutable_configuration()->set_value(kStranger);
    EXPECT_EQ(error_of(config), "no error") << type;
  }
}

TEST(BinaryReaderTest, NamesEnumeratorsThatAreNotKnown) {
  auto config = plugin();
  config.set_failure_policy(static_cast<envoy::extensions::wasm::v3::FailurePolicy>(9));
  EXPECT_EQ(error_of(config),
            "f.pb: failure_policy: unknown or unsupported value 9; expected one of UNSPECIFIED, "
            "FAIL_RELOAD, FAIL_CLOSED, FAIL_OPEN");
}

TEST(BinaryReaderTest, ChecksWhatATextIsCheckedFor) {
  PluginConfig bare;
  bare.set_name("a");
  EXPECT_EQ(error_of(bare), "f.pb: 'vm_config' is missing; the code stands there");
  PluginOptions options;
  *options.mutable_plugin() = plugin();
  options.mutable_limits()->mutable_max_memory_bytes()->set_value(1);
  EXPECT_EQ(error_of<PluginOptions>(options.SerializeAsString()),
            "f.pb: limits.max_memory_bytes: less than a page of wasm memory; has to be 65536 or "
            "more");
}

TEST(BinaryReaderTest, RefusesDurationsThatAreNone) {
  const auto error_of_duration = [](int64_t seconds, int32_t nanos) {
    PluginOptions options;
    *options.mutable_plugin() = plugin();
    auto& time = *options.mutable_limits()->mutable_call_cpu_time();
    time.set_seconds(seconds);
    time.set_nanos(nanos);
    return error_of<PluginOptions>(options.SerializeAsString());
  };
  EXPECT_EQ(error_of_duration(1, 999'999'999), "no error");
  for (auto [seconds, nanos] : {std::pair<int64_t, int32_t>{1, 1'000'000'000},
                                {1, -1},
                                {-1, 1},
                                {315'576'000'001, 0},
                                {0, INT32_MIN}}) {
    EXPECT_EQ(error_of_duration(seconds, nanos),
              "f.pb: limits.call_cpu_time: not a duration: its seconds or nanos are out of range, "
              "or differ in sign");
  }
}

TEST(BinaryReaderTest, RefusesWhatJsonCannotSay) {
  auto config = plugin();
  pb::Struct content;
  (*content.mutable_fields())["a"].set_number_value(std::numeric_limits<double>::infinity());
  config.mutable_configuration()->PackFrom(content);
  EXPECT_EQ(error_of(config),
            "f.pb: configuration.fields['a']: JSON has no infinity, and nothing that is not a "
            "number");
  content.Clear();
  (*content.mutable_fields())["a"];
  config.mutable_configuration()->PackFrom(content);
  EXPECT_EQ(error_of(config), "f.pb: configuration.fields['a']: holds no value");
}

TEST(BinaryReaderTest, RefusesBytesThatAreNoMessage) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(error_of<PluginConfig>("\x0a\x01\xff"),
            "f.pb: the bytes are no envoy.extensions.wasm.v3.PluginConfig; write it as protobuf's "
            "encoders do, or as a text in a file whose name ends in .yaml or .json");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(error_of<PluginConfig>(std::string(kMaxFileBytes + 1, '\0')),
            "f.pb: it is larger than 16 MiB; keep code in a file of its own (code.local.filename)");
}

// "Bootstrap has no field 14" was all that was said of YAML in such a file.
TEST(BinaryReaderTest, KnowsATextWhoseNameSaysOtherwise) {
  for (const char* text : {"name: a", "static_resources: {}\n", "{\"name\": \"caf\xc3\xa9\"}"}) {
    EXPECT_EQ(error_of<PluginConfig>(text),
              "f.pb: it is a text, and its name says that it is in protobuf's wire form (.pb); let "
              "the name end in .yaml or .json");
  }
  EXPECT_EQ(error_of<PluginConfig>(""),
            "f.pb: the file is empty: 'vm_config' is missing; the code stands there");
}

TEST(BinaryReaderTest, RefusesAFieldThatIsSaidTwice) {
  PluginConfig other;
  other.set_name("b");
  const std::string message = plugin().SerializeAsString();
  EXPECT_EQ(error_of<PluginConfig>(message + other.SerializeAsString()),
            "f.pb: name: given twice; keep one");
  // Parsing makes one of both.
  other.Clear();
  other.mutable_vm_config()->set_vm_id("b");
  EXPECT_EQ(error_of<PluginConfig>(message + other.SerializeAsString()),
            "f.pb: vm_config: given twice; keep one");
}

TEST(BinaryReaderTest, RefusesTwoFieldsOfAOneof) {
  const auto with_code = [&](const std::string& code) {
    const auto field = [](char tag, const std::string& content) {
      return std::string(1, tag) + static_cast<char>(content.size()) + content;
    };
    return field('\x1a', field('\x1a', code));
  };
  const std::string one = plugin().vm_config().code().SerializeAsString();
  envoy::config::core::v3::AsyncDataSource remote;
  remote.mutable_remote()->set_sha256(std::string(64, 'a'));
  remote.mutable_remote()->mutable_http_uri()->set_uri("http://a/b");
  remote.mutable_remote()->mutable_http_uri()->set_cluster("c");
  remote.mutable_remote()->mutable_http_uri()->mutable_timeout()->set_seconds(1);
  const std::string other = remote.SerializeAsString();
  EXPECT_EQ(error_of<PluginConfig>(with_code(one)), "no error");
  EXPECT_EQ(error_of<PluginConfig>(with_code(other)), "no error");
  EXPECT_EQ(error_of<PluginConfig>(with_code(one + other)),
            "f.pb: vm_config.code.remote: both 'local' and 'remote' are set; keep one");
  EXPECT_EQ(error_of<PluginConfig>(with_code(other + one)),
            "f.pb: vm_config.code.local: both 'remote' and 'local' are set; keep one");
}

// Parsing keeps the last of them, and says nothing.
TEST(BinaryReaderTest, RefusesAKeyThatAMapSaysTwice) {
  const auto field = [](char tag, const std::string& content) {
    return std::string(1, tag) + static_cast<char>(content.size()) + content;
  };
  // vm_config.environment_variables.key_values
  const auto variables = [&](const std::string& entries) {
    const std::string vm = plugin().vm_config().SerializeAsString();
    return field('\x1a', vm + field('\x3a', entries));
  };
  const std::string a = field('\x12', field('\x0a', "A") + field('\x12', "1"));
  const std::string b = field('\x12', field('\x12', "1") + field('\x0a', "B"));
  EXPECT_EQ(error_of<PluginConfig>(variables(a + b)), "no error");
  EXPECT_EQ(error_of<PluginConfig>(variables(a + b + a)),
            "f.pb: vm_config.environment_variables.key_values['A']: given twice; keep one");
  EXPECT_EQ(error_of<PluginConfig>(variables(b + a + b)),
            "f.pb: vm_config.environment_variables.key_values['B']: given twice; keep one");
  // Parsing drops it.
  const std::string c = field('\x12', field('\x0a', "C") + field('\x1a', "1"));
  EXPECT_EQ(
      error_of<PluginConfig>(variables(a + c)),
      "f.pb: vm_config.environment_variables.key_values['C']: has no field 3; an entry of a map "
      "is its key and its value");

  // In a Struct, too, which is a map.
  PluginConfig config = plugin();
  pb::Struct content;
  (*content.mutable_fields())["a"].set_bool_value(true);
  config.mutable_configuration()->PackFrom(content);
  EXPECT_EQ(error_of(config), "no error");
  config.mutable_configuration()->set_value(content.SerializeAsString() +
                                            content.SerializeAsString());
  EXPECT_EQ(error_of(config), "f.pb: configuration.fields['a']: given twice; keep one");
  // Elsewhere it is the plugin's own, and what is there is its own matter.
  config.mutable_configuration()->set_type_url("type.googleapis.com/acme.Settings");
  EXPECT_EQ(error_of(config), "no error");
}

// 33 maps or 49 lists were as many as protobuf's parsers take unless told otherwise, and what was
// said of more was that the bytes are no Struct.
TEST(BinaryReaderTest, TakesAsManyLevelsAsATextMayHave) {
  const auto yaml_error = [](const std::string& value) {
    PluginConfig config;
    const Done read = load_message(
        "{vm_config: {code: {local: {filename: a}}}, configuration: {'@type': "
        "type.googleapis.com/google.protobuf.Struct, value: {a: " +
            value + "}}}",
        "f.yaml", config);
    return read.ok() ? std::string("no error") : read.error().message;
  };
  const auto binary_error = [](pb::Value value) {
    PluginConfig config = plugin();
    pb::Struct content;
    (*content.mutable_fields())["a"] = std::move(value);
    config.mutable_configuration()->PackFrom(content);
    return error_of(config);
  };
  // `levels` of maps or lists, the innermost with a number in it.
  const auto maps = [](int levels) {
    std::string text = "1";
    pb::Value value;
    value.set_number_value(1);
    for (int i = 0; i < levels; ++i) {
      text = "{a: " + text + "}";
      pb::Value outer;
      (*outer.mutable_struct_value()->mutable_fields())["a"] = std::move(value);
      value = std::move(outer);
    }
    return std::pair(text, value);
  };
  const auto lists = [](int levels) {
    std::string text = "1";
    pb::Value value;
    value.set_number_value(1);
    for (int i = 0; i < levels; ++i) {
      text = "[" + text + "]";
      pb::Value outer;
      *outer.mutable_list_value()->add_values() = std::move(value);
      value = std::move(outer);
    }
    return std::pair(text, value);
  };
  // Around them are the file, the Any and the Struct; the number is a level, too.
  constexpr int kMost = static_cast<int>(kMaxDepth) - 3 - 1;
  for (const auto& nest : {+maps, +lists}) {
    for (const int levels : {1, 33, 34, 50, kMost}) {
      const auto [text, value] = nest(levels);
      EXPECT_EQ(yaml_error(text), "no error") << levels;
      EXPECT_EQ(binary_error(value), "no error") << levels;
    }
    const auto [text, value] = nest(kMost + 1);
    EXPECT_TRUE(yaml_error(text).ends_with(": nested deeper than 100 levels")) << yaml_error(text);
    EXPECT_TRUE(binary_error(value).ends_with(": nested deeper than 100 levels"))
        << binary_error(value);
    // Deeper than any parser's stack.
    EXPECT_TRUE(binary_error(nest(1000).second).ends_with(": nested deeper than 100 levels"));
  }
}

TEST(BinaryReaderTest, StopsAtAnysWithinAnys) {
  // A manager holds filters, whose configuration may be a manager again.
  const std::string url =
      "type.googleapis.com/"
      "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  std::string manager;
  const auto field = [](char tag, const std::string& content) {
    std::string length;
    size_t size = content.size();
    for (; size >= 0x80; size >>= 7) length += static_cast<char>((size & 0x7f) | 0x80);
    return std::string(1, tag) + length + static_cast<char>(size) + content;
  };
  for (int i = 0; i < 200; ++i) {
    const std::string any = field('\x0a', url) + field('\x12', manager);
    manager = field('\x2a', field('\x0a', "f") + field('\x22', any));
  }
  const std::string filter =
      field('\x0a', "f") + field('\x22', field('\x0a', url) + field('\x12', manager));
  const std::string listener = field('\x1a', field('\x1a', filter));
  const auto settings = load_bootstrap(field('\x12', field('\x0a', listener)), "f.pb");
  ASSERT_FALSE(settings.ok());
  EXPECT_TRUE(settings.error().message.ends_with(": nested deeper than 100 levels"))
      << settings.error().message;
}

}  // namespace
}  // namespace weir::config
