// What files say of HTTP/2 and of connections.

#include <gtest/gtest.h>

#include <string>

#include "config/bootstrap.h"

namespace weir::config {
namespace {

// A listener whose manager says this, and a cluster whose protocol options say that.
std::string file(const std::string& manager, const std::string& protocol) {
  return R"(
static_resources:
  listeners:
  - address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: a
          route_config: {virtual_hosts: [{name: all, domains: ["*"]}]}
          http_filters:
          - name: router
            typed_config: {"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}
)" + manager +
         R"(
  clusters:
  - name: web
    load_assignment:
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 1}}}}]}]
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
)" + protocol;
}

std::string manager(const std::string& line) { return "          " + line + "\n"; }
std::string protocol(const std::string& http2, const std::string& more = "") {
  return "        explicit_http_config: {http2_protocol_options: " + http2 + "}\n" +
         (more.empty() ? "" : "        " + more + "\n");
}

ServeSettings load(const std::string& text) {
  auto loaded = load_bootstrap(text, "f.yaml");
  EXPECT_TRUE(loaded.ok()) << loaded.error().message;
  return loaded.ok() ? std::move(loaded).value() : ServeSettings();
}

std::string error_of(const std::string& text) {
  const auto loaded = load_bootstrap(text, "f.yaml");
  return loaded.ok() ? "no error" : loaded.error().message;
}

TEST(Http2OptionsTest, HaveDefaults) {
  const ServeSettings settings = load(file("", protocol("{}")));
  EXPECT_EQ(settings.listeners[0].chains[0].http2_options, Http2Options());
  EXPECT_EQ(settings.listeners[0].chains[0].limits, ConnectionLimits());
  EXPECT_EQ(settings.clusters[0].http2_options, Http2Options());
  EXPECT_TRUE(settings.clusters[0].http2);
}

TEST(Http2OptionsTest, AreReadOnBothSides) {
  const std::string options =
      "{hpack_table_size: 0, max_concurrent_streams: 7, initial_stream_window_size: 65535, "
      "initial_connection_window_size: 70000, allow_metadata: true, "
      "max_outbound_frames: 8, max_outbound_control_frames: 9, "
      "max_consecutive_inbound_frames_with_empty_payload: 10, "
      "max_inbound_priority_frames_per_stream: 11, "
      "max_inbound_window_update_frames_per_data_frame_sent: 12, max_metadata_size: 13, "
      "stream_reset_burst: 14, stream_reset_rate: 15, "
      "override_stream_error_on_invalid_http_message: false, "
      "connection_keepalive: {interval: 2s, timeout: 0.5s, interval_jitter: {value: 20}}}";
  const Http2Options expected{.hpack_table_bytes = 0,
                              .max_concurrent_streams = 7,
                              .stream_window_bytes = 65'535,
                              .connection_window_bytes = 70'000,
                              .allow_metadata = true,
                              .max_metadata_bytes = 13,
                              .max_outbound_frames = 8,
                              .max_outbound_control_frames = 9,
                              .max_consecutive_empty_frames = 10,
                              .max_priority_frames_per_stream = 11,
                              .max_window_updates_per_data_frame = 12,
                              .stream_reset_burst = 14,
                              .stream_reset_rate = 15,
                              .stream_error_on_invalid_message = false,
                              .keepalive_interval = Milliseconds(2'000),
                              .keepalive_timeout = Milliseconds(500),
                              .keepalive_jitter = 20};
  const ServeSettings settings =
      load(file(manager("http2_protocol_options: " + options), protocol(options)));
  EXPECT_EQ(settings.listeners[0].chains[0].http2_options, expected);
  EXPECT_EQ(settings.clusters[0].http2_options, expected);
}

TEST(Http2OptionsTest, TheManagersWordCountsWhereTheProtocolSaysNothing) {
  const auto is_of_the_stream = [](const std::string& text) {
    const ServeSettings settings = load(file(text, protocol("{}")));
    return settings.listeners[0].chains[0].http2_options.stream_error_on_invalid_message;
  };
  const std::string word = manager("stream_error_on_invalid_http_message: false");
  EXPECT_FALSE(is_of_the_stream(word));
  EXPECT_TRUE(is_of_the_stream(
      word +
      manager("http2_protocol_options: {override_stream_error_on_invalid_http_message: true}")));
  EXPECT_TRUE(is_of_the_stream(
      manager("http2_protocol_options: {stream_error_on_invalid_http_messaging: true}")));
}

TEST(Http2OptionsTest, ConnectionsHaveLimits) {
  const ServeSettings settings =
      load(file(manager("common_http_protocol_options: {max_connection_duration: 60s, "
                        "max_stream_duration: 5s, max_requests_per_connection: 100}"),
                protocol("{}", "common_http_protocol_options: {max_requests_per_connection: 3}")));
  const ConnectionLimits expected{.max_requests = 100,
                                  .max_duration = Milliseconds(60'000),
                                  .max_stream_duration = Milliseconds(5'000)};
  EXPECT_EQ(settings.listeners[0].chains[0].limits, expected);
  EXPECT_EQ(settings.clusters[0].connection_limits, ConnectionLimits{.max_requests = 3});
}

TEST(Http2OptionsTest, RequestsHaveLimits) {
  const RequestLimits usual = load(file("", protocol("{}"))).listeners[0].chains[0].requests;
  EXPECT_EQ(usual.stream_idle, Milliseconds(300'000));
  EXPECT_EQ(usual.head, Milliseconds(15'000));
  const ServeSettings settings = load(file(
      manager("common_http_protocol_options: {idle_timeout: 0s, max_headers_count: 7, "
              "headers_with_underscores_action: DROP_HEADER}") +
          manager("stream_idle_timeout: 1s") + manager("request_timeout: 2s") +
          manager("request_headers_timeout: 3s") + manager("max_request_headers_kb: 8"),
      protocol("{}", "common_http_protocol_options: {idle_timeout: 4s, max_headers_count: 9}")));
  const FilterChain& chain = settings.listeners[0].chains[0];
  EXPECT_EQ(chain.limits.idle_timeout, Milliseconds(0));
  EXPECT_EQ(chain.requests.stream_idle, Milliseconds(1'000));
  EXPECT_EQ(chain.requests.duration, Milliseconds(2'000));
  EXPECT_EQ(chain.requests.head, Milliseconds(3'000));
  EXPECT_EQ(chain.requests.max_header_bytes, 8'192U);
  EXPECT_EQ(chain.requests.max_headers, 7U);
  EXPECT_EQ(chain.requests.underscores, RequestLimits::Underscores::Drop);
  const ConnectionLimits expected{.idle_timeout = Milliseconds(4'000), .max_headers = 9};
  EXPECT_EQ(settings.clusters[0].connection_limits, expected);
}

TEST(Http2OptionsTest, LimitsThatCannotBeAreErrors) {
  const auto error_with = [](const std::string& line) {
    return error_of(file(manager(line), protocol("{}")));
  };
  EXPECT_NE(error_with("max_request_headers_kb: 8193")
                .find("max_request_headers_kb: expected a number from 1 to 8192"),
            std::string::npos);
  EXPECT_NE(error_with("common_http_protocol_options: {max_headers_count: 0}")
                .find("max_headers_count: expected a number from 1 to 65536"),
            std::string::npos);
  EXPECT_NE(error_of(file("", protocol("{}",
                                       "common_http_protocol_options: "
                                       "{headers_with_underscores_action: REJECT_REQUEST}")))
                .find("headers_with_underscores_action: is for listeners"),
            std::string::npos);
}

TEST(Http2OptionsTest, WhatCannotBeIsAnErrorWithItsPlace) {
  const struct {
    std::string options;
    std::string error;
  } cases[] = {
      {"{max_concurrent_streams: 0}",
       "max_concurrent_streams: expected a number from 1 to 2147483647"},
      {"{initial_stream_window_size: 65534}",
       "initial_stream_window_size: expected a number from 65535 to 2147483647"},
      {"{max_outbound_frames: 0}", "max_outbound_frames: expected a number from 1 to 4294967295"},
      {"{max_metadata_size: 16777217}", "max_metadata_size: expected a number from 1 to 16777216"},
      {"{stream_reset_burst: 0}", "stream_reset_burst: has to be 1 or more"},
      {"{connection_keepalive: {interval: 1s}}",
       "connection_keepalive: 'timeout' is missing; say how long to wait for an answer"},
      {"{connection_keepalive: {timeout: 0s}}",
       "connection_keepalive.timeout: has to be 0.001s or longer"},
      {"{connection_keepalive: {timeout: 1s, interval_jitter: {value: 101}}}",
       "connection_keepalive.interval_jitter.value: expected a number from 0 to 100"},
  };
  for (const auto& one : cases) {
    const std::string error =
        error_of(file(manager("http2_protocol_options: " + one.options), protocol("{}")));
    EXPECT_NE(error.find("http2_protocol_options." + one.error), std::string::npos) << error;
  }
  EXPECT_EQ(
      error_of(file(manager("http2_protocol_options: {allow_connect: true}"), protocol("{}"))),
      "no error");
  EXPECT_EQ(error_of(file("", protocol("{allow_connect: true}"))), "no error");
  const auto named = [](const std::string& options) {
    return error_of(file("", protocol("{}", "upstream_http_protocol_options: {" + options + "}")));
  };
  EXPECT_NE(named("auto_sni: true").find("auto_sni: the cluster has no transport_socket"),
            std::string::npos);
  EXPECT_NE(named("auto_san_validation: true").find("auto_san_validation: the cluster has no"),
            std::string::npos);
  EXPECT_NE(named("override_auto_sni_header: x").find("says nothing without auto_sni"),
            std::string::npos);
  EXPECT_NE(
      error_of(file("", protocol("{}", "common_http_protocol_options: {max_stream_duration: 1s}")))
          .find("max_stream_duration: is for listeners; write the timeout of a route"),
      std::string::npos);
}

}  // namespace
}  // namespace weir::config
