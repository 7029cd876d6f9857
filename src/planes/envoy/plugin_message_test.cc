#include "planes/envoy/plugin_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"
#include "weir/v1/service_options.pb.h"

namespace weir::envoy_plane {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kVm = R"("vm_config": {"code": {"local": {"filename": "a.wasm"}}})";

std::string object(std::string_view inside) { return "{" + std::string(inside) + "}"; }

::envoy::extensions::wasm::v3::PluginConfig plugin() {
  ::envoy::extensions::wasm::v3::PluginConfig config;
  config.set_name("auth");
  config.mutable_vm_config()->mutable_code()->mutable_local()->set_filename("a.wasm");
  return config;
}

Result<config::PluginSettings> read_settings(std::string_view bytes) {
  return read_plugin_settings({"filter_config", "mine", bytes});
}

std::string error_of(std::string_view bytes) {
  auto read = read_settings(bytes);
  return read.ok() ? "it was read" : read.error().message;
}

TEST(PluginMessageTest, ReadsThreeMessagesFromJson) {
  const std::string config = object(R"("name": "auth", )" + std::string(kVm));
  for (const std::string& text :
       {config, object(R"("plugin": )" + config), object(R"("config": )" + config)}) {
    auto read = read_settings(text);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read.value().name, "auth");
  }
}

TEST(PluginMessageTest, ReadsLimits) {
  auto read =
      read_settings(object(R"("limits": {"call_cpu_time": "0.5s"}, "plugin": )" + object(kVm)));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value().vm.limits.call_cpu_time, Milliseconds(500));
}

TEST(PluginMessageTest, ReadsThreeMessagesFromProtobuf) {
  v1::PluginOptions options;
  *options.mutable_plugin() = plugin();
  ::envoy::extensions::filters::http::wasm::v3::Wasm wasm;
  *wasm.mutable_config() = plugin();
  EXPECT_TRUE(read_settings(plugin().SerializeAsString()).ok());
  options.mutable_limits()->mutable_max_memory_bytes()->set_value(1 << 20);
  auto read = read_settings(options.SerializeAsString());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read.value().vm.limits.max_memory_bytes, 1u << 20);
}

TEST(PluginMessageTest, TellsWhatIsWrong) {
  EXPECT_THAT(error_of(""), HasSubstr("filter_config of 'mine': is empty"));
  EXPECT_THAT(error_of(R"({"nmae": "x"})"), HasSubstr("nmae: unknown field"));
  EXPECT_THAT(error_of("\x01\x02\x03"), HasSubstr("is neither JSON nor YAML"));
  EXPECT_THAT(error_of("just text"), HasSubstr("is no map with the fields of a plugin"));
  EXPECT_THAT(error_of("[1, 2]"), HasSubstr("is no map with the fields of a plugin"));
  EXPECT_THAT(error_of("name: x\n  bad: : y"), HasSubstr("filter_config of 'mine':2:"));
}

TEST(PluginMessageTest, TellsWhatIsWrongWithAMessage) {
  auto message = plugin();
  message.mutable_vm_config()->clear_code();
  EXPECT_THAT(error_of(message.SerializeAsString()), HasSubstr("vm_config: 'code' is missing"));

  message = plugin();
  message.set_fail_open(true);
  message.set_failure_policy(::envoy::extensions::wasm::v3::FAIL_CLOSED);
  const std::string both = "fail_open: 'failure_policy' is set too";
  EXPECT_THAT(error_of(message.SerializeAsString()), HasSubstr(both));

  v1::PluginOptions options;
  *options.mutable_plugin() = message;
  EXPECT_THAT(error_of(options.SerializeAsString()), HasSubstr("plugin." + both));

  message = plugin();
  auto& environment = *message.mutable_vm_config()->mutable_environment_variables();
  environment.add_host_env_keys("A");
  (*environment.mutable_key_values())["A"] = "b";
  EXPECT_THAT(error_of(message.SerializeAsString()), HasSubstr("environment_variables"));

  message.Clear();
  message.set_name("x");
  EXPECT_THAT(error_of(message.SerializeAsString()), HasSubstr("code"));

  ::envoy::extensions::wasm::v3::WasmService service;
  *service.mutable_config() = plugin();
  service.mutable_config()->mutable_vm_config()->clear_code();
  auto read = read_service_settings({"extension_config", "mine", service.SerializeAsString()});
  ASSERT_FALSE(read.ok());
  EXPECT_THAT(read.error().message, HasSubstr("config.vm_config: 'code' is missing"));
}

template <typename Change>
std::string error_of_plugin(Change change) {
  auto message = plugin();
  change(message);
  return error_of(message.SerializeAsString());
}

template <typename Change>
std::string error_of_remote(Change change) {
  return error_of_plugin([&](auto& message) {
    auto& remote = *message.mutable_vm_config()->mutable_code()->mutable_remote();
    remote.set_sha256(std::string(64, 'a'));
    remote.mutable_http_uri()->set_uri("http://a.example/a.wasm");
    remote.mutable_http_uri()->set_cluster("a");
    remote.mutable_http_uri()->mutable_timeout()->set_seconds(1);
    change(remote);
  });
}

template <typename Change>
std::string error_of_options(Change change) {
  v1::PluginOptions options;
  *options.mutable_plugin() = plugin();
  change(options);
  return error_of(options.SerializeAsString());
}

TEST(PluginMessageTest, AsksOfRemoteCodeInProtobufWhatATextHasToSay) {
  const std::string uri = "filter_config of 'mine': vm_config.code.remote.http_uri";
  const std::string interval = "vm_config.code.remote.retry_policy.retry_back_off.";
  EXPECT_EQ(error_of_remote([](auto&) {}), "it was read");
  EXPECT_THAT(error_of_remote([](auto& remote) { remote.mutable_http_uri()->clear_timeout(); }),
              HasSubstr(uri + ": 'timeout' is missing"));
  for (const int64_t seconds : {0, -5}) {
    EXPECT_THAT(error_of_remote([&](auto& remote) {
                  remote.mutable_http_uri()->mutable_timeout()->set_seconds(seconds);
                }),
                HasSubstr(uri + ".timeout: has to be 0.001s or longer"));
  }
  EXPECT_THAT(error_of_remote([](auto& remote) { remote.mutable_http_uri()->clear_cluster(); }),
              HasSubstr(uri + ": 'cluster' is missing"));
  EXPECT_THAT(error_of_remote(
                  [](auto& remote) { remote.mutable_retry_policy()->mutable_retry_back_off(); }),
              HasSubstr("retry_back_off: 'base_interval' is missing"));
  EXPECT_THAT(error_of_remote([](auto& remote) {
                auto& back_off = *remote.mutable_retry_policy()->mutable_retry_back_off();
                back_off.mutable_base_interval()->set_seconds(5);
                back_off.mutable_max_interval()->set_seconds(1);
              }),
              HasSubstr(interval + "max_interval: is less than base_interval"));
}

TEST(PluginMessageTest, AsksOfAPluginInProtobufWhatATextHasToSay) {
  EXPECT_THAT(error_of_plugin([](auto& message) {
                message.mutable_reload_config()->mutable_backoff()->mutable_base_interval();
              }),
              HasSubstr("reload_config.backoff.base_interval: has to be 0.001s or longer"));
  EXPECT_THAT(error_of_plugin([](auto& message) {
                auto& back_off = *message.mutable_reload_config()->mutable_backoff();
                back_off.mutable_base_interval()->set_seconds(1);
                back_off.mutable_base_interval()->set_nanos(-5);
              }),
              HasSubstr("reload_config.backoff.base_interval: not a duration"));
  EXPECT_THAT(error_of_plugin([](auto& message) {
                message.mutable_vm_config()->mutable_code()->mutable_local()->set_filename("");
              }),
              HasSubstr("vm_config.code.local: 'filename' is empty"));
  EXPECT_THAT(
      error_of_plugin([](auto& message) { message.mutable_configuration()->set_value("x"); }),
      HasSubstr("configuration: 'type_url' is missing"));
}

TEST(PluginMessageTest, AsksOfOptionsInProtobufWhatATextHasToSay) {
  EXPECT_EQ(error_of_options([](auto&) {}), "it was read");
  EXPECT_THAT(
      error_of_options([](auto& options) { options.set_isolation(static_cast<v1::Isolation>(7)); }),
      HasSubstr("filter_config of 'mine': isolation: unknown or unsupported value 7"));
  EXPECT_THAT(error_of_options([](auto& options) {
                options.set_unknown_imports(static_cast<v1::UnknownImports>(9));
              }),
              HasSubstr("unknown_imports: unknown or unsupported value 9"));
  for (const int64_t seconds : {0, -1}) {
    EXPECT_THAT(error_of_options([&](auto& options) {
                  options.mutable_limits()->mutable_call_cpu_time()->set_seconds(seconds);
                }),
                HasSubstr("limits.call_cpu_time: has to be 0.001s or longer"));
    EXPECT_THAT(error_of_options([&](auto& options) {
                  options.mutable_limits()->mutable_start_cpu_time()->set_seconds(seconds);
                }),
                HasSubstr("limits.start_cpu_time: has to be 0.001s or longer"));
  }
  EXPECT_THAT(error_of_options([](auto& options) {
                options.mutable_limits()->mutable_max_stream_memory_bytes()->set_value(1);
              }),
              HasSubstr("limits.max_stream_memory_bytes: less than a page"));
}

// What comes twice in protobuf's wire form replaces what came before, or stands beside it.
TEST(PluginMessageTest, TakesNothingTwiceFromProtobuf) {
  const std::string once = plugin().SerializeAsString();
  ::envoy::extensions::wasm::v3::PluginConfig again;
  again.set_name("other");
  EXPECT_THAT(error_of(once + again.SerializeAsString()), HasSubstr("name: given twice; keep one"));

  const auto field = [](char tag, const std::string& inside) {
    return std::string(1, tag) + static_cast<char>(inside.size()) + inside;
  };
  // vm_config and environment_variables hold two entries of one key.
  const std::string code = field('\x1a', field('\x0a', field('\x0a', "a.wasm")));
  const std::string first(
      "\x12\x06\x0a\x01"
      "A\x12\x01"
      "1");
  const std::string second(
      "\x12\x06\x0a\x01"
      "A\x12\x01"
      "2");
  EXPECT_EQ(error_of(field('\x1a', code + field('\x3a', first))), "it was read");
  EXPECT_THAT(error_of(field('\x1a', code + field('\x3a', first + second))),
              HasSubstr("vm_config.environment_variables.key_values"));

  // A DataSource and a RemoteDataSource in one oneof.
  const std::string both = field('\x0a', field('\x0a', "a.wasm")) + field('\x12', "");
  EXPECT_THAT(error_of(field('\x1a', field('\x1a', both))),
              HasSubstr("vm_config.code.remote: both 'local' and 'remote' are set; keep one"));
}

TEST(PluginMessageTest, RefusesASingletonWithAnInstanceForEachStream) {
  v1::ServiceOptions service;
  *service.mutable_options()->mutable_plugin() = plugin();
  service.mutable_options()->set_isolation(v1::STREAM);
  const auto read = [&] {
    return read_service_settings({"extension_config", "mine", service.SerializeAsString()});
  };
  EXPECT_TRUE(read().ok());
  service.set_singleton(true);
  const auto refused = read();
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message,
              HasSubstr("extension_config of 'mine': options.isolation: STREAM gives each"));
}

TEST(PluginMessageTest, NamesAFieldThatAMessageOfAPluginHasNot) {
  EXPECT_THAT(error_of(plugin().SerializeAsString() + "\x9a\x06\x01x"),
              HasSubstr("PluginConfig has no field 99"));
}

}  // namespace
}  // namespace weir::envoy_plane
