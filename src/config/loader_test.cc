#include "config/loader.h"

#include <gtest/gtest.h>

#include <string>

#include "config/any_bytes.h"
#include "weir/envoy/core.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

using envoy::extensions::wasm::v3::PluginConfig;
using envoy::extensions::wasm::v3::VmConfig;

// The code is what every plugin has to say; tests are about the rest.
template <typename M>
M load(std::string_view text, std::string_view file_name = "f.yaml") {
  M message;
  auto done = load_message(text, file_name, message);
  EXPECT_TRUE(done.ok()) << done.error().message << "\n" << text;
  return message;
}

PluginConfig load_plugin(std::string text, std::string_view file_name = "f.yaml") {
  text += "\nvm_config: {code: {local: {filename: a.wasm}}}\n";
  return load<PluginConfig>(text, file_name);
}

std::string plugin_bytes(std::string_view configuration) {
  PluginConfig plugin = load_plugin("configuration: " + std::string(configuration));
  SourceMap map;
  auto bytes = to_plugin_bytes(plugin.configuration(), Place(map));
  EXPECT_TRUE(bytes.ok());
  return bytes.ok() ? bytes.value() : "";
}

TEST(LoaderTest, ReadsFieldsInBothSpellings) {
  PluginConfig snake = load_plugin("root_id: r\nallow_on_headers_stop_iteration: true");
  PluginConfig camel = load_plugin("rootId: r\nallowOnHeadersStopIteration: true");
  EXPECT_EQ(snake.SerializeAsString(), camel.SerializeAsString());
  EXPECT_EQ(snake.root_id(), "r");
  EXPECT_TRUE(snake.allow_on_headers_stop_iteration().value());
}

TEST(LoaderTest, ReadsJsonAsYaml) {
  constexpr std::string_view kJson = R"({"config": {"name": "aé\u00e9\ud83d\ude00\/",
      "vm_config": {"code": {"local": {"inline_bytes": "AAEC"}}}}})";
  using envoy::extensions::filters::http::wasm::v3::Wasm;
  for (const char* file_name : {"f.json", "f.yaml", "f"}) {
    Wasm wasm = load<Wasm>(kJson, file_name);
    EXPECT_EQ(wasm.config().name(), "aéé😀/");
    EXPECT_EQ(wasm.config().vm_config().code().local().inline_bytes(), std::string("\0\1\2", 3));
  }
}

TEST(LoaderTest, ReadsYamlInBracesAsYaml) {
  PluginConfig plugin =
      load<PluginConfig>("{name: a, vm_config: {code: {local: {filename: a}}}}  # no JSON");
  EXPECT_EQ(plugin.name(), "a");
}

TEST(LoaderTest, TakesNullForAbsence) {
  PluginConfig plugin = load_plugin("name: ~\nreload_config:\nfailure_policy: null");
  EXPECT_EQ(plugin.name(), "");
  EXPECT_FALSE(plugin.has_reload_config());
}

TEST(LoaderTest, TakesQuotedNullForText) { EXPECT_EQ(load_plugin("name: 'null'").name(), "null"); }

TEST(LoaderTest, TakesEnumeratorsByNameAndNumber) {
  EXPECT_EQ(load_plugin("failure_policy: FAIL_OPEN").failure_policy(), 3);
  EXPECT_EQ(load_plugin("failure_policy: 2").failure_policy(), 2);
}

TEST(LoaderTest, TakesEnumeratorsWhateverTheCapitals) {
  EXPECT_EQ(load_plugin("failure_policy: fail_open").failure_policy(), 3);
  const auto json = load<PluginConfig>(
      R"({"failure_policy": "Fail_Open", "vm_config": {"code": {"local": {"filename": "a"}}}})");
  EXPECT_EQ(json.failure_policy(), 3);
}

// `envoy --mode validate` takes it.
TEST(LoaderTest, TakesOneItemForAListOfIt) {
  const auto vm = load<VmConfig>(
      "{code: {local: {filename: a}}, environment_variables: {host_env_keys: HOME}}");
  ASSERT_EQ(vm.environment_variables().host_env_keys_size(), 1);
  EXPECT_EQ(vm.environment_variables().host_env_keys(0), "HOME");
}

TEST(LoaderTest, SkipsAByteOrderMark) { EXPECT_EQ(load_plugin("\xef\xbb\xbfname: a").name(), "a"); }

TEST(LoaderTest, FollowsAliasesAndMerges) {
  auto vm = load<VmConfig>(R"(
vm_id: &id same
runtime: *id
code: {local: {filename: a}}
environment_variables:
  key_values:
    <<: [{A: merged, B: merged}, {B: later, C: merged}]
    A: own
)");
  EXPECT_EQ(vm.runtime(), "same");
  const auto& values = vm.environment_variables().key_values();
  EXPECT_EQ(values.at("A"), "own");
  EXPECT_EQ(values.at("B"), "merged");
  EXPECT_EQ(values.at("C"), "merged");
  EXPECT_EQ(values.size(), 3u);
}

TEST(LoaderTest, ReadsTagsOfTheCoreSchema) {
  PluginConfig plugin = load_plugin("name: !!str 12\nfail_open: !!bool true");
  EXPECT_EQ(plugin.name(), "12");
  EXPECT_TRUE(plugin.fail_open());
}

TEST(LoaderTest, GivesAPluginAStructAsJson) {
  EXPECT_EQ(plugin_bytes("{'@type': type.googleapis.com/google.protobuf.Struct, value: "
                         "{b: [1, 2.5, x, 'true', ~, -3e2], a: {c: false, d: '1'}}}"),
            R"({"a":{"c":false,"d":"1"},"b":[1,2.5,"x","true",null,-300]})");
}

TEST(LoaderTest, GivesAPluginStringsAndBytesAsTheyAre) {
  EXPECT_EQ(
      plugin_bytes("{'@type': type.googleapis.com/google.protobuf.StringValue, value: 'a b'}"),
      "a b");
  EXPECT_EQ(plugin_bytes("{'@type': type.googleapis.com/google.protobuf.BytesValue, value: AAH/}"),
            std::string("\0\1\xff", 3));
}

TEST(LoaderTest, GivesAPluginOtherMessagesSerialized) {
  EXPECT_EQ(plugin_bytes("{'@type': type.googleapis.com/google.protobuf.Int32Value, value: 5}"),
            "\x08\x05");
  EXPECT_EQ(plugin_bytes("{'@type': type.googleapis.com/google.protobuf.Duration, value: 1.5s}"),
            std::string("\x08\x01\x10\x80\xca\xb5\xee\x01", 8));
}

// Each of these `envoy --mode validate` takes.
TEST(LoaderTest, TakesAnAnyWithoutItsContentForAnEmptyMessage) {
  const auto bytes = [](const std::string& type, const std::string& rest) {
    return plugin_bytes("{'@type': type.googleapis.com/google.protobuf." + type + rest + "}");
  };
  EXPECT_EQ(bytes("Empty", ""), "");
  EXPECT_EQ(bytes("Any", ""), "");
  EXPECT_EQ(bytes("Any", ", value: {}"), "");
  for (const char* rest : {"", ", value: ~"}) {
    EXPECT_EQ(bytes("StringValue", rest), "");
    EXPECT_EQ(bytes("BytesValue", rest), "");
    EXPECT_EQ(bytes("Int32Value", rest), "");
    EXPECT_EQ(bytes("Duration", rest), "");
    EXPECT_EQ(bytes("ListValue", rest), "");
    EXPECT_EQ(bytes("Struct", rest), "{}");
  }
  EXPECT_EQ(bytes("Value", ", value: ~"), std::string("\x08\x00", 2));
  EXPECT_EQ(plugin_bytes("{}"), "");
}

// What the outer one holds are the inner one's bytes, for the plugin to read.
TEST(LoaderTest, GivesAPluginAnAnyInAnAny) {
  google::protobuf::Any inner;
  inner.set_type_url("type.googleapis.com/google.protobuf.StringValue");
  inner.set_value("\x0a\x01x");
  EXPECT_EQ(plugin_bytes("{'@type': type.googleapis.com/google.protobuf.Any, value: {'@type': "
                         "type.googleapis.com/google.protobuf.StringValue, value: x}}"),
            inner.SerializeAsString());
}

TEST(LoaderTest, GivesAPluginNothingWhereNothingIsSaid) {
  SourceMap map;
  auto bytes = to_plugin_bytes(google::protobuf::Any(), Place(map));
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(bytes.value(), "");
}

TEST(LoaderTest, RemembersWhereFieldsStand) {
  SourceMap map("f.yaml");
  PluginConfig message;
  auto done =
      load_message("name: a\nvm_config:\n  code: {local: {filename: a}}\n", "f.yaml", message, map);
  ASSERT_TRUE(done.ok()) << done.error().message;
  Place at = Place(map).field("vm_config");
  EXPECT_EQ(at.field("code").error("wrong").message, "f.yaml:3:3: vm_config.code: wrong");
  // A field that the file leaves out is at the nearest one around it.
  EXPECT_EQ(at.field("runtime").error("wrong").message, "f.yaml:2:1: vm_config.runtime: wrong");
  EXPECT_EQ(Place(map).error("wrong").message, "f.yaml: wrong");
}

TEST(LoaderTest, SpeaksOfNoFileWhereThereIsNone) {
  SourceMap map;
  EXPECT_EQ(Place(map).field("a").item(2).entry("k").error("wrong").message, "a[2]['k']: wrong");
}

}  // namespace
}  // namespace weir::config
