#pragma once
// Metrics of plugins as Envoy's stats.

#include <array>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include "planes/envoy/config_stats.h"
#include "runtime/metrics.h"

namespace weir::envoy_plane {

class EnvoyMetrics;

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

  void define(abi::MetricType type, std::string_view name, size_t place);
  bool has(size_t place) const { return place < ids_.size() && ids_[place] != kUndefined; }
  bool has_family(abi::MetricType type) const {
    return families_[static_cast<size_t>(type)] != kUndefined;
  }
  // Of a stat that it has, or has a family for.
  void change(abi::MetricType type, std::string_view name, size_t place, StatChange change,
              uint64_t value);

  static constexpr size_t kUndefined = SIZE_MAX;

  EnvoyMetrics& metrics_;
  std::unique_ptr<ConfigStats> stats_;
  std::vector<size_t> ids_;  // by the metric's place
  std::array<size_t, 3> families_{kUndefined, kUndefined, kUndefined};
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

  // From now on, what this thread defines is defined in `table`, too; null: no longer.
  // Thread: main.
  static void open(StatsTable* table);

  // The place where this thread keeps the table of the configuration whose event it handles; null
  // inside where there is none.
  static void bind(StatsTable* const* current);

  // The present thread ends: what changes on it from now on does not reach Envoy.
  static void leave();

 private:
  friend class StatsTable;
  class EnvoyMetric;

  void change(const EnvoyMetric& metric, StatChange change, uint64_t value);

  mutable std::shared_mutex mutex_;
  std::map<std::string, std::unique_ptr<EnvoyMetric>, std::less<>> metrics_;
  std::vector<StatsTable*> tables_;
};

}  // namespace weir::envoy_plane
