#include "config/plugin_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config/loader.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

namespace weir::config {
namespace {

constexpr std::string_view kCode = "\nvm_config: {code: {local: {filename: a.wasm}}}\n";

template <typename M>
Result<PluginSettings> read(std::string_view text, const Environment& environment = {}) {
  M message;
  SourceMap map("f.yaml");
  WEIR_TRY(load_message(text, "f.yaml", message, map));
  return make_plugin_settings(message, Place(map), environment);
}

Result<PluginSettings> read_plugin(std::string_view text, const Environment& environment = {}) {
  return read<envoy::extensions::wasm::v3::PluginConfig>(text, environment);
}

PluginSettings plugin(std::string_view text, const Environment& environment = {}) {
  auto settings = read_plugin(text, environment);
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  return settings.ok() ? settings.value() : PluginSettings{};
}

PluginSettings plugin_with_code(std::string_view text) {
  return plugin(std::string(text) + std::string(kCode));
}

CodeSource code(std::string_view source) {
  return plugin("vm_config: {code: " + std::string(source) + "}").vm.code;
}

std::string error(std::string_view text, const Environment& environment = {}) {
  auto settings = read_plugin(text, environment);
  return settings.ok() ? "no error" : settings.error().message;
}

TEST(PluginReaderTest, FillsInDefaults) {
  PluginSettings settings = plugin(kCode);
  EXPECT_EQ(settings.name, "");
  EXPECT_EQ(settings.configuration, "");
  EXPECT_EQ(settings.failure_policy, FailurePolicy::FailClosed);
  EXPECT_EQ(settings.reload_backoff, Milliseconds(1000));
  EXPECT_EQ(settings.reload_backoff_max, Milliseconds(10'000));
  EXPECT_FALSE(settings.allow_on_headers_stop_iteration);
  EXPECT_EQ(settings.vm.runtime, "");
  EXPECT_EQ(settings.vm.unknown_imports, UnknownImports::Reject);
  EXPECT_EQ(settings.vm.limits, Limits{});
  EXPECT_TRUE(settings.vm.allowed_capabilities.empty());
}

TEST(PluginReaderTest, ReadsEveryField) {
  PluginSettings settings = plugin(R"(
name: n
root_id: r
configuration: {"@type": type.googleapis.com/google.protobuf.StringValue, value: c}
failure_policy: FAIL_RELOAD
reload_config: {backoff: {base_interval: 0.0015s, max_interval: 3s}}
allow_on_headers_stop_iteration: true
vm_config:
  vm_id: id
  runtime: envoy.wasm.runtime.v8
  code: {local: {filename: dir/a.wasm}}
  configuration: {"@type": type.googleapis.com/google.protobuf.Struct, value: {a: 1}}
  allow_precompiled: true
  nack_on_code_cache_miss: true
  capability_restriction_config: {allowed_capabilities: {proxy_log: {}, proxy_on_tick: {}}}
)");
  EXPECT_EQ(settings.name, "n");
  EXPECT_EQ(settings.root_id, "r");
  EXPECT_EQ(settings.configuration, "c");
  EXPECT_EQ(settings.failure_policy, FailurePolicy::FailReload);
  EXPECT_EQ(settings.reload_backoff, Milliseconds(2));  // rounded up
  EXPECT_EQ(settings.reload_backoff_max, Milliseconds(3000));
  EXPECT_TRUE(settings.allow_on_headers_stop_iteration);
  EXPECT_EQ(settings.vm.vm_id, "id");
  EXPECT_EQ(settings.vm.runtime, "envoy.wasm.runtime.v8");
  EXPECT_EQ(settings.vm.code, CodeSource(LocalFile{"dir/a.wasm"}));
  EXPECT_EQ(settings.vm.configuration, R"({"a":1})");
  EXPECT_TRUE(settings.vm.allow_precompiled);
  EXPECT_TRUE(settings.vm.nack_on_code_cache_miss);
  std::set<std::string, std::less<>> allowed = {"proxy_log", "proxy_on_tick"};
  EXPECT_EQ(settings.vm.allowed_capabilities, allowed);
}

TEST(PluginReaderTest, ReadsEverySourceOfCode) {
  EXPECT_EQ(code("{local: {inline_string: name}}"), CodeSource(InlineBytes{"name"}));
  EXPECT_EQ(code("{local: {inline_bytes: AGFzbQ==}}"),
            CodeSource(InlineBytes{std::string("\0asm", 4)}));
  EXPECT_EQ(code("{local: {environment_variable: CODE}}"), CodeSource(EnvironmentVariable{"CODE"}));
}

TEST(PluginReaderTest, ReadsRemoteCode) {
  std::string hash(64, 'A');
  RemoteFile expected{.uri = "http://host/a.wasm",
                      .cluster = "c",
                      .sha256 = std::string(64, 'a'),
                      .timeout = Milliseconds(5000)};
  std::string source =
      "http_uri: {uri: http://host/a.wasm, cluster: c, timeout: 5s}, sha256: " + hash;
  EXPECT_EQ(code("{remote: {" + source + "}}"), CodeSource(expected));

  expected.retries = 3;
  expected.retry_base = Milliseconds(200);
  expected.retry_max = Milliseconds(2000);  // ten times the base
  std::string retry = ", retry_policy: {num_retries: 3, retry_back_off: {base_interval: 0.2s}}";
  EXPECT_EQ(code("{remote: {" + source + retry + "}}"), CodeSource(expected));
}

// What is done with them is computed in nanoseconds, which end after 292 years.
TEST(PluginReaderTest, TakesAnyLongTimeAsAYear) {
  constexpr Milliseconds kYear = std::chrono::hours(24 * 365);
  const std::string backoff = "{base_interval: 315576000000s, max_interval: 315576000000s}";
  const PluginSettings settings = plugin_with_code("reload_config: {backoff: " + backoff + "}");
  EXPECT_EQ(settings.reload_backoff, kYear);
  EXPECT_EQ(settings.reload_backoff_max, kYear);
  const CodeSource remote =
      code("{remote: {http_uri: {uri: 'http://a/b', cluster: c, timeout: 315576000000s}, sha256: " +
           std::string(64, 'a') + ", retry_policy: {retry_back_off: " + backoff + "}}}");
  EXPECT_EQ(std::get<RemoteFile>(remote).timeout, kYear);
  EXPECT_EQ(std::get<RemoteFile>(remote).retry_base, kYear);
  EXPECT_EQ(std::get<RemoteFile>(remote).retry_max, kYear);
}

TEST(PluginReaderTest, RefusesAUriThatNoServerTakes) {
  const auto error_of = [](const std::string& uri) {
    return error("vm_config: {code: {remote: {http_uri: {cluster: c, timeout: 1s, uri: \"" + uri +
                 "\"}, sha256: " + std::string(64, 'a') + "}}}");
  };
  EXPECT_EQ(error_of("http://a/" + std::string(10'000, 'b')),
            "f.yaml:1:65: vm_config.code.remote.http_uri.uri: is longer than 8192 bytes");
  EXPECT_EQ(error_of("http://a/ü"), "no error");
  for (const char* uri : {"http://", "https:///a.wasm", "http://?a"}) {
    EXPECT_TRUE(error_of(uri).ends_with("' names no host; write one behind the two slashes"))
        << uri;
  }
}

TEST(PluginReaderTest, ReadsTheOlderFailOpen) {
  EXPECT_EQ(plugin_with_code("fail_open: true").failure_policy, FailurePolicy::FailOpen);
  EXPECT_EQ(plugin_with_code("fail_open: false").failure_policy, FailurePolicy::FailClosed);
  EXPECT_EQ(error("fail_open: true\nfailure_policy: FAIL_CLOSED" + std::string(kCode)),
            "f.yaml:1:1: fail_open: 'failure_policy' is set too; keep that one");
}

TEST(PluginReaderTest, ReadsTheOlderPlaceOfCapabilities) {
  std::string outer = "capability_restriction_config: {allowed_capabilities: {proxy_log: {}}}\n";
  EXPECT_TRUE(plugin_with_code(outer).vm.allowed_capabilities.contains("proxy_log"));
  EXPECT_EQ(
      error(outer + "vm_config: {code: {local: {filename: a}}, capability_restriction_config: {}}"),
      "f.yaml:1:1: capability_restriction_config: vm_config has one too; keep that one");
}

TEST(PluginReaderTest, ReadsAFolderToWatch) {
  EXPECT_EQ(code("{local: {filename: a, watched_directory: {path: b, watch_modify: true}}}"),
            CodeSource(LocalFile{"a", "b"}));
}

// Envoy takes them; the list would not mean what it says.
TEST(PluginReaderTest, RefusesCapabilitiesThatNobodyHas) {
  const auto error_of = [](const std::string& name) {
    return error(
        "vm_config: {code: {local: {filename: a}}, capability_restriction_config: "
        "{allowed_capabilities: {proxy_log: {}, " +
        name + ": {}}}}");
  };
  EXPECT_EQ(error_of("fd_write"), "no error");
  EXPECT_EQ(error_of("proxy_on_memory_allocate"), "no error");
  EXPECT_EQ(error_of("proxy_loog"),
            "f.yaml:1:113: vm_config.capability_restriction_config.allowed_capabilities["
            "'proxy_loog']: no hostcall, WASI function or callback has this name; did you mean "
            "'proxy_log'?");
}

TEST(PluginReaderTest, TakesVariablesFromTheHostByName) {
  Environment host = {{"HOME", "/root"}, {"SECRET", "x"}};
  constexpr std::string_view kText = R"(
vm_config:
  code: {local: {filename: a}}
  environment_variables: {host_env_keys: [HOME, ABSENT], key_values: {MODE: fast}}
)";
  Environment expected = {{"HOME", "/root"}, {"MODE", "fast"}};
  EXPECT_EQ(plugin(kText, host).vm.environment, expected);
}

TEST(PluginReaderTest, RefusesVariablesThatCannotBe) {
  auto error_of = [](const std::string& variables) {
    return error("vm_config: {code: {local: {filename: a}}, environment_variables: " + variables +
                 "}");
  };
  constexpr const char* kAt = "vm_config.environment_variables.";
  EXPECT_EQ(
      error_of("{host_env_keys: [A], key_values: {A: b}}"),
      "f.yaml:1:83: " + std::string(kAt) + "host_env_keys[0]: 'A' is also in key_values; keep one");
  EXPECT_EQ(error_of("{key_values: {A=B: b}}"),
            "f.yaml:1:80: " + std::string(kAt) + "key_values['A=B']: not a variable's name");
  EXPECT_EQ(error_of("{key_values: {'': b}}"),
            "f.yaml:1:80: " + std::string(kAt) + "key_values['']: not a variable's name");
  EXPECT_EQ(error_of("{host_env_keys: ['']}"),
            "f.yaml:1:83: " + std::string(kAt) + "host_env_keys[0]: not a variable's name");
  EXPECT_EQ(error_of("{key_values: {A: \"a\\0b\"}}"),
            "f.yaml:1:80: " + std::string(kAt) + "key_values['A']: the value holds a NUL byte");
}

TEST(PluginReaderTest, ReadsWhatWeirAdds) {
  auto settings = read<weir::v1::PluginOptions>(R"(
plugin: {name: n, vm_config: {code: {local: {filename: a}}}}
limits:
  call_cpu_time: 0.02s
  start_cpu_time: 2s
  max_memory_bytes: 1048576
  max_shared_data_bytes: 0
  max_queue_bytes: "4096"
  call_targets: [auth, "inventory-*"]
  max_stream_memory_bytes: 65536
unknown_imports: STUB
isolation: STREAM
)");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings.value().name, "n");
  EXPECT_EQ(settings.value().vm.unknown_imports, UnknownImports::Stub);
  Limits expected{.call_cpu_time = Milliseconds(20),
                  .start_cpu_time = Milliseconds(2000),
                  .max_memory_bytes = 1 << 20,
                  .max_shared_data_bytes = 0,
                  .max_queue_bytes = 4096,
                  .call_targets = {"auth", "inventory-*"},
                  .max_stream_memory_bytes = 65536};
  EXPECT_EQ(settings.value().vm.limits, expected);
  EXPECT_EQ(settings.value().vm.isolation, Isolation::Stream);
}

TEST(PluginReaderTest, RefusesWhatMakesNoSense) {
  EXPECT_EQ(
      error("reload_config: {backoff: {base_interval: 2s, max_interval: 1s}}" + std::string(kCode)),
      "f.yaml:1:46: reload_config.backoff.max_interval: is less than base_interval");
  auto no_target = read<weir::v1::PluginOptions>(
      "plugin: {vm_config: {code: {local: {filename: a}}}}\nlimits: {call_targets: [a, '']}");
  ASSERT_FALSE(no_target.ok());
  EXPECT_EQ(no_target.error().message,
            "f.yaml:2:28: limits.call_targets[1]: is empty; write a cluster's name, or leave the "
            "field out to allow all");
}

TEST(PluginReaderTest, TakesASchemeInCapitals) {
  auto settings = read<envoy::extensions::wasm::v3::PluginConfig>(
      "vm_config: {code: {remote: {http_uri: {uri: \"HTTPS://A/B\", cluster: c, timeout: 1s}, "
      "sha256: " +
      std::string(64, 'a') + "}}}");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(std::get<RemoteFile>(settings.value().vm.code).uri, "https://A/B");
}

// The digest says as much as a sha256.
TEST(PluginReaderTest, TakesAnImagesDigestWhateverTheSchemesCapitals) {
  for (const std::string scheme : {"oci", "OCI", "Oci"}) {
    const std::string image = "://a/b@sha256:" + std::string(64, 'a');
    auto settings = read<envoy::extensions::wasm::v3::PluginConfig>(
        "vm_config: {code: {remote: {http_uri: {uri: \"" + scheme + image +
        "\", cluster: c, timeout: 1s}}}}");
    ASSERT_TRUE(settings.ok()) << settings.error().message;
    EXPECT_EQ(std::get<RemoteFile>(settings.value().vm.code).uri, "oci" + image);
    auto tag = read<envoy::extensions::wasm::v3::PluginConfig>(
        "vm_config: {code: {remote: {http_uri: {uri: \"" + scheme +
        "://a/b:1\", cluster: c, timeout: 1s}}}}");
    ASSERT_FALSE(tag.ok());
    EXPECT_NE(tag.error().message.find("let the uri end in @sha256:DIGEST"), std::string::npos);
  }
}

TEST(PluginReaderTest, ReadsHowRemoteCodeIsFetched) {
  const std::string source =
      "http_uri: {uri: \"oci://a/b\", cluster: c, timeout: 1s}, sha256: " + std::string(64, 'a');
  auto settings = read<weir::v1::PluginOptions>("{plugin: {vm_config: {code: {remote: {" + source +
                                                "}}}}, fetch: {pull_secret: {filename: s.json}, "
                                                "plain_http: true, follow_redirects: true, "
                                                "max_bytes: 5}}");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  const auto& remote = std::get<RemoteFile>(settings.value().vm.code);
  EXPECT_EQ(remote.pull_secret, DataSource(LocalFile{"s.json"}));
  EXPECT_TRUE(remote.plain_http);
  EXPECT_TRUE(remote.follow_redirects);
  EXPECT_EQ(remote.max_bytes, 5u);
  auto local = read<weir::v1::PluginOptions>(
      "{plugin: {vm_config: {code: {local: {filename: a}}}}, fetch: {}}");
  ASSERT_FALSE(local.ok());
  EXPECT_EQ(local.error().message,
            "f.yaml:1:55: fetch: the plugin's code is not remote; leave it out");
}

TEST(PluginReaderTest, RefusesBesideAUriWhatIsForImages) {
  const auto error = [](std::string_view fetch) {
    const std::string source =
        "http_uri: {uri: \"HTTP://a/b\", cluster: c, timeout: 1s}, sha256: " + std::string(64, 'a');
    auto settings = read<weir::v1::PluginOptions>("{fetch: {" + std::string(fetch) +
                                                  "}, plugin: {vm_config: {code: {remote: {" +
                                                  source + "}}}}}");
    return settings.ok() ? "" : settings.error().message;
  };
  const std::string why =
      "is for images, oci://REGISTRY/REPOSITORY, and the uri is http://...; leave it out";
  EXPECT_EQ(error("pull_secret: {filename: a}"), "f.yaml:1:10: fetch.pull_secret: " + why);
  EXPECT_EQ(error("plain_http: true"), "f.yaml:1:10: fetch.plain_http: " + why);
  EXPECT_EQ(error("plain_http: false, follow_redirects: true"), "");
}

TEST(PluginReaderTest, RefusesMessagesThatNoFileCouldHold) {
  SourceMap map;
  envoy::extensions::wasm::v3::PluginConfig config;
  auto no_code = make_plugin_settings(config, Place(map), {});
  ASSERT_FALSE(no_code.ok());
  EXPECT_EQ(no_code.error().message,
            "vm_config.code: says no place of the code; write local: {filename: plugin.wasm}");

  config.mutable_vm_config()->mutable_code()->mutable_local()->set_filename("a");
  config.set_failure_policy(static_cast<envoy::extensions::wasm::v3::FailurePolicy>(9));
  auto policy = make_plugin_settings(config, Place(map), {});
  ASSERT_FALSE(policy.ok());
  EXPECT_EQ(policy.error().message, "failure_policy: a value that Weir does not know");

  config.clear_failure_policy();
  config.mutable_configuration()->set_type_url("type.googleapis.com/google.protobuf.Struct");
  config.mutable_configuration()->set_value("\xff");
  auto bytes = make_plugin_settings(config, Place(map), {});
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().message, "configuration: the bytes are no google.protobuf.Struct");
}

class ReadCodeTest : public testing::Test {
 protected:
  void SetUp() override {
    dir_ = std::filesystem::path(testing::TempDir()) / "weir_read_code_test";
    std::filesystem::create_directories(dir_);
    std::ofstream(dir_ / "a.wasm") << "code";
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::filesystem::path dir_;
};

TEST_F(ReadCodeTest, StartsRelativePathsAtTheConfigurationFile) {
  EXPECT_EQ(read_code(LocalFile{"a.wasm"}, dir_).value(), "code");
  EXPECT_EQ(read_code(LocalFile{(dir_ / "a.wasm").string()}, "/elsewhere").value(), "code");
}

TEST_F(ReadCodeTest, NamesTheFileThatItCannotRead) {
  auto absent = read_code(LocalFile{"b.wasm"}, dir_);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::NotFound);
  EXPECT_EQ(absent.error().message, "cannot read code from '" + (dir_ / "b.wasm").string() +
                                        "': No such file or directory; put it there, or write "
                                        "where it is");
  auto folder = read_code(LocalFile{"."}, dir_);
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().message, "cannot read code from '" + (dir_ / ".").string() +
                                        "': it is a folder; name a file that can be read");
}

TEST_F(ReadCodeTest, NamesAFolderToWatchThatIsNotThere) {
  EXPECT_EQ(read_code(LocalFile{"a.wasm", "."}, dir_).value(), "code");
  auto absent = read_code(LocalFile{"a.wasm", "absent"}, dir_);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().message, "watched_directory: '" + (dir_ / "absent").string() +
                                        "' is no folder; make it, or name another one");
}

TEST_F(ReadCodeTest, TakesInlineCodeAsItIs) {
  EXPECT_EQ(read_code(InlineBytes{"bytes"}, dir_).value(), "bytes");
}

TEST_F(ReadCodeTest, ReadsAVariable) {
  setenv("WEIR_READ_CODE_TEST", "code", 1);
  EXPECT_EQ(read_code(EnvironmentVariable{"WEIR_READ_CODE_TEST"}, dir_).value(), "code");
  unsetenv("WEIR_READ_CODE_TEST");
  auto absent = read_code(EnvironmentVariable{"WEIR_READ_CODE_TEST"}, dir_);
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(
      absent.error().message,
      "the code is to come from environment variable 'WEIR_READ_CODE_TEST', which is not set; set "
      "it where weir is started");
}

TEST_F(ReadCodeTest, SaysThatItFetchesNothing) {
  auto remote = read_code(RemoteFile{.uri = "http://host/a.wasm"}, dir_);
  ASSERT_FALSE(remote.ok());
  EXPECT_EQ(remote.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace weir::config
