#include "planes/envoy/metrics.h"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace weir::envoy_plane {

using abi::MetricType;

namespace {

// Where metrics lie that are defined too late for a stat of their own.
constexpr std::string_view kLateNames[] = {"late_counter", "late_gauge", "late_histogram"};
constexpr std::string_view kLateLabel = "name";

thread_local StatsTable* open_table = nullptr;
thread_local StatsTable* const* current_table = nullptr;
thread_local bool has_left = false;

}  // namespace

class EnvoyMetrics::EnvoyMetric final : public runtime::Metric {
 public:
  EnvoyMetric(EnvoyMetrics& metrics, MetricType type, std::string name, size_t place)
      : metrics_(metrics), type_(type), name_(std::move(name)), place_(place) {}

  MetricType type() const override { return type_; }
  const std::string& name() const { return name_; }
  size_t place() const { return place_; }

  void add(int64_t delta) override {
    value_.fetch_add(static_cast<uint64_t>(delta), std::memory_order_relaxed);
    if (delta > 0) metrics_.change(*this, StatChange::Add, static_cast<uint64_t>(delta));
    if (delta < 0) {
      metrics_.change(*this, StatChange::Subtract, -static_cast<uint64_t>(delta));
    }
  }

  void record(uint64_t value) override {
    if (type_ == MetricType::Histogram) {
      value_.fetch_add(1, std::memory_order_relaxed);
    } else {
      const uint64_t before = value_.exchange(value, std::memory_order_relaxed);
      if (type_ == MetricType::Counter) {
        // Envoy's counters only grow.
        if (value > before) metrics_.change(*this, StatChange::Add, value - before);
        return;
      }
    }
    metrics_.change(*this, StatChange::Set, value);
  }

  uint64_t value() const override { return value_.load(std::memory_order_relaxed); }

 private:
  EnvoyMetrics& metrics_;
  const MetricType type_;
  const std::string name_;  // as Envoy is told
  const size_t place_;
  std::atomic<uint64_t> value_ = 0;
};

StatsTable::StatsTable(EnvoyMetrics& metrics, std::unique_ptr<ConfigStats> stats)
    : metrics_(metrics), stats_(std::move(stats)) {
  for (size_t type = 0; type < families_.size(); ++type) {
    if (!stats_->define(static_cast<MetricType>(type), kLateNames[type], kLateLabel,
                        families_[type])) {
      families_[type] = kUndefined;
    }
  }
  const std::unique_lock lock(metrics_.mutex_);
  metrics_.tables_.push_back(this);
}

StatsTable::~StatsTable() {
  const std::unique_lock lock(metrics_.mutex_);
  std::erase(metrics_.tables_, this);
}

void StatsTable::define(MetricType type, std::string_view name, size_t place) {
  if (has(place)) return;
  if (ids_.size() <= place) ids_.resize(place + 1, kUndefined);
  if (!stats_->define(type, name, std::nullopt, ids_[place])) ids_[place] = kUndefined;
}

void StatsTable::change(MetricType type, std::string_view name, size_t place, StatChange change,
                        uint64_t value) {
  if (has(place)) {
    stats_->change(type, ids_[place], std::nullopt, change, value);
  } else if (has_family(type)) {
    stats_->change(type, families_[static_cast<size_t>(type)], name, change, value);
  }
}

EnvoyMetrics::EnvoyMetrics() = default;
EnvoyMetrics::~EnvoyMetrics() = default;

runtime::Metric* EnvoyMetrics::define(MetricType type, std::string_view name) {
  const std::unique_lock lock(mutex_);
  auto found = metrics_.find(name);
  if (found == metrics_.end()) {
    std::string_view stat = name;
    if (stat.starts_with(kUserPrefix)) stat.remove_prefix(kUserPrefix.size());
    auto metric = std::make_unique<EnvoyMetric>(*this, type, std::string(stat), metrics_.size());
    found = metrics_.emplace(name, std::move(metric)).first;
  }
  EnvoyMetric& metric = *found->second;
  if (metric.type() != type) return nullptr;
  if (open_table != nullptr) open_table->define(type, metric.name(), metric.place());
  return &metric;
}

void EnvoyMetrics::open(StatsTable* table) { open_table = table; }

void EnvoyMetrics::bind(StatsTable* const* current) { current_table = current; }

void EnvoyMetrics::leave() {
  current_table = nullptr;
  has_left = true;
}

void EnvoyMetrics::change(const EnvoyMetric& metric, StatChange change, uint64_t value) {
  const auto can_tell = [&](const StatsTable* table) {
    return table != nullptr && (table->has(metric.place()) || table->has_family(metric.type()));
  };
  const auto tell = [&](StatsTable& table) {
    table.change(metric.type(), metric.name(), metric.place(), change, value);
  };
  if (has_left) return;
  if (can_tell(open_table)) return tell(*open_table);
  if (current_table != nullptr && can_tell(*current_table)) return tell(**current_table);
  // No event of a stream, or one whose configuration has no such stat: through another
  // configuration, best one that has the metric itself.
  const std::shared_lock lock(mutex_);
  auto best = std::ranges::find_if(
      tables_, [&](const StatsTable* table) { return table->has(metric.place()); });
  if (best == tables_.end()) best = std::ranges::find_if(tables_, can_tell);
  if (best != tables_.end()) tell(**best);
}

}  // namespace weir::envoy_plane
