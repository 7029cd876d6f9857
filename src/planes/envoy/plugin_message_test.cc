#include "planes/envoy/plugin_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/v1/plugin_options.pb.h"

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
  EXPECT_THAT(error_of(message.SerializeAsString()), HasSubstr("vm_config.code"));

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
  EXPECT_THAT(read.error().message, HasSubstr("config.vm_config.code"));
}

}  // namespace
}  // namespace weir::envoy_plane
