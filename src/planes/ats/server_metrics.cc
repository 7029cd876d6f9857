#include "planes/ats/server_metrics.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "planes/ats/server_api.h"

namespace weir::ats_plane {

using abi::MetricType;

namespace {

constexpr int kNone = -1;

// A name that can be asked for and listed, line by line.
std::string statistic_name(std::string_view name) {
  std::string made = std::string(ServerMetrics::kPrefix).append(name);
  std::ranges::replace_if(
      made, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; }, '_');
  return made;
}

}  // namespace

class ServerMetrics::Statistic final : public runtime::Metric {
 public:
  // Of a histogram `id` is the number of values, `sum_id` their sum.
  Statistic(MetricType type, int id, int sum_id) : type_(type), id_(id), sum_id_(sum_id) {}

  MetricType type() const override { return type_; }

  void add(int64_t delta) override {
    value_.fetch_add(static_cast<uint64_t>(delta), std::memory_order_relaxed);
    tell(id_, delta);
  }

  void record(uint64_t value) override {
    if (type_ == MetricType::Histogram) {
      value_.fetch_add(1, std::memory_order_relaxed);
      tell(id_, 1);
      tell(sum_id_, static_cast<int64_t>(value));
      return;
    }
    // By the difference: the server adds up what its threads count.
    const uint64_t before = value_.exchange(value, std::memory_order_relaxed);
    tell(id_, static_cast<int64_t>(value - before));
  }

  uint64_t value() const override { return value_.load(std::memory_order_relaxed); }

 private:
  static void tell(int id, int64_t delta) {
    if (id == kNone || delta == 0) return;
    if (delta > 0) {
      TSStatIntIncrement(id, delta);
    } else {
      TSStatIntDecrement(id, -delta);
    }
  }

  const MetricType type_;
  const int id_;
  const int sum_id_;
  std::atomic<uint64_t> value_ = 0;
};

ServerMetrics::ServerMetrics(Logger& logger) : logger_(logger) {}
ServerMetrics::~ServerMetrics() = default;

int ServerMetrics::make_statistic(State& state, const std::string& name) const {
  int id = kNone;
  // A second line of the plugin's in the server's configuration finds what the first has made.
  if (TSStatFindName(name.c_str(), &id) == TS_SUCCESS) return id;
  id = TSStatCreate(name.c_str(), TS_RECORDDATATYPE_INT, TS_STAT_NON_PERSISTENT, TS_STAT_SYNC_SUM);
  if (id >= 0) return id;
  if (!std::exchange(state.full, true)) {
    logger_.log(LogLevel::Warn, "the server has no room for the statistic '" + name +
                                    "': it and later ones are not shown");
  }
  return kNone;
}

runtime::Metric* ServerMetrics::define(MetricType type, std::string_view name) {
  auto state = state_.lock();
  auto found = state->statistics.find(name);
  if (found == state->statistics.end()) {
    const std::string shown = statistic_name(name);
    const bool is_histogram = type == MetricType::Histogram;
    const int id = make_statistic(*state, is_histogram ? shown + ".count" : shown);
    const int sum_id = is_histogram ? make_statistic(*state, shown + ".sum") : kNone;
    found = state->statistics.emplace(name, std::make_unique<Statistic>(type, id, sum_id)).first;
  }
  Statistic& statistic = *found->second;
  return statistic.type() == type ? &statistic : nullptr;
}

}  // namespace weir::ats_plane
