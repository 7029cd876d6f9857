#include "planes/common/plugin_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/common/temporary_folder.h"

namespace weir::planes::test {
namespace {

using ::testing::HasSubstr;

TEST(PluginSourceTest, ReadsTheCodeFromTheFolderOfTheConfiguration) {
  const TemporaryFolder folder;
  folder.write("a.wasm", "code");
  config::PluginSettings settings;
  settings.name = "a";
  settings.vm.code = config::LocalFile{"a.wasm"};
  const auto options = read_plugin(settings, folder / "");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options.value().vm.code, "code");
  EXPECT_EQ(watched_file(settings, folder / ""), folder / "a.wasm");
}

TEST(PluginSourceTest, CarriesEverySetting) {
  config::PluginSettings settings;
  settings.name = "a";
  settings.root_id = "root";
  settings.configuration = "{}";
  settings.failure_policy = config::FailurePolicy::FailOpen;
  settings.reload_backoff = Milliseconds(7);
  settings.reload_backoff_max = Milliseconds(8);
  settings.allow_on_headers_stop_iteration = true;
  settings.vm = {.vm_id = "vm",
                 .runtime = "envoy.wasm.runtime.null",
                 .code = config::InlineBytes{"native"},
                 .configuration = "vm configuration",
                 .allow_precompiled = true,
                 .environment = {{"K", "V"}},
                 .allowed_capabilities = {"proxy_log"},
                 .unknown_imports = config::UnknownImports::Stub,
                 .isolation = config::Isolation::Stream};
  settings.node = "\x0a\x01n";  // id: n
  settings.vm.limits.call_cpu_time = Milliseconds(11);
  settings.vm.limits.start_cpu_time = Milliseconds(12);
  settings.vm.limits.max_memory_bytes = 13;
  settings.vm.limits.max_shared_data_bytes = 14;
  settings.vm.limits.max_queue_bytes = 15;
  settings.vm.limits.call_targets = {"auth"};
  settings.vm.limits.max_stream_memory_bytes = 16;

  const auto read = read_plugin(settings, "");
  ASSERT_TRUE(read.ok());
  const runtime::PluginOptions& options = read.value();
  EXPECT_EQ(options.root_id, "root");
  EXPECT_EQ(options.configuration, "{}");
  EXPECT_EQ(options.failure_policy, runtime::FailurePolicy::FailOpen);
  EXPECT_EQ(options.reload_backoff, Milliseconds(7));
  EXPECT_EQ(options.reload_backoff_max, Milliseconds(8));
  EXPECT_TRUE(options.allow_on_headers_stop_iteration);
  EXPECT_EQ(options.properties.at(std::string("node\0id", 7)), "n");
  EXPECT_EQ(options.vm.vm_id, "vm");
  EXPECT_EQ(options.vm.engine, "envoy.wasm.runtime.null");
  EXPECT_EQ(options.vm.code, "native");
  EXPECT_EQ(options.vm.configuration, "vm configuration");
  EXPECT_TRUE(options.vm.allow_precompiled);
  EXPECT_EQ(options.vm.environment.at("K"), "V");
  EXPECT_TRUE(options.vm.allowed_capabilities.contains("proxy_log"));
  EXPECT_EQ(options.vm.unknown_imports, runtime::UnknownImports::Stub);
  EXPECT_EQ(options.vm.isolation, runtime::Isolation::Stream);
  EXPECT_EQ(options.vm.limits.call_time, Milliseconds(11));
  EXPECT_EQ(options.vm.limits.start_time, Milliseconds(12));
  EXPECT_EQ(options.vm.limits.max_memory_bytes, 13u);
  EXPECT_EQ(options.vm.limits.max_shared_data_bytes, 14u);
  EXPECT_EQ(options.vm.limits.max_queue_bytes, 15u);
  EXPECT_TRUE(options.vm.limits.call_targets.contains("auth"));
  EXPECT_EQ(options.vm.limits.max_stream_memory_bytes, 16u);
  EXPECT_EQ(watched_file(settings, ""), std::nullopt);
}

TEST(PluginSourceTest, NamesThePluginWhoseCodeCannotBeRead) {
  config::PluginSettings settings;
  settings.name = "a";
  settings.vm.code = config::LocalFile{"missing.wasm"};
  const auto options = read_plugin(settings, "/nonexistent");
  ASSERT_FALSE(options.ok());
  EXPECT_THAT(options.error().message, HasSubstr("plugin 'a': "));
}

}  // namespace
}  // namespace weir::planes::test
