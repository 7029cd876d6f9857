#include "planes/ats/files/plugin_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::ats_plane {
namespace {

using ::testing::HasSubstr;

// The file that Traffic Server's own plugin is shipped with, in its spellings.
constexpr std::string_view kOwnForm = R"(
config:
  name: "myproject"
  rootId: "my_root_id"
  configuration: |
    some text
  fail_open: true
  capability_restriction_config:
    allowed_capabilities:
    - proxy_log
    - proxy_on_request_headers
  vmConfig:
    vmId: "my_vm_id"
    runtime: "ats.wasm.runtime.wasmtime"
    configuration: 5
    environment_variables:
      key_values: {KEY: value}
    code:
      local:
        filename: "myfilter.wasm"
    allow_precompiled: true
)";

PluginFile read(std::string_view text) {
  auto file = read_plugin_file(text, "a.yaml");
  EXPECT_TRUE(file.ok()) << file.error().message;
  return std::move(file).value();
}

std::string error_of(std::string_view text) {
  auto file = read_plugin_file(text, "a.yaml");
  return file.ok() ? "" : file.error().message;
}

TEST(PluginFileTest, ReadsTheFormOfTheServersOwnPlugin) {
  const PluginFile file = read(kOwnForm);
  EXPECT_EQ(file.plugin.name, "myproject");
  EXPECT_EQ(file.plugin.root_id, "my_root_id");
  EXPECT_EQ(file.plugin.configuration, "some text\n");
  EXPECT_EQ(file.plugin.failure_policy, config::FailurePolicy::FailOpen);
  EXPECT_EQ(file.plugin.vm.vm_id, "my_vm_id");
  EXPECT_EQ(file.plugin.vm.runtime, "ats.wasm.runtime.wasmtime");
  EXPECT_EQ(file.plugin.vm.configuration, "5");
  EXPECT_EQ(file.plugin.vm.environment.at("KEY"), "value");
  EXPECT_EQ(file.plugin.vm.allowed_capabilities.size(), 2);
  EXPECT_EQ(std::get<config::LocalFile>(file.plugin.vm.code).path, "myfilter.wasm");
  EXPECT_FALSE(file.policy_is_absent);
}

TEST(PluginFileTest, TakesScalarsAsTheServersOwnPluginDoes) {
  const PluginFile file = read(R"(
config:
  name: 5
  root_id: 1.0
  fail_open: 'yes'
  configuration: {limit: 5}
  vm_config:
    vm_id: 7
    allow_precompiled: On
    environment_variables: {key_values: {N: 5, B: true, T: text}}
    code: {local: {filename: a}}
)");
  EXPECT_EQ(file.plugin.name, "5");
  EXPECT_EQ(file.plugin.root_id, "1.0");
  EXPECT_EQ(file.plugin.failure_policy, config::FailurePolicy::FailOpen);
  EXPECT_EQ(file.plugin.configuration, "{\"limit\":5}");
  EXPECT_EQ(file.plugin.vm.vm_id, "7");
  EXPECT_TRUE(file.plugin.vm.allow_precompiled);
  EXPECT_EQ(file.plugin.vm.environment.at("N"), "5");
  EXPECT_EQ(file.plugin.vm.environment.at("B"), "true");
  EXPECT_EQ(file.plugin.vm.environment.at("T"), "text");
  EXPECT_NE(read("{name: a, fail_open: 'No', vm_config: {code: {local: {filename: a}}}}")
                .plugin.failure_policy,
            config::FailurePolicy::FailOpen);
  EXPECT_THAT(error_of("{name: a, fail_open: maybe, vm_config: {code: {local: {filename: a}}}}"),
              HasSubstr("fail_open: expected true or false, got 'maybe'"));
}

TEST(PluginFileTest, RefusesListsOfCapabilitiesThatNoMapCouldBe) {
  const auto in_vm = [](const std::string& list) {
    return "{name: a, vm_config: {code: {local: {filename: a}}, capability_restriction_config: "
           "{allowed_capabilities: " +
           list + "}}}";
  };
  EXPECT_EQ(read(in_vm("[proxy_log, proxy_done]")).plugin.vm.allowed_capabilities.size(), 2);
  const std::string path = "vm_config.capability_restriction_config.allowed_capabilities";
  const std::string twice = path + "[1]: 'proxy_log' is given twice; keep one";
  EXPECT_THAT(error_of(in_vm("[proxy_log, proxy_log]")), HasSubstr("1:119: " + twice));
  EXPECT_THAT(error_of("config: " + in_vm("[proxy_log, proxy_log]")), HasSubstr("config." + twice));
  EXPECT_THAT(error_of("plugin: " + in_vm("[proxy_log, proxy_log]")), HasSubstr("plugin." + twice));
  for (const std::string item : {"~", "{proxy_log: {}}", "[proxy_log]", "''"}) {
    EXPECT_THAT(error_of(in_vm("[proxy_done, " + item + "]")),
                HasSubstr(path + "[1]: is no name of a capability"))
        << item;
  }
  EXPECT_THAT(error_of("{name: a, vm_config: {code: {local: {filename: a}}}, "
                       "capabilityRestrictionConfig: {allowedCapabilities: [~]}}"),
              HasSubstr("capability_restriction_config.allowed_capabilities[0]: is no name"));
}

TEST(PluginFileTest, TellsWhenNothingIsSaidOfFailures) {
  const PluginFile file = read("config: {name: a, vm_config: {code: {local: {filename: a}}}}");
  EXPECT_TRUE(file.policy_is_absent);
  EXPECT_NE(file.plugin.failure_policy, config::FailurePolicy::FailOpen);
}

TEST(PluginFileTest, ReadsPluginOptionsWithLimits) {
  const PluginFile file = read(R"(
plugin: {name: a, configuration: text, vm_config: {code: {local: {filename: a}}}}
limits: {call_cpu_time: 0.05s}
isolation: STREAM
)");
  EXPECT_EQ(file.plugin.configuration, "text");
  EXPECT_EQ(file.plugin.vm.limits.call_cpu_time, Milliseconds(50));
  EXPECT_EQ(file.plugin.vm.isolation, config::Isolation::Stream);
}

TEST(PluginFileTest, ReadsThePluginsFieldsThemselves) {
  EXPECT_EQ(read("{name: a, vm_config: {code: {local: {filename: a}}}}").plugin.name, "a");
}

TEST(PluginFileTest, ReadsUpstreams) {
  const PluginFile file = read(R"(
config: {name: a, vm_config: {code: {local: {filename: a}}}}
clusters: {auth: "http://127.0.0.1:8080", grpc: "h2c://localhost:9000"}
)");
  EXPECT_EQ(file.clusters.at("auth").endpoints[0].port, 8080);
  EXPECT_FALSE(file.clusters.at("auth").http2);
  EXPECT_TRUE(file.clusters.at("grpc").http2);
}

TEST(PluginFileTest, ReadsHowMuchOfARequestMayWait) {
  constexpr std::string_view kPlugin = "{name: a, vm_config: {code: {local: {filename: a}}}}";
  const auto beside = [&](const std::string& key, const std::string& bytes) {
    return key + ": " + std::string(kPlugin) + "\nmax_request_body_bytes: " + bytes + "\n";
  };
  EXPECT_EQ(read(kPlugin).max_request_body_bytes, std::nullopt);
  EXPECT_EQ(read(beside("config", "1")).max_request_body_bytes, 1);
  EXPECT_EQ(read(beside("plugin", "'67108864'")).max_request_body_bytes, 64 << 20);
  EXPECT_EQ(
      read("name: a\nvm_config: {code: {local: {filename: a}}}\nmax_request_body_bytes: 1e3\n")
          .max_request_body_bytes,
      1000);
  for (const std::string wrong : {"0", "9223372036854775808"}) {
    EXPECT_THAT(error_of(beside("config", wrong)),
                HasSubstr("a.yaml:2:1: max_request_body_bytes: is " + wrong +
                          "; it may be 1 to 9223372036854775807"));
  }
  for (const std::string wrong : {"-1", "16MiB", "1.5", "[1]", "{}", "''", "~"}) {
    EXPECT_THAT(error_of(beside("config", wrong)),
                HasSubstr("a.yaml:2:1: max_request_body_bytes: is no number of bytes; write "
                          "16777216 for the default, 16 MiB"))
        << wrong;
  }
  EXPECT_THAT(error_of(beside("config", "1") + "max_response_body_bytes: 1\n"),
              HasSubstr("a.yaml:3:1: max_response_body_bytes: unknown field; beside 'config' there "
                        "may be 'clusters' and 'max_request_body_bytes'"));
}

TEST(PluginFileTest, NamesWhatIsWrongAndWhere) {
  EXPECT_THAT(error_of("config: {name: a, fail_opne: true}"),
              HasSubstr("a.yaml:1:19: config.fail_opne: unknown field"));
  EXPECT_THAT(error_of("config: {name: a}\nother: 1\n"),
              HasSubstr("a.yaml:2:1: other: unknown field"));
  EXPECT_THAT(error_of("name: a\nclusters: {auth: \"htp://x\"}\n"),
              HasSubstr("a.yaml:2:12: clusters"));
  EXPECT_THAT(error_of("[1]"), HasSubstr("names no plugin"));
}

}  // namespace
}  // namespace weir::ats_plane
