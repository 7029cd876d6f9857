#include "planes/serve/stats_report.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace weir::serve {
namespace {

using Workers = std::span<const std::unique_ptr<WorkerThread>>;

// Writes numbers under one prefix; for Prometheus the name in it is a label, as with Envoy.
class Report {
 public:
  // Under no prefix.
  explicit Report(runtime::MetricStore& metrics) : metrics_(metrics) {}
  Report(runtime::MetricStore& metrics, std::string_view kind, const std::string& name,
         std::string label)
      : metrics_(metrics), kind_(std::string(kind) + "."), labels_{{std::move(label), name}} {
    // A ':' parts a name from its value in the plain text.
    std::string fit = name;
    std::ranges::replace(fit, ':', '_');
    prefix_ = kind_ + fit + ".";
  }

  void total(std::string_view name, uint64_t value) {
    write(abi::MetricType::Counter, name, value, labels_, name);
  }
  void now(std::string_view name, uint64_t value) {
    write(abi::MetricType::Gauge, name, value, labels_, name);
  }
  void classes(const std::string& name, const ClassTotals& by_class) {
    for (size_t i = 0; i < 5; ++i) {
      const std::string digit = std::to_string(i + 1);
      Labels labels = labels_;
      labels.emplace_back("envoy_response_code_class", digit);
      write(abi::MetricType::Counter, name + "_" + digit + "xx", by_class[i], labels, name + "_xx");
    }
  }
  void histogram(std::string_view name, const LatencyTotals& totals) {
    metrics_.tell(prefix_ + std::string(name),
                  {.family = kind_ + std::string(name), .labels = labels_}, totals.reading());
  }
  void status(const std::string& name, size_t status, uint64_t value) {
    const std::string digits = std::to_string(status);
    Labels labels = labels_;
    labels.emplace_back("envoy_response_code", digits);
    write(abi::MetricType::Counter, name + "_" + digits, value, labels, name);
  }

 private:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void write(abi::MetricType type, std::string_view name, uint64_t value, const Labels& labels,
             std::string_view family) {
    // Null: a plugin has taken the name for something else.
    runtime::Metric* metric =
        metrics_.define(type, prefix_ + std::string(name),
                        {.family = kind_ + std::string(family), .labels = labels});
    if (metric != nullptr) metric->record(value);
  }

  runtime::MetricStore& metrics_;
  std::string kind_;
  std::string prefix_;
  Labels labels_;
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

void report_exchanges(Report& report, Workers workers, const std::string& prefix) {
  static constexpr std::pair<std::string_view, Counter ExchangeStats::*> kTotals[] = {
      {"downstream_rq_max_duration_reached", &ExchangeStats::reached_durations},
      {"downstream_rq_idle_timeout", &ExchangeStats::idle_timeouts},
      {"downstream_rq_timeout", &ExchangeStats::request_timeouts},
      {"downstream_rq_rejected_with_underscores_in_headers", &ExchangeStats::underscores},
      {"downstream_rq_failed_path_normalization", &ExchangeStats::bad_paths},
      {"downstream_rq_redirected_with_normalized_path", &ExchangeStats::redirected_paths},
      {"downstream_rq_local_reply", &ExchangeStats::local_replies},
      {"downstream_rq_rx_reset", &ExchangeStats::aborted},
      {"downstream_rq_tx_reset", &ExchangeStats::resets}};
  for (const auto& [name, counter] : kTotals) {
    uint64_t value = 0;
    for (const auto& worker : workers) {
      value += (worker->stats().http(prefix).exchanges.*counter).value();
    }
    report.total(name, value);
  }
}

void report_http(Report report, Workers workers, const std::string& prefix) {
  const auto sum = [&](Counter ListenerStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) {
      value += (worker->stats().http(prefix).codecs.*counter).value();
    }
    return value;
  };
  report.total("downstream_cx_total", sum(&ListenerStats::http_connections));
  report.now("downstream_cx_active", sum(&ListenerStats::active_http_connections));
  report.total("downstream_cx_http2_total", sum(&ListenerStats::http2_connections));
  report.total("downstream_cx_rx_bytes_total", sum(&ListenerStats::received_bytes));
  report.total("downstream_cx_tx_bytes_total", sum(&ListenerStats::sent_bytes));
  report.total("downstream_rq_total", sum(&ListenerStats::requests));
  report.now("downstream_rq_active", sum(&ListenerStats::active_requests));
  report.total("downstream_rq_bad", sum(&ListenerStats::bad_requests));
  report.total("downstream_cx_max_duration_reached", sum(&ListenerStats::reached_durations));
  report.total("downstream_cx_max_requests_reached", sum(&ListenerStats::reached_requests));
  uint64_t early_resets = 0;
  ClassTotals by_class = {};
  LatencyTotals times;
  for (const auto& worker : workers) {
    const HttpCounts& counts = worker->stats().http(prefix);
    times.add(counts.exchanges.times);
    early_resets += counts.codecs.http2.too_many_resets.value();
    counts.exchanges.responses_by_class.add_to(by_class);
  }
  report.total("downstream_rq_too_many_premature_resets", early_resets);
  report.classes("downstream_rq", by_class);
  report.histogram("downstream_rq_time", times);
  report_exchanges(report, workers, prefix);
}

void report_connections(Report report, Workers workers, const std::string& name) {
  const auto sum = [&](Counter ListenerStats::*counter) {
    uint64_t value = 0;
    for (const auto& worker : workers) value += (worker->stats().listener(name).*counter).value();
    return value;
  };
  report.total("downstream_cx_total", sum(&ListenerStats::connections));
  report.now("downstream_cx_active", sum(&ListenerStats::active_connections));
  report.total("downstream_cx_overflow", sum(&ListenerStats::refused_connections));
  report.total("downstream_cx_rx_bytes_total", sum(&ListenerStats::received_bytes));
  report.total("downstream_cx_tx_bytes_total", sum(&ListenerStats::sent_bytes));
  report.total("no_filter_chain_match", sum(&ListenerStats::no_filter_chain));
  report.total("proxy_protocol.invalid", sum(&ListenerStats::bad_proxy_headers));
  report_tls(report, workers,
             [&](const WorkerStats& stats) -> const TlsStats& { return stats.listener(name).tls; });
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

  ClassTotals by_class = {};
  uint64_t timeouts = 0;
  uint64_t try_timeouts = 0;
  uint64_t retries = sum(&ClusterStats::retries);
  uint64_t exhausted = 0;
  LatencyTotals times;
  for (const auto& worker : workers) {
    const RouterStats& stats = worker->stats().cluster(name).routed;
    stats.responses_by_class.add_to(by_class);
    timeouts += stats.timeouts.value();
    try_timeouts += stats.per_try_timeouts.value();
    retries += stats.retries.value();
    exhausted += stats.exhausted_retries.value();
    times.add(stats.times);
  }
  report.histogram("upstream_rq_time", times);
  report.classes("upstream_rq", by_class);
  for (size_t i = 0; i < kStatuses; ++i) {
    uint64_t count = 0;
    for (const auto& worker : workers) {
      count += worker->stats().cluster(name).routed.responses_by_status[i].value();
    }
    if (count > 0) report.status("upstream_rq", i + 100, count);
  }
  report.total("upstream_rq_timeout", timeouts);
  report.total("upstream_rq_per_try_timeout", try_timeouts);
  report.total("upstream_rq_retry", retries);
  report.total("upstream_rq_retry_limit_exceeded", exhausted);
  report_tls(report, workers, [&](const WorkerStats& stats) -> const TlsStats& {
    return stats.cluster(name).connections.tls;
  });
}

}  // namespace

void report_stats(Workers workers, runtime::MetricStore& metrics) {
  std::set<std::string> listeners;
  std::set<std::string> http_prefixes;
  std::set<std::string> clusters;
  std::set<std::string> tcp_prefixes;
  for (const auto& worker : workers) {
    worker->stats().add_listeners(listeners);
    worker->stats().add_http(http_prefixes);
    worker->stats().add_clusters(clusters);
    worker->stats().add_tcp(tcp_prefixes);
  }
  // Of all listeners together, as Envoy has it.
  Http2Numbers http2;
  for (const auto& prefix : http_prefixes) {
    for (const auto& worker : workers) add_http2(worker->stats().http(prefix).codecs.http2, http2);
  }
  report_http2(Report(metrics), http2);
  for (const auto& name : listeners) {
    report_connections({metrics, "listener", name, "envoy_listener_name"}, workers, name);
  }
  for (const auto& prefix : http_prefixes) {
    report_http({metrics, "http", prefix, "envoy_http_conn_manager_prefix"}, workers, prefix);
  }
  for (const auto& prefix : tcp_prefixes) {
    report_tcp({metrics, "tcp", prefix, "envoy_tcp_prefix"}, workers, prefix);
  }
  for (const auto& name : clusters) {
    report_cluster({metrics, "cluster", name, "envoy_cluster_name"}, workers, name);
  }
}

}  // namespace weir::serve
