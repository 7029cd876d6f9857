#include <gtest/gtest.h>

#include <string>

#include "config/bootstrap.h"

namespace weir::config {
namespace {

constexpr const char* kTcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
constexpr const char* kNetworkWasm = "envoy.extensions.filters.network.wasm.v3.Wasm";

std::string filter(const std::string& type, const std::string& fields) {
  return "{name: f, typed_config: {'@type': type.googleapis.com/" + type + fields + "}}";
}

std::string plugin(const std::string& name) {
  return filter(kNetworkWasm,
                ", config: {name: " + name + ", vm_config: {code: {local: {filename: a}}}}");
}

std::string options(const std::string& name) {
  return filter("weir.v1.PluginOptions",
                ", plugin: {name: " + name + ", vm_config: {code: {local: {filename: a}}}}");
}

// A bootstrap whose one listener has these filters, and clusters `web` and `other`.
std::string text_of(const std::string& filters) {
  const auto cluster = [](const std::string& name) {
    return "{name: " + name +
           ", load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: "
           "{address: 10.0.0.1, port_value: 80}}}}]}]}}";
  };
  return "static_resources:\n"
         "  listeners: [{name: main, address: {socket_address: {address: 127.0.0.1, port_value: "
         "80}}, filter_chains: [{filters: [" +
         filters + "]}]}]\n  clusters: [" + cluster("web") + ", " + cluster("other") + "]\n";
}

FilterChain load(const std::string& filters) {
  auto settings = load_bootstrap(text_of(filters), "f.yaml");
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  return settings.ok() ? settings.value().listeners.at(0).chains.at(0) : FilterChain{};
}

// Without file, line and column.
std::string error_of(const std::string& filters) {
  auto settings = load_bootstrap(text_of(filters), "f.yaml");
  if (settings.ok()) return "no error";
  const std::string& message = settings.error().message;
  return message.substr(message.find(": ") + 2);
}

const std::string kFilters = "static_resources.listeners[0].filter_chains[0].filters";

TEST(TcpProxyTest, StandsBehindPlugins) {
  const FilterChain listener = load(plugin("one") + ", " + options("two") + ", " +
                                    filter(kTcpProxy, ", stat_prefix: s, cluster: web"));
  ASSERT_EQ(listener.network_plugins.size(), 2u);
  EXPECT_EQ(listener.network_plugins[0].name, "one");
  EXPECT_EQ(listener.network_plugins[1].name, "two");
  EXPECT_EQ(listener.network_plugins[0].where.of(PluginField::Plugin).substr(0, 7), "f.yaml:");
  EXPECT_TRUE(listener.plugins.empty());
  ASSERT_TRUE(listener.tcp_proxy);
  EXPECT_EQ(listener.tcp_proxy->stat_prefix, "s");
  EXPECT_EQ(listener.tcp_proxy->targets.at(0).cluster, "web");
  EXPECT_EQ(listener.tcp_proxy->idle_timeout, std::chrono::hours(1));
  EXPECT_EQ(listener.tcp_proxy->max_connect_attempts, 1u);
}

TEST(TcpProxyTest, ReadsWeightsAndLimits) {
  const FilterChain listener =
      load(filter(kTcpProxy,
                  ", stat_prefix: s, idle_timeout: 2.5s, max_connect_attempts: 3, "
                  "weighted_clusters: {clusters: [{name: web, weight: 9}, {name: other, weight: "
                  "1}]}"));
  ASSERT_TRUE(listener.tcp_proxy);
  ASSERT_EQ(listener.tcp_proxy->targets.size(), 2u);
  EXPECT_EQ(listener.tcp_proxy->targets[0].weight, 9u);
  EXPECT_EQ(listener.tcp_proxy->targets[1].cluster, "other");
  EXPECT_EQ(listener.tcp_proxy->idle_timeout, Milliseconds(2500));
  EXPECT_EQ(listener.tcp_proxy->max_connect_attempts, 3u);
}

TEST(TcpProxyTest, NamesWhatCannotBe) {
  const struct {
    std::string filters;
    std::string error;
  } cases[] = {
      {filter(kTcpProxy, ", stat_prefix: s"),
       "[0].typed_config: one of 'cluster', 'weighted_clusters' is missing"},
      {filter(kTcpProxy, ", cluster: web"), "[0].typed_config: 'stat_prefix' is missing"},
      {filter(kTcpProxy, ", stat_prefix: s, cluster: wed"),
       "[0].typed_config.cluster: there is no cluster 'wed'; did you mean 'web'?"},
      {filter(kTcpProxy, ", stat_prefix: s, cluster: web, max_connect_attempts: 0"),
       "[0].typed_config.max_connect_attempts: has to be 1 or more"},
      {filter(kTcpProxy, ", stat_prefix: s, cluster: web, idle_timeout: -1s"),
       "[0].typed_config.idle_timeout: may not be negative"},
      {filter(kTcpProxy, ", stat_prefix: s, weighted_clusters: {}"),
       "[0].typed_config.weighted_clusters: 'clusters' is missing or empty"},
      {filter(kTcpProxy, ", stat_prefix: s, weighted_clusters: {clusters: [{name: web}]}"),
       "[0].typed_config.weighted_clusters.clusters[0].weight: has to be 1 or more"},
      {filter(kTcpProxy,
              ", stat_prefix: s, weighted_clusters: {clusters: [{name: web, weight: 1}, {name: "
              "other, weight: 4294967295}]}"),
       "[0].typed_config.weighted_clusters.clusters[1].weight: the weights add up to more than "
       "4294967295"},
      {filter(kTcpProxy, ", stat_prefix: s, cluster: web, tunneling_config: {}"),
       "[0].typed_config.tunneling_config: unknown field; expected one of "
       "stat_prefix, cluster, weighted_clusters, access_log, max_connect_attempts, idle_timeout"},
      {filter(kTcpProxy, ", stat_prefix: s, cluster: web") + ", " + plugin("late"),
       "[0].typed_config: 'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy' has to be the "
       "last filter; none is reached after it"},
      {plugin("alone"),
       ": the last filter has to be "
       "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager or "
       "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"},
  };
  for (const auto& one : cases) EXPECT_EQ(error_of(one.filters), kFilters + one.error);
}

}  // namespace
}  // namespace weir::config
