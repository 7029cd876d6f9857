#include "planes/envoy/module_configs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::envoy_plane {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

config::Document parse(std::string_view text) {
  auto document = config::parse_document(text, "envoy.yaml");
  EXPECT_TRUE(document.ok()) << document.error().message;
  return std::move(document).value();
}

ModuleConfigs find(std::string_view text) {
  const config::Document document = parse(text);
  EXPECT_TRUE(is_of_envoy(document.root()));
  config::SourceMap map("envoy.yaml");
  return find_module_configs(document.root(), map);
}

// A filter of HTTP with that below it; each line of `fields` is indented by two.
std::string filter(const std::string& fields, const std::string& module = "{name: weir-envoy}") {
  return "http_filters:\n- typed_config:\n"
         "    '@type': type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3."
         "DynamicModuleFilter\n"
         "    dynamic_module_config: " +
         module + "\n    filter_name: mine\n" + fields;
}

std::string with_struct(const std::string& value) {
  return filter(
      "    filter_config:\n      '@type': type.googleapis.com/google.protobuf.Struct\n      "
      "value: " +
      value + "\n");
}

std::string error_of(std::string_view text) {
  const ModuleConfigs found = find(text);
  EXPECT_EQ(found.errors.size(), 1u);
  return found.errors.empty() ? "" : found.errors.front().message;
}

TEST(ModuleConfigsTest, FindsEveryPart) {
  const auto extension = [](const std::string& type, const std::string& config_field,
                            const std::string& name_field) {
    return "- \"@type\": type.googleapis.com/envoy.extensions." + type +
           "\n  dynamic_module_config: {name: weir-envoy}\n  " + name_field + ": mine\n  " +
           config_field +
           ":\n    \"@type\": type.googleapis.com/google.protobuf.Struct\n    value: {name: p, "
           "vm_config: {code: {local: {filename: a.wasm}}}}\n";
  };
  const std::string text =
      extension("filters.http.dynamic_modules.v3.DynamicModuleFilter", "filter_config",
                "filter_name") +
      extension("filters.http.dynamic_modules.v3.DynamicModuleFilterPerRoute", "filterConfig",
                "perRouteConfigName") +
      extension("filters.network.dynamic_modules.v3.DynamicModuleNetworkFilter", "filter_config",
                "filter_name") +
      extension("access_loggers.dynamic_modules.v3.DynamicModuleAccessLog", "logger_config",
                "logger_name") +
      extension("bootstrap.dynamic_modules.v3.DynamicModuleBootstrapExtension", "extension_config",
                "extension_name") +
      "- \"@type\": "
      "type.googleapis.com/envoy.extensions.clusters.dynamic_modules.v3.ClusterConfig\n"
      "  dynamic_module_config: {name: weir-envoy}\n";
  const ModuleConfigs found = find(text);
  EXPECT_THAT(found.errors, IsEmpty());
  std::vector<std::string> holders;
  for (const ModulePlugin& plugin : found.plugins) holders.push_back(plugin.holder);
  EXPECT_THAT(holders, ElementsAre("HTTP filter 'mine'", "a route's HTTP filter 'mine'",
                                   "network filter 'mine'", "access log 'mine'", "service 'mine'"));
}

TEST(ModuleConfigsTest, TakesEachFormOfAPlugin) {
  const std::string plugin = "{name: auth, vm_config: {code: {local: {filename: a.wasm}}}}";
  const std::string any = "    filter_config:\n      '@type': type.googleapis.com/";
  for (const std::string& text : {
           with_struct(plugin),
           with_struct("{config: " + plugin + "}"),
           with_struct("{plugin: " + plugin + ", limits: {call_cpu_time: 0.5s}}"),
           filter(any + "google.protobuf.StringValue\n      value: '" + plugin + "'\n"),
           filter(any + "envoy.extensions.filters.http.wasm.v3.Wasm\n      config: " + plugin +
                  "\n"),
       }) {
    const ModuleConfigs found = find(text);
    EXPECT_THAT(found.errors, IsEmpty());
    ASSERT_EQ(found.plugins.size(), 1u) << text;
    EXPECT_EQ(found.plugins.front().settings.name, "auth");
  }
}

TEST(ModuleConfigsTest, KnowsTheModuleByItsFileAndTellsOthers) {
  const std::string nothing = "    filter_config: {}\n";
  EXPECT_EQ(
      find(filter(nothing, "{module: {local: {filename: /opt/libweir-envoy.so}}}")).errors.size(),
      1u);
  const ModuleConfigs other = find(filter(nothing, "{name: theirs}"));
  EXPECT_THAT(other.errors, IsEmpty());
  EXPECT_THAT(other.others, ElementsAre("theirs"));
}

TEST(ModuleConfigsTest, LooksIntoTypedStructs) {
  const ModuleConfigs found = find(
      "typed_config:\n  '@type': type.googleapis.com/xds.type.v3.TypedStruct\n"
      "  type_url: type.googleapis.com/envoy.extensions.filters.http.dynamic_modules.v3."
      "DynamicModuleFilter\n"
      "  value: {dynamic_module_config: {name: weir-envoy}, filter_name: mine}\n");
  ASSERT_EQ(found.errors.size(), 1u);
  EXPECT_THAT(found.errors.front().message,
              StartsWith("envoy.yaml:4:3: typed_config.value.filter_config: is missing; write a "));
}

TEST(ModuleConfigsTest, TellsWhatIsWrongAndWhere) {
  EXPECT_THAT(
      error_of(with_struct("{vm_config: {code: {local: {filename: a.wasm}}, runtim: x}}")),
      StartsWith("envoy.yaml:8:62: http_filters[0].typed_config.filter_config.value.vm_config."
                 "runtim: unknown field; did you mean 'runtime'?"));
  EXPECT_THAT(error_of(with_struct("{}")), HasSubstr("filter_config.value"));
  EXPECT_THAT(error_of(with_struct("text")),
              HasSubstr("filter_config: has no `value` with fields"));
  EXPECT_THAT(error_of(filter("")), HasSubstr("typed_config.filter_config: is missing; write a"));
  EXPECT_THAT(error_of(filter("    filter_config: {value: {}}\n")),
              HasSubstr("'@type' is missing"));
  const std::string any = "    filter_config:\n      '@type': type.googleapis.com/";
  EXPECT_THAT(error_of(filter(any + "weir.v1.PluginOptions\n")),
              HasSubstr("filter_config: Envoy does not know 'weir.v1.PluginOptions'; write its "));
  EXPECT_THAT(error_of(filter(any + "google.protobuf.StringValue\n      value: '{nmae: x}'\n")),
              AllOf(StartsWith("envoy.yaml:6:5: http_filters[0].typed_config.filter_config:1:2: "),
                    HasSubstr("nmae: unknown field")));
}

TEST(ModuleConfigsTest, HasNoPartForOtherExtensions) {
  EXPECT_THAT(
      error_of("'@type': type.googleapis.com/envoy.extensions.filters.udp.dynamic_modules.v3."
               "DynamicModuleUdpListenerFilter\ndynamic_module_config: {name: weir-envoy}\n"),
      HasSubstr("Weir's module is no envoy.extensions.filters.udp.dynamic_modules.v3."));
}

TEST(ModuleConfigsTest, IsOfEnvoyOnlyWithADynamicModule) {
  EXPECT_FALSE(is_of_envoy(parse("").root()));
  EXPECT_FALSE(
      is_of_envoy(parse("static_resources: {listeners: [{name: '.dynamic_modules.v3.'}]}").root()));
  EXPECT_TRUE(
      is_of_envoy(parse("a: [{b: {'@type': type.googleapis.com/x.dynamic_modules.v3.Y}}]").root()));
}

}  // namespace
}  // namespace weir::envoy_plane
