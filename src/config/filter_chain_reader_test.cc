#include "config/bootstrap.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

const std::string kTcp =
    "filters: [{name: t, typed_config: {'@type': type.googleapis.com/"
    "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: s, cluster: web}}]";

// A bootstrap whose listener has these fields beside its address, and cluster `web` these more.
std::string text_of(const std::string& listener, const std::string& cluster = "") {
  return "static_resources:\n"
         "  listeners: [{name: main, address: {socket_address: {address: 127.0.0.1, port_value: "
         "80}}, " +
         listener +
         "}]\n"
         "  clusters: [{name: web, load_assignment: {endpoints: [{lb_endpoints: [{endpoint: "
         "{address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}" +
         cluster + "}]\n";
}

ServeSettings load(const std::string& listener, const std::string& cluster = "") {
  auto settings = load_bootstrap(text_of(listener, cluster), "f.yaml");
  EXPECT_TRUE(settings.ok()) << settings.error().message;
  return settings.ok() ? settings.value() : ServeSettings{};
}

std::string error_of(const std::string& listener) {
  auto settings = load_bootstrap(text_of(listener), "f.yaml");
  if (settings.ok()) return "no error";
  const std::string& message = settings.error().message;
  return message.substr(message.find(": ") + 2);
}

std::string tls_socket(const std::string& context) {
  return "transport_socket: {name: tls, typed_config: {'@type': type.googleapis.com/"
         "envoy.extensions.transport_sockets.tls.v3." +
         context + "}}";
}

TEST(FilterChainReaderTest, ReadsWhatChainsAreFor) {
  const auto settings = load(
      "filter_chains: [{name: a, filter_chain_match: {server_names: [A.test, '*.b.test'], "
      "transport_protocol: tls, application_protocols: [h2], destination_port: 443, "
      "prefix_ranges: [{address_prefix: 10.0.0.0, prefix_len: 8}], source_prefix_ranges: "
      "[{address_prefix: '::1', prefix_len: 128}], source_ports: [7]}, " +
      kTcp + "}], default_filter_chain: {" + kTcp + "}");
  const auto& chains = settings.listeners.at(0).chains;
  ASSERT_EQ(chains.size(), 2u);
  EXPECT_EQ(chains[0].name, "a");
  const FilterChainMatch expected{.destination_port = 443,
                                  .destinations = {{"10.0.0.0", 8}},
                                  .server_names = {"a.test", "*.b.test"},
                                  .transport_protocol = "tls",
                                  .application_protocols = {"h2"},
                                  .sources = {{"::1", 128}},
                                  .source_ports = {7}};
  EXPECT_EQ(chains[0].match, expected);
  EXPECT_FALSE(chains[0].is_default);
  EXPECT_TRUE(chains[1].is_default);
}

TEST(FilterChainReaderTest, TellsChainsApart) {
  EXPECT_EQ(error_of("filter_chains: [{" + kTcp + "}, {" + kTcp + "}]"),
            "static_resources.listeners[0].filter_chains[1]: another filter chain is for the same "
            "connections; tell them apart by filter_chain_match");
  EXPECT_EQ(error_of("filter_chains: [{name: a, " + kTcp +
                     "}, {name: a, filter_chain_match: "
                     "{transport_protocol: tls}, " +
                     kTcp + "}]"),
            "static_resources.listeners[0].filter_chains[1].name: there is another filter chain "
            "'a'");
  EXPECT_EQ(error_of("filter_chains: [{" + kTcp +
                     "}], default_filter_chain: {filter_chain_match: {}, " + kTcp + "}"),
            "static_resources.listeners[0].default_filter_chain.filter_chain_match: the default "
            "chain is for all connections that no other is for; leave it out");
}

TEST(FilterChainReaderTest, ReadsTlsTowardsClients) {
  const auto settings = load(
      "filter_chains: [{transport_socket_connect_timeout: 3s, " +
      tls_socket("DownstreamTlsContext, require_client_certificate: true, require_sni: true, "
                 "disable_stateless_session_resumption: true, common_tls_context: {tls_params: "
                 "{tls_minimum_protocol_version: TLSv1_3, cipher_suites: ['[A|B]', C], "
                 "ecdh_curves: [X25519, P-256]}, tls_certificates: [{certificate_chain: "
                 "{filename: a.crt}, private_key: {inline_string: key}, password: "
                 "{environment_variable: P}}], alpn_protocols: ['h2,http/1.1', x], "
                 "validation_context: {trusted_ca: {filename: ca.crt}, verify_certificate_hash: "
                 "['" +
                 std::string(63, 'A') +
                 ":B'], match_typed_subject_alt_names: [{san_type: "
                 "URI, matcher: {prefix: 'spiffe://'}}]}}") +
      ", " + kTcp + "}]");
  ASSERT_TRUE(settings.listeners.at(0).chains.at(0).tls);
  const Tls& tls = *settings.listeners[0].chains[0].tls;
  EXPECT_EQ(tls.min_version, TlsVersion::Tls13);
  EXPECT_EQ(tls.max_version, TlsVersion::Tls13);
  EXPECT_EQ(tls.ciphers, "A:B:C");
  EXPECT_EQ(tls.curves, "X25519:P-256");
  EXPECT_EQ(tls.alpn, (std::vector<std::string>{"h2", "http/1.1", "x"}));
  EXPECT_TRUE(tls.require_client_certificate);
  EXPECT_TRUE(tls.require_sni);
  EXPECT_FALSE(tls.session_tickets);
  EXPECT_EQ(tls.handshake_timeout, Milliseconds(3000));
  ASSERT_EQ(tls.certificates.size(), 1u);
  EXPECT_EQ(std::get<LocalFile>(tls.certificates[0].chain).path, "a.crt");
  ASSERT_TRUE(tls.validation);
  EXPECT_EQ(tls.validation->certificate_hashes.at(0), std::string(63, 'a') + "b");
  EXPECT_EQ(tls.validation->alt_names.at(0).kind, AltNameMatch::Kind::Uri);
  EXPECT_EQ(sources_of(tls).size(), 4u);
}

TEST(FilterChainReaderTest, AHandshakeThatThereIsNotHasNoTimeout) {
  EXPECT_EQ(error_of("filter_chains: [{transport_socket_connect_timeout: 1s, " + kTcp + "}]"),
            "static_resources.listeners[0].filter_chains[0].transport_socket_connect_timeout: "
            "there is no transport_socket, so no handshake to wait for");
}

TEST(FilterChainReaderTest, ReadsTlsTowardsUpstreams) {
  const auto settings =
      load("filter_chains: [{" + kTcp + "}]",
           ", " + tls_socket("UpstreamTlsContext, sni: a.test, max_session_keys: 0"));
  ASSERT_TRUE(settings.clusters.at(0).tls);
  EXPECT_EQ(settings.clusters[0].tls->sni, "a.test");
  EXPECT_FALSE(settings.clusters[0].tls->keep_session);
  EXPECT_FALSE(settings.clusters[0].tls->validation);
}

TEST(FilterChainReaderTest, WhereTlsStandsIsNoPartOfIt) {
  const auto one =
      load("filter_chains: [{" + kTcp + "}]", ", " + tls_socket("UpstreamTlsContext, sni: a.test"));
  const auto other = load("filter_chains: [{" + kTcp + "}]",
                          ",\n " + tls_socket("UpstreamTlsContext, sni: a.test"));
  EXPECT_NE(one.clusters[0].tls->where.text, other.clusters[0].tls->where.text);
  EXPECT_EQ(one.clusters[0], other.clusters[0]);
}

TEST(FilterChainReaderTest, ReadsListenerFilters) {
  const std::string filter =
      "{name: p, typed_config: {'@type': type.googleapis.com/"
      "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol}}";
  const auto with = [&](const std::string& filters) {
    return "listener_filters: [" + filters + "], filter_chains: [{" + kTcp + "}]";
  };
  EXPECT_EQ(load(with(filter)).listeners[0].proxy_protocol, Listener::ProxyProtocol::Required);
  EXPECT_EQ(load(with("")).listeners[0].proxy_protocol, Listener::ProxyProtocol::None);
  EXPECT_EQ(error_of(with(filter + ", " + filter)),
            "static_resources.listeners[0].listener_filters[1].typed_config: there is another "
            "filter of this kind");
}

TEST(FilterChainReaderTest, ReadsLimitsAndHealthChecks) {
  const auto settings = load(
      "filter_chains: [{" + kTcp + "}]",
      ", lb_policy: LEAST_REQUEST, least_request_lb_config: {choice_count: 4}, dns_refresh_rate: "
      "7s, common_lb_config: {healthy_panic_threshold: {value: 10}}, circuit_breakers: "
      "{thresholds: [{max_connections: 1, max_pending_requests: 2, max_requests: 3, max_retries: "
      "4}]}, health_checks: [{timeout: 1s, interval: 2s, unhealthy_threshold: 3, "
      "healthy_threshold: 4, http_health_check: {path: /h, expected_statuses: [{start: 200, end: "
      "300}]}}, {timeout: 1s, interval: 2s, unhealthy_interval: 9s, unhealthy_threshold: 1, "
      "healthy_threshold: 1, tcp_health_check: {send: {text: '50494E47'}, receive: [{text: "
      "'2b'}]}}]");
  const Cluster& cluster = settings.clusters.at(0);
  EXPECT_EQ(cluster.balancing, Cluster::Balancing::LeastRequest);
  EXPECT_EQ(cluster.choice_count, 4u);
  EXPECT_EQ(cluster.panic_threshold, 10);
  EXPECT_EQ(cluster.dns_refresh, Milliseconds(7000));
  EXPECT_EQ(cluster.limits, (CircuitBreakers{1, 2, 3, 4}));
  ASSERT_EQ(cluster.health_checks.size(), 2u);
  const auto& http = std::get<HttpHealthCheck>(cluster.health_checks[0].how);
  EXPECT_EQ(http.path, "/h");
  EXPECT_EQ(http.expected.at(0), std::pair(200u, 300u));
  EXPECT_EQ(cluster.health_checks[0].unhealthy_interval, Milliseconds(2000));
  const auto& tcp = std::get<TcpHealthCheck>(cluster.health_checks[1].how);
  EXPECT_EQ(tcp.send, "PING");
  EXPECT_EQ(tcp.receive, std::vector<std::string>{"+"});
  EXPECT_EQ(cluster.health_checks[1].unhealthy_interval, Milliseconds(9000));
}

TEST(FilterChainReaderTest, ReadsOutlierDetection) {
  const auto read = [](const std::string& fields) {
    return load("filter_chains: [{" + kTcp + "}]", ", outlier_detection: {" + fields + "}")
        .clusters.at(0)
        .outlier_detection.value();
  };
  EXPECT_EQ(read(""), OutlierDetection{});
  EXPECT_EQ(read("base_ejection_time: 400s").max_ejection_time, Milliseconds(400'000));
  OutlierDetection all{.server_errors = {1, 2},
                       .gateway_failures = {3, 4},
                       .split_local_origin = true,
                       .local_failures = {5, 6},
                       .interval = Milliseconds(7),
                       .base_ejection_time = Milliseconds(8),
                       .max_ejection_time = Milliseconds(9),
                       .max_jitter = Milliseconds(10),
                       .max_ejection_percent = 11,
                       .always_eject_one = true,
                       .success_rate = {12, 13, 14, 15, 16},
                       .failure_percentage = {17, 18, 19, 20, 21},
                       .health_check_ends_ejection = false};
  EXPECT_EQ(
      read("consecutive_5xx: 1, enforcing_consecutive_5xx: 2, consecutive_gateway_failure: 3, "
           "enforcing_consecutive_gateway_failure: 4, split_external_local_origin_errors: "
           "true, consecutive_local_origin_failure: 5, "
           "enforcing_consecutive_local_origin_failure: 6, interval: 0.007s, "
           "base_ejection_time: 0.008s, max_ejection_time: 0.009s, "
           "max_ejection_time_jitter: 0.010s, max_ejection_percent: 11, "
           "always_eject_one_host: true, success_rate_minimum_hosts: 12, "
           "success_rate_request_volume: 13, success_rate_stdev_factor: 14, "
           "enforcing_success_rate: 15, enforcing_local_origin_success_rate: 16, "
           "failure_percentage_threshold: 17, failure_percentage_minimum_hosts: 18, "
           "failure_percentage_request_volume: 19, enforcing_failure_percentage: 20, "
           "enforcing_failure_percentage_local_origin: 21, "
           "successful_active_health_check_uneject_host: false"),
      all);
}

}  // namespace
}  // namespace weir::config
