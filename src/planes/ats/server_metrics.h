#pragma once
// Metrics of plugins as the server's statistics, for `traffic_ctl metric match plugin.weir`.

#include <map>
#include <memory>
#include <string>

#include "base/guarded.h"
#include "base/log.h"
#include "runtime/metrics.h"

namespace weir::ats_plane {

// A statistic of the server is an integer under a name that stays until the server ends. Counters
// and gauges are one each; a histogram is two, NAME.count and NAME.sum, since the server has no
// statistic with buckets. The server bounds their number: those beyond it count here alone, and the
// log says so once. Thread: any.
class ServerMetrics final : public runtime::Metrics {
 public:
  static constexpr std::string_view kPrefix = "plugin.weir.";

  explicit ServerMetrics(Logger& logger);
  ~ServerMetrics() override;

  runtime::Metric* define(abi::MetricType type, std::string_view name) override;

 private:
  class Statistic;
  struct State {
    std::map<std::string, std::unique_ptr<Statistic>, std::less<>> statistics;
    bool full = false;  // and the log has said so
  };

  // kNone where the server has no room for it.
  int make_statistic(State& state, const std::string& name) const;

  Logger& logger_;
  Guarded<State> state_;
};

}  // namespace weir::ats_plane
