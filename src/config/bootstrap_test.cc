#include "config/bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace weir::config {
namespace {

// A bootstrap in pieces, so that a test says only what it is about.
struct Pieces {
  std::string listeners = "";
  std::string address = "127.0.0.1";
  std::string manager =
      "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
  std::string filters = router();
  std::string hosts =
      "{name: all, domains: ['*'], routes: [{match: {prefix: /}, route: {cluster: web}}]}";
  std::string clusters = cluster("web");

  static std::string filter(const std::string& type, const std::string& fields = "") {
    return "{name: f, typed_config: {'@type': type.googleapis.com/" + type + fields + "}}";
  }
  static std::string router() { return filter("envoy.extensions.filters.http.router.v3.Router"); }
  static std::string wasm(const std::string& name) {
    return filter("envoy.extensions.filters.http.wasm.v3.Wasm",
                  ", config: {name: " + name + ", vm_config: {code: {local: {filename: a}}}}");
  }
  static std::string cluster(const std::string& name, const std::string& fields = "",
                             const std::string& host = "10.0.0.1") {
    return "{name: " + name + fields +
           ", load_assignment: {endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: "
           "{address: '" +
           host + "', port_value: 80}}}}]}]}}";
  }
  std::string listener(const std::string& name, int port = 80) const {
    return "{name: '" + name + "', address: {socket_address: {address: '" + address +
           "', port_value: " + std::to_string(port) +
           "}}, filter_chains: [{filters: [{name: h, typed_config: {'@type': type.googleapis.com/" +
           manager + ", stat_prefix: s, codec_type: HTTP1, route_config: {virtual_hosts: [" +
           hosts + "]}, http_filters: [" + filters + "]}}]}]}";
  }
  std::string text() const {
    std::string all = listeners.empty() ? listener("main") : listeners;
    return "static_resources:\n  listeners: [" + all + "]\n  clusters: [" + clusters + "]\n";
  }
};

ServeSettings load(const std::string& text) {
  auto settings = load_bootstrap(text, "f.yaml");
  EXPECT_TRUE(settings.ok()) << settings.error().message << "\n" << text;
  return settings.ok() ? settings.value() : ServeSettings{};
}

// The error without file, line and column, which a line of the pieces says nothing about.
std::string error_of(const Pieces& pieces) {
  auto settings = load_bootstrap(pieces.text(), "f.yaml");
  if (settings.ok()) return "no error";
  const std::string& message = settings.error().message;
  return message.substr(message.find(": ") + 2);
}

constexpr const char* kManager =
    "static_resources.listeners[0].filter_chains[0].filters[0].typed_config";

TEST(BootstrapTest, ReadsAListenerWithItsRoutes) {
  Pieces pieces;
  pieces.filters = Pieces::wasm("one") + ", " + Pieces::wasm("two") + ", " + Pieces::router();
  pieces.hosts =
      "{name: api, domains: [API.example.com, '*.example.org'], routes: ["
      "{match: {path: /exact}, route: {cluster: web, timeout: 0s}}, "
      "{match: {prefix: /api/}, route: {cluster: web, timeout: 2.5s}}]}, {name: all, domains: "
      "['*']}";
  ServeSettings settings = load(pieces.text());
  ASSERT_EQ(settings.listeners.size(), 1u);
  const Listener& listener = settings.listeners[0];
  EXPECT_EQ(listener.name, "main");
  EXPECT_EQ(listener.address, (SocketAddress{"127.0.0.1", 80}));
  EXPECT_EQ(listener.chains[0].codec, FilterChain::Codec::Http1);
  ASSERT_EQ(listener.chains[0].plugins.size(), 2u);
  EXPECT_EQ(listener.chains[0].plugins[0].name, "one");
  EXPECT_EQ(listener.chains[0].plugins[1].name, "two");
  ASSERT_EQ(listener.chains[0].routes.virtual_hosts.size(), 2u);
  const VirtualHost& host = listener.chains[0].routes.virtual_hosts[0];
  EXPECT_EQ(host.name, "api");
  EXPECT_EQ(host.domains, (std::vector<std::string>{"api.example.com", "*.example.org"}));
  ASSERT_EQ(host.routes.size(), 2u);
  EXPECT_EQ(host.routes[0].match.path.kind, PathMatch::Kind::Path);
  EXPECT_EQ(host.routes[0].match.path.text, "/exact");
  EXPECT_EQ(std::get<Forward>(host.routes[0].action).timeout, Milliseconds(0));
  EXPECT_EQ(host.routes[1].match.path.kind, PathMatch::Kind::Prefix);
  EXPECT_EQ(std::get<Forward>(host.routes[1].action).timeout, Milliseconds(2500));
  EXPECT_FALSE(settings.admin);
}

TEST(BootstrapTest, GivesRoutesFifteenSeconds) {
  const ServeSettings settings = load(Pieces().text());
  const Route& route = settings.listeners[0].chains[0].routes.virtual_hosts[0].routes[0];
  EXPECT_EQ(std::get<Forward>(route.action).timeout, Milliseconds(15'000));
}

TEST(BootstrapTest, NamesAListenerByItsAddress) {
  Pieces pieces;
  pieces.address = "::1";
  pieces.listeners = pieces.listener("");
  EXPECT_EQ(load(pieces.text()).listeners[0].name, "[::1]:80");
}

TEST(BootstrapTest, ReadsClusters) {
  Pieces pieces;
  pieces.clusters =
      Pieces::cluster("web") + ", " +
      Pieces::cluster(
          "dns",
          ", type: STRICT_DNS, connect_timeout: 0.25s, typed_extension_protocol_options: "
          "{envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {'@type': "
          "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions, "
          "explicit_http_config: {http2_protocol_options: {}}}}",
          "web.local");
  ServeSettings settings = load(pieces.text());
  const Cluster* web = settings.find_cluster("web");
  ASSERT_NE(web, nullptr);
  EXPECT_EQ(web->discovery, Cluster::Discovery::Static);
  EXPECT_EQ(web->endpoints, (std::vector<SocketAddress>{{"10.0.0.1", 80}}));
  EXPECT_EQ(web->connect_timeout, Milliseconds(5000));
  EXPECT_FALSE(web->http2);
  const Cluster* dns = settings.find_cluster("dns");
  ASSERT_NE(dns, nullptr);
  EXPECT_EQ(dns->discovery, Cluster::Discovery::StrictDns);
  EXPECT_EQ(dns->endpoints[0].host, "web.local");
  EXPECT_EQ(dns->connect_timeout, Milliseconds(250));
  EXPECT_TRUE(dns->http2);
  EXPECT_EQ(settings.find_cluster("none"), nullptr);
}

TEST(BootstrapTest, ReadsTheAdminAddress) {
  auto text =
      Pieces().text() + "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}";
  EXPECT_EQ(load(text).admin, (SocketAddress{"127.0.0.1", 0}));
}

TEST(BootstrapTest, ReadsPluginOptionsInPlaceOfWasm) {
  Pieces pieces;
  pieces.filters = Pieces::filter("weir.v1.PluginOptions",
                                  ", plugin: {name: n, vm_config: {code: {local: {filename: a}}}}, "
                                  "limits: {call_cpu_time: 0.02s}") +
                   ", " + Pieces::router();
  EXPECT_EQ(load(pieces.text()).listeners[0].chains[0].plugins[0].vm.limits.call_cpu_time,
            Milliseconds(20));
}

TEST(BootstrapTest, SaysOnWhichLineAReferenceIsWrong) {
  auto settings = load_bootstrap(R"(static_resources:
  clusters: []
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 80}}
    filter_chains:
    - filters:
      - name: h
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: s
          http_filters: [{name: r, typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}]
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes:
              - match: {prefix: /}
                route:
                  cluster: web
)",
                                 "envoy.yaml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(
      settings.error().message,
      "envoy.yaml:19:19: " + std::string(kManager) +
          ".route_config.virtual_hosts[0].routes[0].route.cluster: there is no cluster 'web'; "
          "static_resources.clusters is empty");
}

constexpr std::string_view kUpstreamOptions =
    "typed_extension_protocol_options['envoy.extensions.upstreams.http.v3.HttpProtocolOptions']";

// A cluster's fields with these filters.
std::string upstream_filters(const std::string& filters) {
  return ", typed_extension_protocol_options: {envoy.extensions.upstreams.http.v3."
         "HttpProtocolOptions: {'@type': type.googleapis.com/envoy.extensions.upstreams.http.v3."
         "HttpProtocolOptions, explicit_http_config: {http2_protocol_options: {}}, http_filters: "
         "[" +
         filters + "]}}";
}

std::string upstream_codec() {
  return Pieces::filter("envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec", "");
}

TEST(BootstrapTest, ReadsThePluginsOfClusters) {
  Pieces pieces;
  pieces.clusters =
      Pieces::cluster("web", upstream_filters(Pieces::wasm("one") + ", " + upstream_codec()));
  const ServeSettings settings = load(pieces.text());
  ASSERT_EQ(settings.clusters[0].plugins.list.size(), 1u);
  EXPECT_EQ(settings.clusters[0].plugins.list[0].name, "one");
  EXPECT_TRUE(settings.clusters[0].http2);
}

TEST(BootstrapTest, RefusesFiltersOfClustersThatCannotServe) {
  Pieces pieces;
  const std::string at = "static_resources.clusters[0]." + std::string(kUpstreamOptions);
  pieces.clusters = Pieces::cluster("web", upstream_filters(Pieces::wasm("one")));
  EXPECT_EQ(error_of(pieces), at + ".http_filters: the last filter has to be the upstream codec, "
                                   "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec");
  pieces.clusters =
      Pieces::cluster("web", upstream_filters(Pieces::router() + ", " + upstream_codec()));
  EXPECT_THAT(error_of(pieces),
              ::testing::HasSubstr(at + ".http_filters[0].typed_config: "
                                        "'envoy.extensions.filters.http.router.v3.Router' is no "
                                        "HTTP filter"));
}

// As `envoy --mode validate` takes them.
TEST(BootstrapTest, ReadsTypesThatAreKnownByTheirNameAlone) {
  const auto filter = [](const std::string& type, const std::string& url, const char* key) {
    return "{name: one, typed_config: {'@type': type.googleapis.com/" + type + ", " + key + ": " +
           url + ", value: {config: {name: one, vm_config: {code: {local: {filename: a}}}}}}}, " +
           Pieces::router();
  };
  const std::string wasm = "envoy.extensions.filters.http.wasm.v3.Wasm";
  for (const std::string& filters :
       {filter("udpa.type.v1.TypedStruct", "type.googleapis.com/" + wasm, "type_url"),
        filter("xds.type.v3.TypedStruct", "type.googleapis.com/" + wasm, "typeUrl"),
        filter("xds.type.v3.TypedStruct", wasm, "type_url")}) {
    Pieces pieces;
    pieces.filters = filters;
    EXPECT_EQ(load(pieces.text()).listeners[0].chains[0].plugins[0].name, "one");
  }
  Pieces unknown;
  unknown.filters = filter("xds.type.v3.TypedStruct", "a.B", "type_url");
  EXPECT_THAT(error_of(unknown), ::testing::HasSubstr("unknown type 'a.B'"));
}

TEST(BootstrapTest, RefusesFilterChainsThatCannotServe) {
  Pieces none;
  none.filters = Pieces::wasm("one");
  EXPECT_EQ(error_of(none), std::string(kManager) +
                                ".http_filters: the last filter has to be the router, "
                                "envoy.extensions.filters.http.router.v3.Router");
  Pieces early;
  early.filters = Pieces::router() + ", " + Pieces::wasm("one");
  EXPECT_EQ(error_of(early), std::string(kManager) +
                                 ".http_filters[0]: the router has to be the last filter; none is "
                                 "reached after it");
  Pieces other;
  other.filters = Pieces::filter("google.protobuf.Empty", "") + ", " + Pieces::router();
  EXPECT_EQ(
      error_of(other),
      std::string(kManager) +
          ".http_filters[0].typed_config: 'google.protobuf.Empty' is no HTTP filter; expected "
          "one of envoy.extensions.filters.http.wasm.v3.Wasm, weir.v1.PluginOptions, "
          "envoy.extensions.filters.http.router.v3.Router");
  Pieces network;
  network.listeners =
      "{address: {socket_address: {address: 127.0.0.1, port_value: 80}}, filter_chains: [{filters: "
      "[{name: h, typed_config: {'@type': type.googleapis.com/google.protobuf.Empty}}]}]}";
  EXPECT_EQ(
      error_of(network),
      std::string(kManager) +
          ": 'google.protobuf.Empty' is no filter of connections; expected one of "
          "envoy.extensions.filters.network.wasm.v3.Wasm, weir.v1.PluginOptions, "
          "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, "
          "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager");
}

TEST(BootstrapTest, RefusesRoutesThatCannotMatch) {
  auto with_hosts = [](const std::string& hosts) {
    Pieces pieces;
    pieces.hosts = hosts;
    std::string error = error_of(pieces);
    std::string at = std::string(kManager) + ".route_config.virtual_hosts";
    EXPECT_TRUE(error.starts_with(at)) << error;
    return error.substr(std::min(at.size(), error.size()));
  };
  EXPECT_EQ(with_hosts("{name: a, domains: [x]}, {name: a, domains: [y]}"),
            "[1].name: there is another virtual host 'a'");
  EXPECT_EQ(with_hosts("{name: a, domains: [x]}, {name: b, domains: [X]}"),
            "[1].domains[0]: 'x' is given twice; a domain has one virtual host");
  EXPECT_EQ(with_hosts("{name: a, domains: [a.*.b]}"),
            "[0].domains[0]: 'a.*.b' has '*' in the middle; it stands first or last, once");
  EXPECT_EQ(with_hosts("{name: a, domains: ['*.a.*']}"),
            "[0].domains[0]: '*.a.*' has '*' in the middle; it stands first or last, once");
  EXPECT_EQ(with_hosts("{name: a, domains: ['']}"), "[0].domains[0]: empty; '*' serves all");
  EXPECT_EQ(with_hosts(
                "{name: a, domains: [x], routes: [{match: {prefix: api}, route: {cluster: web}}]}"),
            "[0].routes[0].match.prefix: has to start with '/'");
  EXPECT_EQ(
      with_hosts(
          "{name: a, domains: [x], routes: [{match: {path: '/a?b'}, route: {cluster: web}}]}"),
      "[0].routes[0].match.path: has '?' or '#'; only the path before a query is compared");
  EXPECT_EQ(
      with_hosts("{name: a, domains: [x], routes: [{match: {path: /a}, route: {cluster: wab}}]}"),
      "[0].routes[0].route.cluster: there is no cluster 'wab'; did you mean 'web'?");
}

TEST(BootstrapTest, RefusesListenersThatClash) {
  Pieces names;
  names.listeners = names.listener("a", 80) + ", " + names.listener("a", 81);
  EXPECT_EQ(error_of(names), "static_resources.listeners[1].name: there is another listener 'a'");
  Pieces addresses;
  addresses.listeners = addresses.listener("a", 80) + ", " + addresses.listener("b", 80);
  EXPECT_THAT(error_of(addresses),
              ::testing::MatchesRegex(
                  "static_resources.listeners.1..address: another listener has 127.0.0.1:80 "
                  ".f.yaml:2:[0-9]+: static_resources.listeners.0..address.; take another port, or "
                  "another address"));
  Pieces any_port;
  any_port.listeners = any_port.listener("a", 0) + ", " + any_port.listener("b", 0);
  EXPECT_EQ(error_of(any_port), "no error");
}

// `weir check` passed, and `weir serve` said to end what listens there, which was itself.
TEST(BootstrapTest, RefusesAnAdminPortInTheListenersPlace) {
  const auto of = [](const std::string& listener, const std::string& admin, int port = 80) {
    Pieces pieces;
    pieces.address = listener;
    const auto settings =
        load_bootstrap(pieces.text() + "admin: {address: {socket_address: {address: '" + admin +
                           "', port_value: " + std::to_string(port) + "}}}\n",
                       "f.yaml");
    return settings.ok() ? "" : settings.error().message;
  };
  EXPECT_THAT(
      of("127.0.0.1", "127.0.0.1"),
      ::testing::MatchesRegex(
          "f.yaml:4:[0-9]+: admin.address: the admin port 127.0.0.1:80 is in the place of "
          "the listener 127.0.0.1:80 .f.yaml:2:[0-9]+: static_resources.listeners.0..address"
          ".; take another port, or another address"));
  for (const auto& [listener, admin] :
       std::vector<std::pair<std::string, std::string>>{{"0.0.0.0", "127.0.0.1"},
                                                        {"127.0.0.1", "0.0.0.0"},
                                                        {"::", "127.0.0.1"},
                                                        {"::1", "0:0:0:0:0:0:0:1"},
                                                        {"::", "::1"}}) {
    EXPECT_THAT(of(listener, admin), ::testing::HasSubstr("is in the place of")) << listener;
  }
  EXPECT_EQ(of("127.0.0.1", "127.0.0.1", 81), "");
  EXPECT_EQ(of("127.0.0.1", "127.0.0.2"), "");
  EXPECT_EQ(of("::1", "0.0.0.0"), "");
}

TEST(BootstrapTest, RefusesAddressesThatCannotBe) {
  Pieces name;
  name.address = "localhost";
  EXPECT_EQ(
      error_of(name),
      "static_resources.listeners[0].address.socket_address.address: 'localhost' is not an IP "
      "address");
  Pieces udp;
  udp.address = "127.0.0.1', protocol: 'UDP";
  EXPECT_EQ(error_of(udp),
            "static_resources.listeners[0].address.socket_address.protocol: only TCP is served");
}

TEST(BootstrapTest, RefusesClustersThatCannotBeReached) {
  auto with_clusters = [](const std::string& clusters) {
    Pieces pieces;
    pieces.clusters = clusters;
    return error_of(pieces);
  };
  const std::string endpoint =
      "static_resources.clusters[0].load_assignment.endpoints[0].lb_endpoints[0].endpoint.address";
  EXPECT_EQ(with_clusters(Pieces::cluster("web") + ", " + Pieces::cluster("web")),
            "static_resources.clusters[1].name: there is another cluster 'web'");
  EXPECT_EQ(with_clusters(Pieces::cluster("web", "", "web.local")),
            endpoint +
                ".socket_address.address: 'web.local' is not an IP address; a cluster of type "
                "STRICT_DNS resolves names");
  EXPECT_EQ(
      with_clusters(Pieces::cluster("web",
                                    ", typed_extension_protocol_options: {x: {'@type': "
                                    "type.googleapis.com/google.protobuf.Empty}}")),
      "static_resources.clusters[0].typed_extension_protocol_options['x']: unknown key; expected "
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  EXPECT_EQ(
      with_clusters(
          Pieces::cluster("web",
                          ", typed_extension_protocol_options: "
                          "{envoy.extensions.upstreams.http.v3.HttpProtocolOptions: {'@type': "
                          "type.googleapis.com/google.protobuf.Empty}}")),
      "static_resources.clusters[0].typed_extension_protocol_options['envoy.extensions.upstreams."
      "http.v3.HttpProtocolOptions']: expected a message of type "
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions, got 'google.protobuf.Empty'");

  std::string any_port = Pieces::cluster("web");
  any_port.replace(any_port.find("port_value: 80"), 14, "port_value: 0");
  EXPECT_EQ(with_clusters(any_port),
            endpoint + ".socket_address.port_value: nobody can be reached at port 0");

  std::string item =
      "{lb_endpoints: [{endpoint: {address: {socket_address: {address: a, port_value: 1}}}}]}";
  EXPECT_EQ(
      with_clusters("{name: web, type: LOGICAL_DNS, load_assignment: {endpoints: [" + item + ", " +
                    item + "]}}"),
      "static_resources.clusters[0].load_assignment.endpoints[1].lb_endpoints[0].endpoint.address: "
      "a cluster of type LOGICAL_DNS has one endpoint");
}

TEST(BootstrapTest, ReadsTheExampleOfItsDocumentation) {
  std::ifstream in(WEIR_DOCS "/configuration.md");
  std::string page(std::istreambuf_iterator<char>(in), {});
  const std::string fence = "```yaml\n";
  size_t start = page.find(fence + "static_resources:");
  ASSERT_NE(start, std::string::npos);
  start += fence.size();
  ServeSettings settings = load(page.substr(start, page.find("```", start) - start));
  ASSERT_EQ(settings.listeners.size(), 1u);
  EXPECT_EQ(settings.listeners[0].chains[0].plugins.size(), 2u);
  EXPECT_TRUE(settings.admin);
}

}  // namespace
}  // namespace weir::config
