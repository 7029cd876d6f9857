#include <gtest/gtest.h>

#include <string>

#include "config/bootstrap.h"

namespace weir::config {
namespace {

constexpr const char* kService = "envoy.extensions.wasm.v3.WasmService";

std::string plugin(const std::string& name, const std::string& vm_id) {
  return "{name: " + name + ", vm_config: {vm_id: '" + vm_id +
         "', code: {local: {filename: a.wasm}}}}";
}

std::string service(const std::string& fields, const std::string& type = kService) {
  return "{name: envoy.bootstrap.wasm, typed_config: {'@type': type.googleapis.com/" + type +
         fields + "}}";
}

// A bootstrap with these services, and a listener with one filter, of VM `filter`.
std::string text_of(const std::string& services) {
  return "static_resources:\n"
         "  listeners: [{address: {socket_address: {address: 127.0.0.1, port_value: 80}}, "
         "filter_chains: [{filters: [{name: h, typed_config: {'@type': "
         "type.googleapis.com/"
         "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
         ", stat_prefix: s, route_config: {virtual_hosts: [{name: all, domains: ['*']}]}, "
         "http_filters: [{name: w, typed_config: {'@type': "
         "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm, config: " +
         plugin("auth", "filter") +
         "}}, {name: r, typed_config: {'@type': "
         "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]}}]}]}]\n"
         "bootstrap_extensions: [" +
         services + "]\n";
}

std::vector<Service> load(const std::string& services) {
  auto settings = load_bootstrap(text_of(services), "f.yaml");
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  return settings.ok() ? settings.value().services : std::vector<Service>();
}

// Without file, line and column.
std::string error_of(const std::string& services) {
  auto settings = load_bootstrap(text_of(services), "f.yaml");
  if (settings.ok()) return "no error";
  const std::string& message = settings.error().message;
  return message.substr(message.find(": ") + 2);
}

TEST(ServiceReaderTest, ReadsBothMessages) {
  const auto services =
      load(service(", config: " + plugin("one", "a") + ", singleton: true") + ", " +
           service(", options: {plugin: " + plugin("two", "filter") +
                       ", limits: {max_memory_bytes: 65536}}",
                   "weir.v1.ServiceOptions"));
  ASSERT_EQ(services.size(), 2u);
  EXPECT_EQ(services[0].plugin.name, "one");
  EXPECT_TRUE(services[0].singleton);
  EXPECT_EQ(services[1].plugin.name, "two");
  EXPECT_FALSE(services[1].singleton);
  EXPECT_EQ(services[1].plugin.vm.limits.max_memory_bytes, 65536u);
}

TEST(ServiceReaderTest, ASingletonsVmIsItsOwn) {
  const std::string why =
      ": the VM of a singleton is its own, but plugin 'auth' has the same vm_id and code; give one "
      "of the two another vm_id";
  EXPECT_EQ(error_of(service(", config: " + plugin("one", "filter") + ", singleton: true")),
            "bootstrap_extensions[0].typed_config.config" + why);
  EXPECT_EQ(error_of(service(", config: " + plugin("one", "filter"))), "no error");
}

// A service on each worker may share its VM with plugins that have streams, and so its isolation.
TEST(ServiceReaderTest, ASingletonHasNoInstancesForStreams) {
  const auto isolated = [](const std::string& rest) {
    return error_of(
        service(", options: {plugin: " + plugin("one", "a") + ", isolation: STREAM}" + rest,
                "weir.v1.ServiceOptions"));
  };
  EXPECT_EQ(isolated(", singleton: true"),
            "bootstrap_extensions[0].typed_config.options.isolation: STREAM gives each stream an "
            "instance, and a singleton has no streams; leave it out");
  EXPECT_EQ(isolated(""), "no error");
}

TEST(ServiceReaderTest, CallsGoToClustersThatThereAre) {
  const auto calls = [](const std::string& targets, const std::string& rest) {
    return error_of(service(", options: {plugin: " + plugin("one", "a") +
                                ", limits: {call_targets: [" + targets + "]}}" + rest,
                            "weir.v1.ServiceOptions"));
  };
  for (const char* rest : {"", ", singleton: true"}) {
    const std::string error = calls("nowhere", rest);
    EXPECT_TRUE(
        error.starts_with("bootstrap_extensions[0].typed_config.options.limits.call_targets: "
                          "there is no cluster 'nowhere'; "))
        << error;
    EXPECT_EQ(calls("'nowhere*'", rest), "no error");
  }
}

TEST(ServiceReaderTest, NamesWhatIsNoService) {
  EXPECT_EQ(error_of(service("", "google.protobuf.Empty")),
            "bootstrap_extensions[0].typed_config: 'google.protobuf.Empty' is no extension of the "
            "process; expected one of envoy.extensions.wasm.v3.WasmService, "
            "weir.v1.ServiceOptions");
  EXPECT_EQ(error_of("{name: a}"),
            "bootstrap_extensions[0]: 'typed_config' is missing; its '@type' says which "
            "extension this is");
}

}  // namespace
}  // namespace weir::config
