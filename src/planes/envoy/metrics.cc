#include "planes/envoy/metrics.h"

#include <algorithm>
#include <mutex>

namespace weir::envoy_plane {

using abi::MetricType;

namespace {

// Where metrics lie that are defined too late for a stat of their own.
constexpr std::string_view kLateNames[] = {"late_counter", "late_gauge", "late_histogram"};
constexpr std::string_view kLateLabel = "name";

thread_local StatsTable* open_table = nullptr;
thread_local RouteMetrics* open_route = nullptr;
thread_local StatsTable* const* current_table = nullptr;
thread_local bool has_left = false;

}  // namespace

void EnvoyMetric::add(int64_t delta) {
  value_.fetch_add(static_cast<uint64_t>(delta), std::memory_order_relaxed);
  if (delta > 0) metrics_.change(*this, StatChange::Add, static_cast<uint64_t>(delta));
  if (delta < 0) metrics_.change(*this, StatChange::Subtract, -static_cast<uint64_t>(delta));
}

void EnvoyMetric::record(uint64_t value) {
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

RouteMetrics::RouteMetrics(EnvoyMetrics& metrics) : metrics_(metrics) {
  const std::unique_lock lock(metrics_.mutex_);
  metrics_.routes_.push_back(this);
}

RouteMetrics::~RouteMetrics() {
  const std::unique_lock lock(metrics_.mutex_);
  std::erase(metrics_.routes_, this);
}

StatsTable::StatsTable(EnvoyMetrics& metrics, std::unique_ptr<ConfigStats> stats)
    : metrics_(metrics), stats_(std::move(stats)) {
  for (size_t type = 0; type < families_.size(); ++type) {
    if (!stats_->define(static_cast<MetricType>(type), kLateNames[type], kLateLabel,
                        families_[type])) {
      families_[type] = kUndefined;
    }
  }
  const std::unique_lock lock(metrics_.mutex_);
  if (has_family(MetricType::Counter)) {  // where streams have routes
    for (const RouteMetrics* route : metrics_.routes_) {
      for (EnvoyMetric* metric : route->defined_) {
        if (!metric->is_late_.load(std::memory_order_relaxed)) define(*metric);
      }
    }
  }
  metrics_.tables_.push_back(this);
}

StatsTable::~StatsTable() {
  const std::unique_lock lock(metrics_.mutex_);
  std::erase(metrics_.tables_, this);
  for (EnvoyMetric* metric : defined_) --metric->tables_;
}

void StatsTable::define(EnvoyMetric& metric) {
  const size_t place = metric.place();
  if (has(place)) return;
  if (ids_.size() <= place) ids_.resize(place + 1, kUndefined);
  if (!stats_->define(metric.type(), metric.name(), std::nullopt, ids_[place])) {
    ids_[place] = kUndefined;
    return;
  }
  defined_.push_back(&metric);
  ++metric.tables_;
}

void StatsTable::change(EnvoyMetric& metric, StatChange change, uint64_t value) {
  const MetricType type = metric.type();
  if (has(metric.place())) {
    stats_->change(type, ids_[metric.place()], std::nullopt, change, value);
  } else if (has_family(type)) {
    metric.is_late_.store(true, std::memory_order_relaxed);
    stats_->change(type, families_[static_cast<size_t>(type)], metric.name(), change, value);
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
  if (open_table != nullptr) open_table->define(metric);
  if (open_route != nullptr) open_route->defined_.push_back(&metric);
  return &metric;
}

void EnvoyMetrics::open(StatsTable* table, RouteMetrics* route) {
  open_table = table;
  open_route = route;
}

void EnvoyMetrics::bind(StatsTable* const* current) { current_table = current; }

void EnvoyMetrics::leave() {
  current_table = nullptr;
  has_left = true;
}

void EnvoyMetrics::change(EnvoyMetric& metric, StatChange change, uint64_t value) {
  const auto has = [&](const StatsTable* table) { return table->has(metric.place()); };
  const auto has_family = [&](const StatsTable* table) { return table->has_family(metric.type()); };
  if (has_left || open_route != nullptr) return;
  StatsTable* const current =
      open_table != nullptr || current_table == nullptr ? open_table : *current_table;
  if (current != nullptr && has(current)) return current->change(metric, change, value);
  // No event of a stream, or of one whose plugin is another: a tick, say. Through another
  // configuration that has the metric itself; where none has, among the late ones.
  const bool is_late = metric.tables_.load(std::memory_order_relaxed) == 0;
  if (is_late && current != nullptr && has_family(current)) {
    return current->change(metric, change, value);
  }
  const std::shared_lock lock(mutex_);
  auto best = std::ranges::find_if(tables_, has);
  if (best == tables_.end()) best = std::ranges::find_if(tables_, has_family);
  if (best != tables_.end()) (*best)->change(metric, change, value);
}

}  // namespace weir::envoy_plane
