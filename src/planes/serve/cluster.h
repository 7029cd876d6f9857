#pragma once
// Makes clusters: endpoints by address or name, and pools of HTTP/1.1 and HTTP/2 connections to
// them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "config/bootstrap.h"
#include "planes/serve/counter.h"
#include "planes/serve/exchange.h"
#include "planes/serve/http2_stats.h"
#include "planes/serve/outlier_detector.h"
#include "planes/serve/tls_context.h"
#include "planes/serve/tls_stats.h"

namespace boost::asio {
class io_context;
}

namespace weir::serve {

// Thread: its worker's changes it, any reads it.
struct ClusterStats {
  Counter connections;  // established
  Counter active_connections;
  Counter connect_failures;  // refused, unreachable, timed out
  Counter requests;
  Counter active_requests;
  Counter retries;          // a stale connection was replaced by a fresh one
  Counter broken;           // requests that ended without a complete response, save cancelled ones
  Counter dropped_headers;  // fields of requests that HTTP does not allow, left out
  Counter sent_bytes;
  Counter received_bytes;
  Counter pending_overflows;  // requests beyond a limit
  Counter connection_overflows;
  Counter retry_overflows;
  Counter health_attempts;
  Counter health_failures;
  Counter healthy_endpoints;  // a number that goes up and down, as the next one
  Counter known_endpoints;
  Http2Stats http2;
  Counter reached_durations;  // connections that have become as old as they may
  Counter reached_requests;   // and those that have had as many requests
  TlsStats tls;
  OutlierStats outliers;
};

struct EndpointSettings {
  std::string host;  // an IP address, or a name: then all its addresses are endpoints
  uint16_t port = 80;
};

struct ClusterSettings {
  std::string name;
  std::vector<EndpointSettings> endpoints;
  bool first_address_only = false;        // of a name's addresses (Envoy's LOGICAL_DNS)
  bool http2 = false;                     // prior knowledge, or agreed on by TLS
  std::shared_ptr<const TlsContext> tls;  // null: connections are not secured
  config::ServerNames server_names;

  Milliseconds connect_timeout{5'000};
  Milliseconds idle_timeout{30'000};      // of a connection without a request
  Milliseconds resolve_interval{30'000};  // how often names are looked up again

  // Response headers, and trailers likewise; beyond it the response is broken off.
  size_t max_header_bytes = 64 * 1024;
  size_t max_header_count = 128;

  // Request bytes that may wait for the upstream before the request is paused.
  size_t output_buffer_bytes = 256 * 1024;

  config::Http2Options http2_options;
  config::ConnectionLimits connection_limits;
  config::CircuitBreakers limits;
  config::Cluster::Balancing balancing = config::Cluster::Balancing::RoundRobin;
  uint32_t choice_count = 2;
  std::vector<config::HealthCheck> health_checks;
  std::optional<config::OutlierDetection> outlier_detection;
  double panic_threshold = 50;  // percent

  // Where to count; outlives the cluster. Null: nowhere that can be seen.
  ClusterStats* stats = nullptr;
};

// A cluster for the worker that runs `io`. Fails on settings that cannot be used; a name that does
// not resolve and an endpoint that refuses fail requests, not this. Exchanges are destroyed before
// their cluster.
Result<std::unique_ptr<Cluster>> make_cluster(boost::asio::io_context& io,
                                              const ClusterSettings& settings);

}  // namespace weir::serve
