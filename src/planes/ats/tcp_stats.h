#pragma once
// What is counted of connections of one port, among the server's statistics.

#include <string>
#include <string_view>

#include "base/check.h"
#include "runtime/metrics.h"

namespace weir::ats_plane {

// Named as those of `weir serve`. Thread: any.
class TcpStats {
 public:
  // `name` is the port's. The metrics outlive it.
  TcpStats(runtime::Metrics& metrics, const std::string& name)
      : sessions(define(metrics, name, "downstream_cx_total")),
        refused(define(metrics, name, "downstream_cx_refused")),
        active_sessions(define(metrics, name, "downstream_cx_active", runtime::MetricType::Gauge)),
        received_bytes(define(metrics, name, "downstream_cx_rx_bytes_total")),
        sent_bytes(define(metrics, name, "downstream_cx_tx_bytes_total")),
        failed_connects(define(metrics, name, "upstream_connect_fail")),
        failed_plugins(define(metrics, name, "plugin_failure")),
        idle_timeouts(define(metrics, name, "idle_timeout")) {}

  runtime::Metric& sessions;
  runtime::Metric& refused;  // clients that may not come, or have no header
  runtime::Metric& active_sessions;
  runtime::Metric& received_bytes;
  runtime::Metric& sent_bytes;
  runtime::Metric& failed_connects;
  runtime::Metric& failed_plugins;
  runtime::Metric& idle_timeouts;

 private:
  static runtime::Metric& define(runtime::Metrics& metrics, const std::string& port,
                                 std::string_view name,
                                 runtime::MetricType type = runtime::MetricType::Counter) {
    runtime::Metric* metric = metrics.define(type, "tcp." + port + "." + std::string(name));
    WEIR_CHECK(metric != nullptr);  // nobody else's names begin like this
    return *metric;
  }
};

}  // namespace weir::ats_plane
