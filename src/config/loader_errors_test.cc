// What operators get to read for files that are wrong: one line each, with place and remedy.

#include <gtest/gtest.h>

#include <string>

#include "config/document.h"
#include "config/loader.h"
#include "weir/envoy/bootstrap.pb.h"
#include "weir/envoy/cluster.pb.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

using envoy::config::bootstrap::v3::Bootstrap;
using envoy::config::cluster::v3::Cluster;
using envoy::config::listener::v3::Listener;
using envoy::config::route::v3::RouteConfiguration;
using envoy::extensions::filters::http::wasm::v3::Wasm;
using envoy::extensions::filters::network::http_connection_manager::v3::HttpConnectionManager;
using envoy::extensions::wasm::v3::PluginConfig;
using envoy::extensions::wasm::v3::VmConfig;
using weir::v1::PluginOptions;

template <typename M>
std::string error_of(std::string_view text, std::string_view file_name = "f.yaml") {
  M message;
  auto done = load_message(text, file_name, message);
  return done.ok() ? "no error" : done.error().message;
}

struct Case {
  std::string text;
  std::string error;
};

template <typename M, size_t n>
void expect_errors(const Case (&cases)[n], std::string_view file_name = "f.yaml") {
  for (const Case& c : cases) EXPECT_EQ(error_of<M>(c.text, file_name), c.error) << c.text;
}

TEST(LoaderErrorsTest, NamesTheFieldThatIsNotKnown) {
  expect_errors<PluginConfig>({
      {"nam: x", "f.yaml:1:1: nam: unknown field; did you mean 'name'?"},
      {"vm_config:\n  runtim: v8",
       "f.yaml:2:3: vm_config.runtim: unknown field; did you mean 'runtime'?"},
      {"vm_config: {code: {}, vm-id: a}",
       "f.yaml:1:13: vm_config.code: one of 'local', 'remote' is missing"},
      {"vm_config: {vm-id: a}",
       "f.yaml:1:13: vm_config.vm-id: unknown field; did you mean 'vm_id'?"},
      {"rootid: x", "f.yaml:1:1: rootid: unknown field; did you mean 'root_id'?"},
      {"\"@type\": x",
       "f.yaml:1:1: @type: unknown field; expected one of name, root_id, vm_config, configuration, "
       "fail_open, capability_restriction_config, failure_policy, reload_config, "
       "allow_on_headers_stop_iteration"},
      {"true: x",
       "f.yaml:1:1: true: unknown field; expected one of name, root_id, vm_config, "
       "configuration, fail_open, capability_restriction_config, failure_policy, "
       "reload_config, allow_on_headers_stop_iteration"},
      {"reload_config: {backoff: {base: 1s}}",
       "f.yaml:1:27: reload_config.backoff.base: unknown field; expected one of base_interval, "
       "max_interval"},
      {"capability_restriction_config: {allowed_capabilities: {proxy_log: {level: 1}}}",
       "f.yaml:1:68: capability_restriction_config.allowed_capabilities['proxy_log'].level: "
       "unknown "
       "field; nothing is expected here"},
      {"\"na\\nme\": x", "f.yaml:1:1: na?me: unknown field; did you mean 'name'?"},
  });
}

TEST(LoaderErrorsTest, NamesWhatAFieldCannotHold) {
  expect_errors<PluginConfig>({
      {"name: [a]", "f.yaml:1:1: name: expected a string, got a list"},
      {"name: {a: b}", "f.yaml:1:1: name: expected a string, got a mapping"},
      {"name: 12", "f.yaml:1:1: name: expected a string, got 12; put it in quotes"},
      {"name: 1.10", "f.yaml:1:1: name: expected a string, got 1.10; put it in quotes"},
      {"name: true", "f.yaml:1:1: name: expected a string, got true; put it in quotes"},
      {"name: .nan", "f.yaml:1:1: name: expected a string, got .nan; put it in quotes"},
      {"fail_open: yes",
       "f.yaml:1:1: fail_open: expected true or false, got 'yes'; write true, without quotes"},
      {"fail_open: 1",
       "f.yaml:1:1: fail_open: expected true or false, got '1'; write true, without quotes"},
      {"fail_open: 'true'",
       "f.yaml:1:1: fail_open: expected true or false, got 'true'; write true, without quotes"},
      {"fail_open: {}", "f.yaml:1:1: fail_open: expected true or false, got a mapping"},
      {"allow_on_headers_stop_iteration: on",
       "f.yaml:1:1: allow_on_headers_stop_iteration: expected true or false, got 'on'; write true, "
       "without quotes"},
      {"failure_policy: FAIL_OPENED",
       "f.yaml:1:1: failure_policy: unknown or unsupported value 'FAIL_OPENED'; did you mean "
       "'FAIL_OPEN'?"},
      {"failure_policy: open",
       "f.yaml:1:1: failure_policy: unknown or unsupported value 'open'; expected one of "
       "FAIL_RELOAD, FAIL_CLOSED, FAIL_OPEN"},
      {"failure_policy: 9",
       "f.yaml:1:1: failure_policy: unknown or unsupported value '9'; expected one of "
       "FAIL_RELOAD, FAIL_CLOSED, FAIL_OPEN"},
      {"failure_policy: []", "f.yaml:1:1: failure_policy: expected a name, got a list"},
      {"vm_config: v8", "f.yaml:1:1: vm_config: expected a mapping of fields, got 'v8'"},
      {"vm_config: [1]", "f.yaml:1:1: vm_config: expected a mapping of fields, got a list"},
      {"reload_config: {backoff: {base_interval: 1}}",
       "f.yaml:1:27: reload_config.backoff.base_interval: expected a duration in seconds, as "
       "'0.25s', got '1'"},
      {"reload_config: {backoff: {base_interval: 100ms}}",
       "f.yaml:1:27: reload_config.backoff.base_interval: expected a duration in seconds, as "
       "'0.25s', got '100ms'"},
      {"reload_config: {backoff: {base_interval: 400000000000s}}",
       "f.yaml:1:27: reload_config.backoff.base_interval: expected a duration in seconds, as "
       "'0.25s', got '400000000000s'"},
      {"- a", "f.yaml: expected a mapping of fields, got a list"},
      {"just words", "f.yaml: expected a mapping of fields, got 'just words'"},
  });
}

TEST(LoaderErrorsTest, NamesWhatMapsAndListsCannotHold) {
  expect_errors<VmConfig>({
      {"environment_variables: {key_values: [a]}",
       "f.yaml:1:25: environment_variables.key_values: expected a mapping, got a list"},
      {"environment_variables: {key_values: {A: 1}}",
       "f.yaml:1:38: environment_variables.key_values['A']: expected a string, got 1; put it in "
       "quotes"},
      {"environment_variables: {key_values: {A: }}",
       "f.yaml:1:38: environment_variables.key_values['A']: expected a string, got nothing; null "
       "is no item of a list and no value of a map"},
      {"environment_variables: {host_env_keys: {}}",
       "f.yaml:1:40: environment_variables.host_env_keys[0]: expected a string, got a mapping"},
      {"environment_variables:\n  host_env_keys:\n  - HOME\n  - []",
       "f.yaml:4:5: environment_variables.host_env_keys[1]: expected a string, got a list"},
      {"capability_restriction_config: {allowed_capabilities: {proxy_log: }}",
       "f.yaml:1:56: capability_restriction_config.allowed_capabilities['proxy_log']: expected a "
       "mapping of fields, got nothing; null is no item of a list and no value of a map"},
      {"capability_restriction_config: {allowed_capabilities: [proxy_log]}",
       "f.yaml:1:33: capability_restriction_config.allowed_capabilities: expected a mapping, got a "
       "list"},
      {"code: {local: {inline_bytes: '?'}}",
       "f.yaml:1:16: code.local.inline_bytes: expected bytes in base64, got '?'"},
  });
}

TEST(LoaderErrorsTest, NamesWhatIsSaidTwice) {
  expect_errors<PluginConfig>({
      {"name: a\nname: b", "f.yaml:2:1: name: given twice, first on line 1; keep one"},
      {"{\"name\": \"a\",\n \"name\": \"b\"}",
       "f.yaml:2:2: name: given twice, first on line 1; keep one"},
      {"root_id: a\nrootId: b", "f.yaml:2:1: rootId: given twice, as 'root_id' and as 'rootId'"},
      {"vm_config: {code: {local: {filename: a}, remote: {}}}",
       "f.yaml:1:42: vm_config.code.remote: both 'local' and 'remote' are set; keep one"},
      {"vm_config: {code: {local: {filename: a, inline_string: b}}}",
       "f.yaml:1:41: vm_config.code.local.inline_string: both 'filename' and 'inline_string' are "
       "set; keep one"},
  });
}

TEST(LoaderErrorsTest, NamesWhatIsMissing) {
  expect_errors<Wasm>({
      {"{}", "f.yaml: 'config' is missing; the plugin is described there"},
      {"config: ", "f.yaml: 'config' is missing; the plugin is described there"},
      {"config: {}", "f.yaml:1:1: config: 'vm_config' is missing; the code stands there"},
      {"config:\n  vm_config: {runtime: v8}",
       "f.yaml:2:3: config.vm_config: 'code' is missing; say where the code is, as local: "
       "{filename: plugin.wasm}"},
      {"config: {vm_config: {code: {local: {}}}}",
       "f.yaml:1:29: config.vm_config.code.local: one of 'filename', 'inline_bytes', "
       "'inline_string', 'environment_variable' is missing"},
      {"config: {vm_config: {code: {local: {filename: ''}}}}",
       "f.yaml:1:29: config.vm_config.code.local: 'filename' is empty"},
      {"config: {vm_config: {code: {remote: {sha256: x}}}}",
       "f.yaml:1:29: config.vm_config.code.remote: 'http_uri' is missing"},
      {"config: {vm_config: {code: {remote: {http_uri: {uri: u, timeout: 1s}}}}}",
       "f.yaml:1:38: config.vm_config.code.remote.http_uri: 'cluster' is missing"},
      {"config: {vm_config: {code: {remote: {http_uri: {uri: u, cluster: c}}}}}",
       "f.yaml:1:38: config.vm_config.code.remote.http_uri: 'timeout' is missing"},
      {"config: {vm_config: {code: {remote: {http_uri: {uri: u, cluster: c, timeout: 1s}}}}}",
       "f.yaml:1:29: config.vm_config.code.remote: 'sha256' is missing; remote code is never run "
       "without it"},
      {"config: {vm_config: {code: {remote: {http_uri: {uri: u, cluster: c, timeout: 1s}, sha256: "
       "abc}}}}",
       "f.yaml:1:83: config.vm_config.code.remote.sha256: expected 64 hexadecimal digits, got "
       "'abc'"},
      {"config: {reload_config: {backoff: {max_interval: 1s}}}",
       "f.yaml:1:26: config.reload_config.backoff: 'base_interval' is missing"},
      {"config: {reload_config: {backoff: {base_interval: 0s}}}",
       "f.yaml:1:36: config.reload_config.backoff.base_interval: has to be 0.001s or longer"},
      {"config: {reload_config: {backoff: {base_interval: -1s}}}",
       "f.yaml:1:36: config.reload_config.backoff.base_interval: has to be 0.001s or longer"},
  });
}

TEST(LoaderErrorsTest, NamesWhatABootstrapLacks) {
  expect_errors<Bootstrap>({
      {"admin: {}", "f.yaml:1:1: admin: 'address' is missing"},
      {"{}", "f.yaml: 'static_resources' is missing; listeners and clusters stand there"},
      {"static_resources: {}", "f.yaml:1:1: static_resources: 'listeners' is missing or empty"},
      {"static_resources: {listeners: []}",
       "f.yaml:1:1: static_resources: 'listeners' is missing or empty"},
      {"static_resources: {listeners: {}}",
       "f.yaml:1:31: static_resources.listeners[0]: 'address' is missing"},
      {"static_resources:\n  listeners:\n  - name: x",
       "f.yaml:3:5: static_resources.listeners[0]: 'address' is missing"},
      {"admin: {address: {}}", "f.yaml:1:9: admin.address: 'socket_address' is missing"},
      {"admin: {address: {pipe: {path: x}}}",
       "f.yaml:1:19: admin.address.pipe: unknown field; expected socket_address"},
      {"admin: {address: {socket_address: {port_value: 1}}}",
       "f.yaml:1:19: admin.address.socket_address: 'address' is missing"},
      {"admin: {address: {socket_address: {address: a}}}",
       "f.yaml:1:19: admin.address.socket_address: 'port_value' is missing"},
      {"admin: {address: {socket_address: {address: a, port_value: 65536}}}",
       "f.yaml:1:48: admin.address.socket_address.port_value: not a port; expected a number from 0 "
       "to 65535"},
      {"admin: {address: {socket_address: {address: a, port_value: -1}}}",
       "f.yaml:1:48: admin.address.socket_address.port_value: expected a whole number from 0 to "
       "4294967295, got '-1'"},
      {"admin: {address: {socket_address: {address: a, port_value: 80.5}}}",
       "f.yaml:1:48: admin.address.socket_address.port_value: expected a whole number from 0 to "
       "4294967295, got '80.5'"},
      {"admin: {address: {socket_address: {address: a, port_value: http}}}",
       "f.yaml:1:48: admin.address.socket_address.port_value: expected a whole number from 0 to "
       "4294967295, got 'http'"},
      {"dynamic_resources: {}",
       "f.yaml:1:1: dynamic_resources: unknown field; did you mean 'static_resources'?"},
  });
}

TEST(LoaderErrorsTest, NamesWhatListenersRoutesAndClustersLack) {
  expect_errors<Listener>({
      {"address: {socket_address: {address: a, port_value: 1}}",
       "f.yaml: 'filter_chains' is missing or empty"},
      {"filter_chains: [{}]", "f.yaml:1:17: filter_chains[0]: 'filters' is missing or empty"},
      {"filter_chains: [{filters: [{}]}]",
       "f.yaml:1:28: filter_chains[0].filters[0]: 'name' is missing"},
      {"filter_chains: [{filters: [{name: x}]}]",
       "f.yaml:1:28: filter_chains[0].filters[0]: 'typed_config' is missing; its '@type' says "
       "which "
       "filter this is"},
  });
  expect_errors<RouteConfiguration>({
      {"name: x", "f.yaml: 'virtual_hosts' is missing or empty"},
      {"virtual_hosts: [{name: a}]",
       "f.yaml:1:17: virtual_hosts[0]: 'domains' is missing or empty; \"*\" serves all"},
      {"virtual_hosts: [{domains: ['*'], routes: [{}]}]",
       "f.yaml:1:43: virtual_hosts[0].routes[0]: 'match' is missing"},
      {"virtual_hosts: [{domains: ['*'], routes: [{match: {}}]}]",
       "f.yaml:1:44: virtual_hosts[0].routes[0].match: one of 'prefix', 'path', 'safe_regex', "
       "'path_separated_prefix', 'connect_matcher' is missing"},
      {"virtual_hosts: [{domains: ['*'], routes: [{match: {path: /}}]}]",
       "f.yaml:1:43: virtual_hosts[0].routes[0]: one of 'route', 'redirect', 'direct_response' is "
       "missing"},
      {"virtual_hosts: [{domains: ['*'], routes: [{route: {cluster: a, timeout: -1s}}]}]",
       "f.yaml:1:64: virtual_hosts[0].routes[0].route.timeout: may not be negative"},
      {"virtual_hosts: [{domains: ['*'], routes: [{match: {prefix: /}, non_forwarding: {}}]}]",
       "f.yaml:1:64: virtual_hosts[0].routes[0].non_forwarding: unknown field; expected one of "
       "match, route, redirect, direct_response, request_headers_to_add, response_headers_to_add, "
       "response_headers_to_remove, request_headers_to_remove, name, typed_per_filter_config"},
  });
  expect_errors<Cluster>({
      {"type: STATIC", "f.yaml: 'name' is missing"},
      {"name: a", "f.yaml: 'load_assignment' is missing; the cluster's endpoints stand there"},
      {"type: EDS",
       "f.yaml:1:1: type: unknown or unsupported value 'EDS'; expected one of STATIC, "
       "STRICT_DNS, LOGICAL_DNS"},
      {"lb_policy: RING_HASH",
       "f.yaml:1:1: lb_policy: unknown or unsupported value 'RING_HASH'; "
       "expected one of ROUND_ROBIN, LEAST_REQUEST, RANDOM"},
      {"name: a\nconnect_timeout: 0s\nload_assignment: {endpoints: [{lb_endpoints: [{endpoint: "
       "{address: {socket_address: {address: a, port_value: 1}}}}]}]}",
       "f.yaml:2:1: connect_timeout: has to be 0.001s or longer"},
      {"load_assignment: {}", "f.yaml:1:1: load_assignment: 'endpoints' is missing or empty"},
      {"load_assignment: {endpoints: [{lb_endpoints: [{}]}]}",
       "f.yaml:1:47: load_assignment.endpoints[0].lb_endpoints[0]: 'endpoint' is missing"},
  });
}

TEST(LoaderErrorsTest, NamesWhatLimitsCannotBe) {
  expect_errors<PluginOptions>({
      {"limits: {call_cpu_time: 0s}",
       "f.yaml:1:10: limits.call_cpu_time: has to be 0.001s or longer"},
      {"limits: {max_memory_bytes: 10}",
       "f.yaml:1:10: limits.max_memory_bytes: less than a page of wasm memory; has to be 65536 or "
       "more"},
      {"limits: {max_stream_memory_bytes: 10}",
       "f.yaml:1:10: limits.max_stream_memory_bytes: less than a page of wasm memory; has to be "
       "65536 or more"},
      {"limits: {max_memory_bytes: 256MiB}",
       "f.yaml:1:10: limits.max_memory_bytes: expected a whole number from 0 to "
       "18446744073709551615, got '256MiB'"},
      {"limits: {max_queue_bytes: 18446744073709551616}",
       "f.yaml:1:10: limits.max_queue_bytes: expected a whole number from 0 to "
       "18446744073709551615, got '18446744073709551616'"},
      {"unknown_imports: STUBS",
       "f.yaml:1:1: unknown_imports: unknown or unsupported value 'STUBS'; did you mean 'STUB'?"},
      {"limits: {}", "f.yaml: 'plugin' is missing; the plugin is described there"},
  });
}

TEST(LoaderErrorsTest, NamesWhatAnAnyCannotHold) {
  const std::string type = "'@type': type.googleapis.com/";
  expect_errors<PluginConfig>({
      {"configuration: hello",
       "f.yaml:1:1: configuration: expected a mapping with '@type', got 'hello'; write {\"@type\": "
       "type.googleapis.com/google.protobuf.StringValue, value: the text}"},
      {"configuration: {value: x}",
       "f.yaml:1:1: configuration: '@type' is missing; write "
       "type.googleapis.com/google.protobuf.Struct there, and what the plugin is to get as JSON "
       "under "
       "'value'"},
      {"configuration: {'@type': google.protobuf.Struct}",
       "f.yaml:1:17: configuration.@type: 'google.protobuf.Struct' is not a type's URL; write "
       "type.googleapis.com/ before its name"},
      {"configuration: {" + type + "google.protobuf.Strukt}",
       "f.yaml:1:17: configuration.@type: unknown type 'google.protobuf.Strukt'; did you mean "
       "'google.protobuf.Struct'?"},
      {"configuration: {" + type + "google.protobuf.Struct, a: b}",
       "f.yaml:1:70: configuration.a: unknown field; the content of google.protobuf.Struct stands "
       "under 'value'"},
      {"configuration: {" + type + "google.protobuf.Struct, value: [a]}",
       "f.yaml:1:70: configuration.value: expected a mapping, got a list"},
      {"configuration: {" + type + "google.protobuf.Struct, value: {a: {b: .inf}}}",
       "f.yaml:1:70: configuration.value.a.b: JSON has no .inf; put it in quotes"},
      {"configuration: {" + type + "google.protobuf.Struct, value: {a: [9007199254740993]}}",
       "f.yaml:1:70: configuration.value.a[0]: 9007199254740993 is too large to be kept exactly; "
       "put it in quotes"},
      {"configuration: {" + type + "google.protobuf.StringValue, value: 5}",
       "f.yaml:1:75: configuration.value: expected a string, got 5; put it in quotes"},
      {"configuration: {" + type + "google.protobuf.BytesValue, value: a}",
       "f.yaml:1:74: configuration.value: expected bytes in base64, got 'a'"},
      {"configuration: {" + type + "google.protobuf.Int32Value, value: 3000000000}",
       "f.yaml:1:74: configuration.value: expected a whole number from -2147483648 to 2147483647, "
       "got '3000000000'"},
      {"configuration: {" + type + "google.protobuf.FloatValue, value: 1e39}",
       "f.yaml:1:74: configuration.value: expected a number, got '1e39'"},
      {"configuration: {" + type + "google.protobuf.Empty, value: {a: 1}}",
       "f.yaml:1:69: configuration.value: unknown field; nothing is expected here"},
      {"configuration: {'@type': /google.protobuf.Empty}",
       "f.yaml:1:17: configuration.@type: '/google.protobuf.Empty' is not a type's URL; write "
       "type.googleapis.com/ before its name"},
      {"configuration: {" + type + "weir.v1.PluginOptions, plugins: {}}",
       "f.yaml:1:69: configuration.plugins: unknown field; did you mean 'plugin'?"},
  });
  std::string unknown = error_of<PluginConfig>("configuration: {" + type + "acme.Thing}");
  EXPECT_TRUE(
      unknown.starts_with("f.yaml:1:17: configuration.@type: unknown type 'acme.Thing'; "
                          "expected one of google.protobuf.Struct, "))
      << unknown;
}

TEST(LoaderErrorsTest, NamesWhatIsNotYaml) {
  expect_errors<PluginConfig>({
      {"", "f.yaml: the file is empty: 'vm_config' is missing; the code stands there"},
      {"# nothing\n", "f.yaml: the file is empty: 'vm_config' is missing; the code stands there"},
      {"---\n...\n", "f.yaml: the file is empty: 'vm_config' is missing; the code stands there"},
      {"\xef\xbb\xbf", "f.yaml: the file is empty: 'vm_config' is missing; the code stands there"},
      {"name: a\n--- \nname: b\n",
       "f.yaml:1:1: the file holds more than one YAML document; keep one"},
      {"name: \xff", "f.yaml:1:7: not UTF-8; save the file in that encoding"},
      {"a: b\nname: \xed\xa0\x80", "f.yaml:2:7: not UTF-8; save the file in that encoding"},
      {std::string("name: a\0", 8), "f.yaml:1:8: a NUL byte; the file is not a text"},
      {"[a]: b", "f.yaml:1:1: a key has to be a word or a string"},
      {"name: *n", "f.yaml:1:7: not valid YAML: the referenced anchor is not defined"},
      {"name: &n [*n]", "f.yaml:1:11: name[0]: an alias stands inside of what it refers to"},
      {"<<: x", "f.yaml:1:1: '<<' merges mappings only"},
      {"<<: [x]", "f.yaml:1:1: '<<' merges mappings only"},
      {"name: !ref x", "f.yaml:1:7: name: tag '!ref' is not supported; leave it out"},
      {"name: [a", "f.yaml:1:1: not valid YAML: end of sequence flow not found"},
      {"name: \"a", "f.yaml:1:9: not valid YAML: illegal EOF in scalar"},
      {"{name: a?b}", "f.yaml:1:9: not valid YAML: unknown token; put the text in quotes"},
      {"name: @a", "f.yaml:1:7: not valid YAML: unknown token; put the text in quotes"},
      {"vm_config:\n\truntime: v8",
       "f.yaml:2:9: not valid YAML: illegal map value; indent with spaces, not tabs"},
  });
}

TEST(LoaderErrorsTest, NamesWhatIsNotJson) {
  expect_errors<PluginConfig>(
      {
          {"{\"name\": \"a\",}", "f.json:1:14: not valid JSON: unexpected '}'"},
          {"{\n \"name\": x}", "f.json:2:10: not valid JSON: unexpected 'x'"},
          {"{\"name\": ", "f.json:1:10: not valid JSON: the text ends too early"},
          {"{\"name\":\n {}}", "f.json:1:2: name: expected a string, got a mapping"},
          {"{\"a\\\\\": 1}",
           "f.json:1:2: a\\: unknown field; expected one of name, root_id, vm_config, "
           "configuration, fail_open, capability_restriction_config, failure_policy, "
           "reload_config, allow_on_headers_stop_iteration"},
      },
      "f.json");
}

TEST(LoaderErrorsTest, StopsAtAliasesThatExplode) {
  std::string text = "a0: &a0 [xxxxxxxxxxxxxxxx]\n";
  for (int i = 1; i < 40; ++i) {
    std::string below = "*a" + std::to_string(i - 1);
    text +=
        "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + below + ", " + below + "]\n";
  }
  EXPECT_EQ(error_of<PluginConfig>(text),
            "f.yaml:20:6: a19: too large: what is here comes to more than 64 MiB with its aliases "
            "followed");
}

TEST(LoaderErrorsTest, StopsAtDepth) {
  std::string open(kMaxDepth + 1, '[');
  for (const char* name : {"f.yaml", "f.json"}) {
    const std::string error = error_of<PluginConfig>(open, name);
    EXPECT_TRUE(error.starts_with(name + std::string(":1:101: [0][0][0]"))) << error;
    EXPECT_TRUE(error.ends_with("...: nested deeper than 100 levels")) << error;
    EXPECT_LT(error.size(), 300u);
  }
}

TEST(LoaderErrorsTest, StopsAtDepthMadeOfAliases) {
  std::string text = "a0: &a0 [x]\n";
  for (int i = 1; i < 200; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  }
  EXPECT_EQ(error_of<PluginConfig>(text), "f.yaml:99:12: a98[0]: nested deeper than 100 levels");
}

TEST(LoaderErrorsTest, StopsAtAFileThatIsTooLarge) {
  std::string text = "name: " + std::string(kMaxFileBytes, 'x');
  EXPECT_EQ(
      error_of<PluginConfig>(text),
      "f.yaml: it is larger than 16 MiB; keep code in a file of its own (code.local.filename)");
}

TEST(LoaderErrorsTest, CutsBetweenCharacters) {
  std::string text = std::string(119, 'a');
  EXPECT_EQ(error_of<PluginConfig>("fail_open: " + text + "é" + text),
            "f.yaml:1:1: fail_open: expected true or false, got '" + text + "...'");
}

TEST(LoaderErrorsTest, KeepsMessagesToOneShortLine) {
  std::string error = error_of<PluginConfig>("failure_policy: |\n  a\n  " + std::string(1000, 'b'));
  EXPECT_EQ(error.find('\n'), std::string::npos);
  EXPECT_LT(error.size(), 300u);
}

}  // namespace
}  // namespace weir::config
