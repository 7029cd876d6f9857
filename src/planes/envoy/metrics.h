#pragma once
// Metrics of plugins as Envoy's stats.

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "planes/envoy/config_stats.h"
#include "runtime/metrics.h"

namespace weir::envoy_plane {

class EnvoyMetric;
class EnvoyMetrics;

// The metrics that a route's plugin defines while it is configured. Envoy takes no definitions for
// a route, but makes the routes that a listener has in its own configuration before the listener's
// filters: each filter's configuration that is made from now on defines them, too, less those that
// have been counted as late ones. While it is open, what this thread changes is not told to Envoy.
// Made and destroyed on any thread, filled on the main one.
class RouteMetrics {
 public:
  explicit RouteMetrics(EnvoyMetrics& metrics);
  ~RouteMetrics();
  RouteMetrics(const RouteMetrics&) = delete;
  RouteMetrics& operator=(const RouteMetrics&) = delete;

 private:
  friend class EnvoyMetrics;
  friend class StatsTable;

  EnvoyMetrics& metrics_;
  std::vector<EnvoyMetric*> defined_;
};

// The stats of one configuration: Envoy takes definitions only while a configuration is made. What
// is defined later lies in three families, one for each type, under its name as a label: of
// configurations whose stats have labels. Made on the main thread, then immutable. Thread: any that
// is Envoy's.
class StatsTable {
 public:
  StatsTable(EnvoyMetrics& metrics, std::unique_ptr<ConfigStats> stats);
  ~StatsTable();
  StatsTable(const StatsTable&) = delete;
  StatsTable& operator=(const StatsTable&) = delete;

 private:
  friend class EnvoyMetrics;

  // With the lock of `metrics_` held.
  void define(EnvoyMetric& metric);
  bool has(size_t place) const { return place < ids_.size() && ids_[place] != kUndefined; }
  bool has_family(abi::MetricType type) const {
    return families_[static_cast<size_t>(type)] != kUndefined;
  }
  // Of a stat that it has, or has a family for.
  void change(EnvoyMetric& metric, StatChange change, uint64_t value);

  static constexpr size_t kUndefined = SIZE_MAX;

  EnvoyMetrics& metrics_;
  std::unique_ptr<ConfigStats> stats_;
  std::vector<size_t> ids_;  // by the metric's place
  std::vector<EnvoyMetric*> defined_;
  std::array<size_t, 3> families_{kUndefined, kUndefined, kUndefined};
};

// One metric. Thread: any.
class EnvoyMetric final : public runtime::Metric {
 public:
  // `name` as Envoy is told. `place` is where it stands among all.
  EnvoyMetric(EnvoyMetrics& metrics, abi::MetricType type, std::string name, size_t place)
      : metrics_(metrics), type_(type), name_(std::move(name)), place_(place) {}

  abi::MetricType type() const override { return type_; }
  const std::string& name() const { return name_; }
  size_t place() const { return place_; }

  void add(int64_t delta) override;
  void record(uint64_t value) override;
  uint64_t value() const override { return value_.load(std::memory_order_relaxed); }

 private:
  friend class EnvoyMetrics;
  friend class StatsTable;

  EnvoyMetrics& metrics_;
  const abi::MetricType type_;
  const std::string name_;
  const size_t place_;
  std::atomic<uint64_t> value_ = 0;
  std::atomic<int> tables_ = 0;        // in which it has a stat of its own
  std::atomic<bool> is_late_ = false;  // it has been counted in a family
};

// All metrics of the process, each known by its place in a list that only grows. A metric keeps its
// value too, since Envoy does not tell it. Thread: any.
class EnvoyMetrics final : public runtime::Metrics {
 public:
  // How plugins' metrics begin; Envoy's own prefix, the configured namespace, takes its place.
  static constexpr std::string_view kUserPrefix = "wasmcustom.";

  EnvoyMetrics();
  ~EnvoyMetrics() override;

  runtime::Metric* define(abi::MetricType type, std::string_view name) override;

  // From now on, what this thread defines is defined in `table`, or for a route, too; both null: no
  // longer. Thread: main.
  static void open(StatsTable* table, RouteMetrics* route);

  // The place where this thread keeps the table of the configuration whose event it handles; null
  // inside where there is none.
  static void bind(StatsTable* const* current);

  // The present thread ends: what changes on it from now on does not reach Envoy.
  static void leave();

 private:
  friend class EnvoyMetric;
  friend class RouteMetrics;
  friend class StatsTable;

  void change(EnvoyMetric& metric, StatChange change, uint64_t value);

  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<EnvoyMetric>, std::less<>> metrics_;
  std::vector<StatsTable*> tables_;
  std::vector<RouteMetrics*> routes_;
};

}  // namespace weir::envoy_plane
