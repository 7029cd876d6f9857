// The messages are Envoy's on the wire. Field numbers are written out here a second time, as bytes,
// since a wrong number would read what it wrote itself.

#include <gtest/gtest.h>

#include <string>

#include "weir/envoy/accesslog.pb.h"
#include "weir/envoy/bootstrap.pb.h"
#include "weir/envoy/cluster.pb.h"
#include "weir/envoy/file_access_log.pb.h"
#include "weir/envoy/http_connection_manager.pb.h"
#include "weir/envoy/http_protocol_options.pb.h"
#include "weir/envoy/http_wasm.pb.h"
#include "weir/envoy/network_wasm.pb.h"
#include "weir/envoy/stream_access_log.pb.h"
#include "weir/envoy/tcp_proxy.pb.h"
#include "weir/envoy/wasm.pb.h"
#include "weir/envoy/wasm_access_log.pb.h"

namespace weir::config {
namespace {

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7f) | 0x80);
  return out + static_cast<char>(value);
}

std::string number(uint32_t field, uint64_t value) { return varint(field << 3) + varint(value); }

std::string bytes(uint32_t field, const std::string& content) {
  return varint(field << 3 | 2) + varint(content.size()) + content;
}

// That `wire` is an M, each field known, and comes out as it went in.
template <typename M>
M parse(const std::string& wire) {
  M message;
  EXPECT_TRUE(message.ParseFromString(wire));
  EXPECT_EQ(message.SerializeAsString(), wire);
  std::string again = message.SerializeAsString();
  message.DiscardUnknownFields();
  EXPECT_EQ(message.SerializeAsString(), again) << "a field number is not known";
  return message;
}

TEST(WireTest, ReadsAPlugin) {
  using envoy::extensions::wasm::v3::PluginConfig;
  std::string local = bytes(1, "a.wasm");
  std::string any = bytes(1, "type.googleapis.com/google.protobuf.StringValue") + bytes(2, "x");
  std::string variables = bytes(1, "HOME") + bytes(2, bytes(1, "K") + bytes(2, "V"));
  std::string capabilities = bytes(1, bytes(1, "proxy_log") + bytes(2, ""));
  std::string vm = bytes(1, "id") + bytes(2, "envoy.wasm.runtime.v8") + bytes(3, bytes(1, local)) +
                   bytes(4, any) + number(5, 1) + number(6, 1) + bytes(7, variables) +
                   bytes(8, capabilities);
  std::string backoff = bytes(1, number(1, 2)) + bytes(2, number(1, 20));
  auto plugin = parse<PluginConfig>(
      bytes(1, "name") + bytes(2, "root") + bytes(3, vm) + bytes(4, any) + number(5, 1) +
      bytes(6, capabilities) + number(7, 3) + bytes(8, bytes(1, backoff)) + bytes(9, number(1, 1)));
  EXPECT_EQ(plugin.name(), "name");
  EXPECT_EQ(plugin.root_id(), "root");
  EXPECT_EQ(plugin.failure_policy(), envoy::extensions::wasm::v3::FAIL_OPEN);
  EXPECT_TRUE(plugin.fail_open());
  EXPECT_EQ(plugin.reload_config().backoff().max_interval().seconds(), 20);
  EXPECT_TRUE(plugin.allow_on_headers_stop_iteration().value());
  EXPECT_TRUE(plugin.capability_restriction_config().allowed_capabilities().contains("proxy_log"));
  EXPECT_EQ(plugin.configuration().value(), "x");
  EXPECT_EQ(plugin.vm_config().vm_id(), "id");
  EXPECT_EQ(plugin.vm_config().runtime(), "envoy.wasm.runtime.v8");
  EXPECT_EQ(plugin.vm_config().code().local().filename(), "a.wasm");
  EXPECT_TRUE(plugin.vm_config().allow_precompiled());
  EXPECT_TRUE(plugin.vm_config().nack_on_code_cache_miss());
  EXPECT_EQ(plugin.vm_config().environment_variables().host_env_keys(0), "HOME");
  EXPECT_EQ(plugin.vm_config().environment_variables().key_values().at("K"), "V");
  EXPECT_TRUE(plugin.vm_config().capability_restriction_config().allowed_capabilities().contains(
      "proxy_log"));
}

TEST(WireTest, ReadsPluginsOfEveryPlace) {
  std::string config = bytes(1, bytes(1, "p"));
  EXPECT_EQ(parse<envoy::extensions::filters::http::wasm::v3::Wasm>(config).config().name(), "p");
  EXPECT_EQ(parse<envoy::extensions::filters::network::wasm::v3::Wasm>(config).config().name(),
            "p");
  EXPECT_EQ(
      parse<envoy::extensions::access_loggers::wasm::v3::WasmAccessLog>(config).config().name(),
      "p");
  auto service = parse<envoy::extensions::wasm::v3::WasmService>(config + number(2, 1));
  EXPECT_EQ(service.config().name(), "p");
  EXPECT_TRUE(service.singleton());
}

TEST(WireTest, ReadsSourcesOfBytes) {
  using namespace envoy::config::core::v3;
  EXPECT_EQ(parse<DataSource>(bytes(2, "b")).inline_bytes(), "b");
  EXPECT_EQ(parse<DataSource>(bytes(3, "s")).inline_string(), "s");
  EXPECT_EQ(parse<DataSource>(bytes(4, "E")).environment_variable(), "E");

  std::string uri = bytes(1, "http://a/b") + bytes(2, "c") + bytes(3, number(1, 5));
  std::string retry = bytes(1, bytes(1, number(1, 1))) + bytes(2, number(1, 4));
  auto source =
      parse<AsyncDataSource>(bytes(2, bytes(1, uri) + bytes(2, "hash") + bytes(3, retry)));
  EXPECT_EQ(source.remote().http_uri().uri(), "http://a/b");
  EXPECT_EQ(source.remote().http_uri().cluster(), "c");
  EXPECT_EQ(source.remote().http_uri().timeout().seconds(), 5);
  EXPECT_EQ(source.remote().sha256(), "hash");
  EXPECT_EQ(source.remote().retry_policy().num_retries().value(), 4u);
  EXPECT_EQ(source.remote().retry_policy().retry_back_off().base_interval().seconds(), 1);
}

TEST(WireTest, ReadsABootstrap) {
  using envoy::config::bootstrap::v3::Bootstrap;
  std::string address = bytes(1, bytes(2, "::1") + number(3, 80));
  std::string any = bytes(1, "u") + bytes(2, "v");
  std::string filter = bytes(1, "f") + bytes(4, any);
  std::string chain = bytes(3, filter) + bytes(7, "chain");
  std::string listener = bytes(1, "l") + bytes(2, address) + bytes(3, chain);
  std::string endpoints = bytes(1, "c") + bytes(2, bytes(2, bytes(1, bytes(1, address))));
  std::string cluster = bytes(1, "c") + number(2, 1) + bytes(4, number(1, 3)) +
                        bytes(33, endpoints) + bytes(36, bytes(1, "key") + bytes(2, any));
  auto bootstrap = parse<Bootstrap>(bytes(2, bytes(1, listener) + bytes(2, cluster)) +
                                    bytes(12, bytes(3, address)));
  EXPECT_EQ(bootstrap.admin().address().socket_address().port_value(), 80u);
  const auto& resources = bootstrap.static_resources();
  EXPECT_EQ(resources.listeners(0).name(), "l");
  EXPECT_EQ(resources.listeners(0).address().socket_address().address(), "::1");
  EXPECT_EQ(resources.listeners(0).filter_chains(0).name(), "chain");
  EXPECT_EQ(resources.listeners(0).filter_chains(0).filters(0).name(), "f");
  EXPECT_EQ(resources.listeners(0).filter_chains(0).filters(0).typed_config().type_url(), "u");
  const auto& read = resources.clusters(0);
  EXPECT_EQ(read.name(), "c");
  EXPECT_EQ(read.type(), envoy::config::cluster::v3::Cluster::STRICT_DNS);
  EXPECT_EQ(read.connect_timeout().seconds(), 3);
  EXPECT_EQ(read.load_assignment().cluster_name(), "c");
  const auto& endpoint = read.load_assignment().endpoints(0).lb_endpoints(0).endpoint();
  EXPECT_EQ(endpoint.address().socket_address().port_value(), 80u);
  EXPECT_EQ(read.typed_extension_protocol_options().at("key").value(), "v");
}

TEST(WireTest, ReadsAnHttpConnectionManager) {
  namespace manager = envoy::extensions::filters::network::http_connection_manager::v3;
  std::string match = bytes(1, "/p");
  std::string action = bytes(1, "c") + bytes(8, number(1, 7));
  std::string route = bytes(1, match) + bytes(2, action) + bytes(14, "r");
  std::string host = bytes(1, "h") + bytes(2, "*") + bytes(3, route);
  std::string filter = bytes(1, "f") + bytes(4, bytes(1, "u"));
  auto read = parse<manager::HttpConnectionManager>(number(1, 2) + bytes(2, "stats") +
                                                    bytes(4, bytes(1, "rc") + bytes(2, host)) +
                                                    bytes(5, filter));
  EXPECT_EQ(read.codec_type(), manager::HttpConnectionManager::HTTP2);
  EXPECT_EQ(read.stat_prefix(), "stats");
  EXPECT_EQ(read.http_filters(0).name(), "f");
  EXPECT_EQ(read.http_filters(0).typed_config().type_url(), "u");
  EXPECT_EQ(read.route_config().name(), "rc");
  const auto& virtual_host = read.route_config().virtual_hosts(0);
  EXPECT_EQ(virtual_host.name(), "h");
  EXPECT_EQ(virtual_host.domains(0), "*");
  EXPECT_EQ(virtual_host.routes(0).name(), "r");
  EXPECT_EQ(virtual_host.routes(0).match().prefix(), "/p");
  EXPECT_EQ(virtual_host.routes(0).route().cluster(), "c");
  EXPECT_EQ(virtual_host.routes(0).route().timeout().seconds(), 7);
  EXPECT_EQ(parse<envoy::config::route::v3::RouteMatch>(bytes(2, "/x")).path(), "/x");
}

TEST(WireTest, ReadsATcpProxy) {
  using envoy::extensions::filters::network::tcp_proxy::v3::TcpProxy;
  auto proxy = parse<TcpProxy>(bytes(1, "s") + bytes(2, "web") + bytes(7, number(1, 3)) +
                               bytes(8, number(1, 60)));
  EXPECT_EQ(proxy.stat_prefix(), "s");
  EXPECT_EQ(proxy.cluster(), "web");
  EXPECT_EQ(proxy.max_connect_attempts().value(), 3u);
  EXPECT_EQ(proxy.idle_timeout().seconds(), 60);

  auto weighted =
      parse<TcpProxy>(bytes(1, "s") + bytes(10, bytes(1, bytes(1, "web") + number(2, 9))));
  EXPECT_EQ(weighted.weighted_clusters().clusters(0).name(), "web");
  EXPECT_EQ(weighted.weighted_clusters().clusters(0).weight(), 9u);
}

TEST(WireTest, ReadsAccessLogs) {
  using envoy::config::accesslog::v3::AccessLog;
  const std::string comparison = bytes(1, number(1, 1) + bytes(2, number(2, 500) + bytes(3, "k")));
  const std::string any = bytes(1, "type.googleapis.com/x");
  auto log = parse<AccessLog>(bytes(1, "n") + bytes(2, bytes(1, comparison)) + bytes(4, any));
  EXPECT_EQ(log.filter().status_code_filter().comparison().value().default_value(), 500u);
  const auto filter = [](uint32_t field, const std::string& content) {
    return parse<AccessLog>(bytes(2, bytes(field, content))).filter();
  };
  EXPECT_TRUE(filter(2, comparison).has_duration_filter());
  EXPECT_TRUE(filter(3, "").has_not_health_check_filter());
  EXPECT_TRUE(filter(6, "").has_and_filter());
  EXPECT_TRUE(filter(7, "").has_or_filter());
  const std::string matcher =
      bytes(1, "a") + number(8, 1) + bytes(13, bytes(1, "x") + number(6, 1));
  EXPECT_EQ(filter(8, bytes(1, matcher)).header_filter().header().string_match().exact(), "x");
  EXPECT_EQ(filter(9, bytes(1, "UF")).response_flag_filter().flags(0), "UF");
  EXPECT_TRUE(filter(10, bytes(1, varint(5)) + number(2, 1)).grpc_status_filter().exclude());
}

TEST(WireTest, ReadsFilesOfAccessLogs) {
  using envoy::extensions::access_loggers::file::v3::FileAccessLog;
  using envoy::extensions::access_loggers::stream::v3::StdoutAccessLog;
  const std::string format = number(3, 1) + bytes(5, bytes(3, "x"));
  auto file = parse<FileAccessLog>(bytes(1, "a") + bytes(5, format));
  EXPECT_EQ(file.log_format().text_format_source().inline_string(), "x");
  EXPECT_EQ(parse<FileAccessLog>(bytes(1, "a") + bytes(2, "f")).format(), "f");
  EXPECT_TRUE(parse<FileAccessLog>(bytes(1, "a") + bytes(3, "")).has_json_format());
  EXPECT_TRUE(parse<FileAccessLog>(bytes(1, "a") + bytes(4, "")).has_typed_json_format());
  EXPECT_EQ(parse<StdoutAccessLog>(bytes(1, bytes(1, "x"))).log_format().text_format(), "x");
}

TEST(WireTest, ReadsExtensionsOfTheProcess) {
  using envoy::config::bootstrap::v3::Bootstrap;
  auto bootstrap = parse<Bootstrap>(
      bytes(21, bytes(1, "n") + bytes(2, bytes(1, "type.googleapis.com/x") + bytes(2, "y"))));
  EXPECT_EQ(bootstrap.bootstrap_extensions(0).name(), "n");
  EXPECT_EQ(bootstrap.bootstrap_extensions(0).typed_config().value(), "y");
}

TEST(WireTest, ReadsProtocolsOfClusters) {
  using envoy::extensions::upstreams::http::v3::HttpProtocolOptions;
  auto one = parse<HttpProtocolOptions>(bytes(3, bytes(1, "")));
  EXPECT_TRUE(one.explicit_http_config().has_http_protocol_options());
  auto two = parse<HttpProtocolOptions>(bytes(3, bytes(2, "")));
  EXPECT_TRUE(two.explicit_http_config().has_http2_protocol_options());
}

}  // namespace
}  // namespace weir::config
