#include "planes/serve/stats_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace weir::serve {
namespace {

using Workers = std::span<const std::unique_ptr<WorkerThread>>;

// Writes numbers under one prefix.
class Report {
 public:
  // Under no prefix.
  explicit Report(runtime::Metrics& metrics) : metrics_(metrics) {}
  Report(runtime::Metrics& metrics, std::string_view kind, std::string name) : metrics_(metrics) {
    // A ':' parts a name from its value in the plain text.
    std::ranges::replace(name, ':', '_');
    prefix_ = std::string(kind) + "." + name + ".";
  }

  void total(std::string_view name, uint64_t value) {
    write(abi::MetricType::Counter, name, value);
  }
  void now(std::string_view name, uint64_t value) { write(abi::MetricType::Gauge, name, value); }
  void classes(std::string_view name, const uint64_t (&by_class)[5]) {
    for (size_t i = 0; i < 5; ++i) {
      total(std::string(name) + "_" + std::to_string(i + 1) + "xx", by_class[i]);
    }
  }

 private:
  void write(abi::MetricType type, std::string_view name, uint64_t value) {
    // Null: a plugin has taken the name for something else, or the store is full.
    runtime::Metric* metric = metrics_.define(type, prefix_ + std::string(name));
    if (metric != nullptr) metric->record(value);
  }

  runtime::Metrics& metrics_;
  std::string prefix_;
};

using Http2Numbers = std::map<std::string_view, uint64_t>;

void add_http2(const Http2Stats& stats, Http2Numbers& into) {
  into["http2.inbound_empty_frames_flood"] += stats.empty_frames_flood.value();
  into["http2.inbound_priority_frames_flood"] += stats.priority_frames_flood.value();
  into["http2.inbound_window_update_frames_flood"] += stats.window_updates_flood.value();
  into["http2.outbound_flood"] += stats.outbound_flood.value();
  into["http2.outbound_control_flood"] += stats.outbound_control_flood.value();
  into["http2.header_overflow"] += stats.header_overflow.value();
  into["http2.metadata_overflow"] += stats.metadata_overflow.value();
  into["http2.metadata_empty_frames"] += stats.empty_metadata.value();
  into["http2.rx_messaging_error"] += stats.messaging_errors.value();
  into["http2.rx_reset"] += stats.received_resets.value();
  into["http2.tx_reset"] += stats.sent_resets.value();
  into["http2.goaway_sent"] += stats.sent_goaways.value();
  into["http2.keepalive_timeout"] += stats.keepalive_timeouts.value();
  into["http2.tx_flush_timeout"] += stats.stalled_streams.value();
}

void report_http2(Report report, const Http2Numbers& numbers) {
  for (const auto& [name, value] : numbers) report.total(name, value);
}

// `stats_of` gives a worker's.
template <typename StatsOf>
void report_tls(Report& report, Workers workers, const StatsOf& stats_of) {
  const auto sum = [&](Counter TlsStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) value += (stats_of(worker->stats()).*counter).value();
    return value;
  };
  report.total("ssl.handshake", sum(&TlsStats::handshakes));
  report.total("ssl.connection_error", sum(&TlsStats::connection_errors));
  report.total("ssl.fail_verify_error", sum(&TlsStats::failed_verifications));
  report.total("ssl.fail_verify_no_cert", sum(&TlsStats::failed_no_certificate));
  report.total("ssl.fail_verify_san", sum(&TlsStats::failed_alt_names));
  report.total("ssl.fail_verify_cert_hash", sum(&TlsStats::failed_hashes));
  report.total("ssl.no_certificate", sum(&TlsStats::no_certificate));
  report.total("ssl.session_reused", sum(&TlsStats::resumed_sessions));
  report.total("ssl.versions.TLSv1.2", sum(&TlsStats::tls12));
  report.total("ssl.versions.TLSv1.3", sum(&TlsStats::tls13));
  report.total("ssl.handshake_timeout", sum(&TlsStats::handshake_timeouts));
}

void report_listener(Report report, Workers workers, const std::string& name) {
  const auto sum = [&](Counter ListenerStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) {
      value += (worker->stats().listener(name).connections.*counter).value();
    }
    return value;
  };
  report.total("downstream_cx_total", sum(&ListenerStats::connections));
  report.now("downstream_cx_active", sum(&ListenerStats::active_connections));
  report.total("downstream_cx_overflow", sum(&ListenerStats::refused_connections));
  report.total("downstream_cx_http2_total", sum(&ListenerStats::http2_connections));
  report.total("downstream_cx_rx_bytes_total", sum(&ListenerStats::received_bytes));
  report.total("downstream_cx_tx_bytes_total", sum(&ListenerStats::sent_bytes));
  report.total("downstream_rq_total", sum(&ListenerStats::requests));
  report.now("downstream_rq_active", sum(&ListenerStats::active_requests));
  report.total("downstream_rq_bad", sum(&ListenerStats::bad_requests));
  report.total("downstream_cx_max_duration_reached", sum(&ListenerStats::reached_durations));
  report.total("downstream_cx_max_requests_reached", sum(&ListenerStats::reached_requests));

  uint64_t by_class[5] = {};
  uint64_t local_replies = 0;
  uint64_t aborted = 0;
  uint64_t resets = 0;
  uint64_t durations = 0;
  uint64_t idle = 0;
  uint64_t late = 0;
  uint64_t underscores = 0;
  uint64_t bad_paths = 0;
  uint64_t redirected_paths = 0;
  uint64_t early_resets = 0;
  for (const auto& worker : workers) {
    const ExchangeStats& stats = worker->stats().listener(name).exchanges;
    for (size_t i = 0; i < 5; ++i) by_class[i] += stats.responses_by_class[i].value();
    local_replies += stats.local_replies.value();
    aborted += stats.aborted.value();
    resets += stats.resets.value();
    durations += stats.reached_durations.value();
    idle += stats.idle_timeouts.value();
    late += stats.request_timeouts.value();
    underscores += stats.underscores.value();
    bad_paths += stats.bad_paths.value();
    redirected_paths += stats.redirected_paths.value();
    early_resets += worker->stats().listener(name).connections.http2.too_many_resets.value();
  }
  report.total("downstream_rq_max_duration_reached", durations);
  report.total("downstream_rq_idle_timeout", idle);
  report.total("downstream_rq_timeout", late);
  report.total("downstream_rq_rejected_with_underscores_in_headers", underscores);
  report.total("downstream_rq_failed_path_normalization", bad_paths);
  report.total("downstream_rq_redirected_with_normalized_path", redirected_paths);
  report.total("downstream_rq_too_many_premature_resets", early_resets);
  report.classes("downstream_rq", by_class);
  report.total("downstream_rq_local_reply", local_replies);
  report.total("downstream_rq_rx_reset", aborted);
  report.total("downstream_rq_tx_reset", resets);
}

void report_connections(Report report, Workers workers, const std::string& name) {
  uint64_t total = 0;
  uint64_t active = 0;
  uint64_t refused = 0;
  uint64_t no_chain = 0;
  uint64_t bad_headers = 0;
  for (const auto& worker : workers) {
    const ListenerStats& stats = worker->stats().listener(name).connections;
    total += stats.connections.value();
    active += stats.active_connections.value();
    refused += stats.refused_connections.value();
    no_chain += stats.no_filter_chain.value();
    bad_headers += stats.bad_proxy_headers.value();
  }
  report.total("downstream_cx_total", total);
  report.now("downstream_cx_active", active);
  report.total("downstream_cx_overflow", refused);
  report.total("no_filter_chain_match", no_chain);
  report.total("proxy_protocol.invalid", bad_headers);
  report_tls(report, workers, [&](const WorkerStats& stats) -> const TlsStats& {
    return stats.listener(name).connections.tls;
  });
}

void report_tcp(Report report, Workers workers, const std::string& prefix) {
  const auto sum = [&](Counter TcpStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) value += (worker->stats().tcp(prefix).*counter).value();
    return value;
  };
  report.total("downstream_cx_total", sum(&TcpStats::sessions));
  report.now("downstream_cx_active", sum(&TcpStats::active_sessions));
  report.total("downstream_cx_rx_bytes_total", sum(&TcpStats::received_bytes));
  report.total("downstream_cx_tx_bytes_total", sum(&TcpStats::sent_bytes));
  report.total("idle_timeout", sum(&TcpStats::idle_timeouts));
  report.total("upstream_connect_fail", sum(&TcpStats::failed_connects));
  report.total("plugin_failure", sum(&TcpStats::failed_plugins));
}

bool speaks_http(Workers workers, const std::string& listener) {
  return std::ranges::any_of(workers, [&](const auto& worker) {
    return worker->stats().listener(listener).speaks_http.value() > 0;
  });
}

// Each worker has its own of them.
void report_outliers(Report report, Workers workers, const std::string& name) {
  static constexpr std::string_view kKinds[kEjectionKinds] = {"consecutive_5xx",
                                                              "consecutive_gateway_failure",
                                                              "consecutive_local_origin_failure",
                                                              "success_rate",
                                                              "local_origin_success_rate",
                                                              "failure_percentage",
                                                              "local_origin_failure_percentage"};
  uint64_t active = 0;
  uint64_t enforced = 0;
  uint64_t overflows = 0;
  uint64_t detected_of[kEjectionKinds] = {};
  uint64_t enforced_of[kEjectionKinds] = {};
  for (const auto& worker : workers) {
    const OutlierStats& stats = worker->stats().cluster(name).connections.outliers;
    active += stats.active.value();
    enforced += stats.enforced.value();
    overflows += stats.overflows.value();
    for (size_t i = 0; i < kEjectionKinds; ++i) {
      detected_of[i] += stats.kinds[i].detected.value();
      enforced_of[i] += stats.kinds[i].enforced.value();
    }
  }
  const std::string prefix = "outlier_detection.ejections_";
  report.now(prefix + "active", active);
  report.total(prefix + "enforced_total", enforced);
  report.total(prefix + "overflow", overflows);
  for (size_t i = 0; i < kEjectionKinds; ++i) {
    report.total(prefix + "detected_" + std::string(kKinds[i]), detected_of[i]);
    report.total(prefix + "enforced_" + std::string(kKinds[i]), enforced_of[i]);
  }
}

void report_cluster(Report report, Workers workers, const std::string& name) {
  const auto sum = [&](Counter ClusterStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) {
      value += (worker->stats().cluster(name).connections.*counter).value();
    }
    return value;
  };
  report.total("upstream_cx_total", sum(&ClusterStats::connections));
  report.now("upstream_cx_active", sum(&ClusterStats::active_connections));
  report.total("upstream_cx_connect_fail", sum(&ClusterStats::connect_failures));
  report.total("upstream_cx_rx_bytes_total", sum(&ClusterStats::received_bytes));
  report.total("upstream_cx_tx_bytes_total", sum(&ClusterStats::sent_bytes));
  report.total("upstream_rq_total", sum(&ClusterStats::requests));
  report.now("upstream_rq_active", sum(&ClusterStats::active_requests));
  report.total("upstream_rq_pending_overflow", sum(&ClusterStats::pending_overflows));
  report.total("upstream_cx_overflow", sum(&ClusterStats::connection_overflows));
  report.total("upstream_rq_retry_overflow", sum(&ClusterStats::retry_overflows));
  report.total("health_check.attempt", sum(&ClusterStats::health_attempts));
  report.total("health_check.failure", sum(&ClusterStats::health_failures));
  // Each worker knows them, and asks by itself.
  const auto most = [&](Counter ClusterStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) {
      value = std::max(value, (worker->stats().cluster(name).connections.*counter).value());
    }
    return value;
  };
  report.now("membership_total", most(&ClusterStats::known_endpoints));
  report.now("membership_healthy", most(&ClusterStats::healthy_endpoints));
  report.total("upstream_rq_rx_reset", sum(&ClusterStats::broken));
  report.total("upstream_cx_max_requests", sum(&ClusterStats::reached_requests));
  report.total("upstream_cx_max_duration_reached", sum(&ClusterStats::reached_durations));
  Http2Numbers http2;
  for (const auto& worker : workers) {
    add_http2(worker->stats().cluster(name).connections.http2, http2);
  }
  report_http2(report, http2);
  report_outliers(report, workers, name);

  uint64_t by_class[5] = {};
  uint64_t timeouts = 0;
  uint64_t try_timeouts = 0;
  uint64_t retries = sum(&ClusterStats::retries);
  uint64_t exhausted = 0;
  for (const auto& worker : workers) {
    const RouterStats& stats = worker->stats().cluster(name).routed;
    for (size_t i = 0; i < 5; ++i) by_class[i] += stats.responses_by_class[i].value();
    timeouts += stats.timeouts.value();
    try_timeouts += stats.per_try_timeouts.value();
    retries += stats.retries.value();
    exhausted += stats.exhausted_retries.value();
  }
  report.classes("upstream_rq", by_class);
  report.total("upstream_rq_timeout", timeouts);
  report.total("upstream_rq_per_try_timeout", try_timeouts);
  report.total("upstream_rq_retry", retries);
  report.total("upstream_rq_retry_limit_exceeded", exhausted);
  report_tls(report, workers, [&](const WorkerStats& stats) -> const TlsStats& {
    return stats.cluster(name).connections.tls;
  });
}

}  // namespace

void report_stats(Workers workers, runtime::Metrics& metrics) {
  std::set<std::string> listeners;
  std::set<std::string> clusters;
  std::set<std::string> tcp_prefixes;
  for (const auto& worker : workers) {
    worker->stats().add_listeners(listeners);
    worker->stats().add_clusters(clusters);
    worker->stats().add_tcp(tcp_prefixes);
  }
  // Of all listeners together, as Envoy has it.
  Http2Numbers http2;
  for (const auto& name : listeners) {
    for (const auto& worker : workers) {
      add_http2(worker->stats().listener(name).connections.http2, http2);
    }
  }
  report_http2(Report(metrics), http2);
  for (const auto& name : listeners) {
    report_connections({metrics, "listener", name}, workers, name);
    if (speaks_http(workers, name)) report_listener({metrics, "http", name}, workers, name);
  }
  for (const auto& prefix : tcp_prefixes) report_tcp({metrics, "tcp", prefix}, workers, prefix);
  for (const auto& name : clusters) report_cluster({metrics, "cluster", name}, workers, name);
}

}  // namespace weir::serve
