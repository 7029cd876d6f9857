#include "runtime/metrics.h"

#include <array>
#include <atomic>
#include <bit>
#include <set>

namespace weir::runtime {
namespace {

constexpr size_t kHistogramBuckets = 65;

// A histogram counts values by their number of bits: bucket i holds those below 2^i.
size_t bucket_of(uint64_t value) { return static_cast<size_t>(std::bit_width(value)); }

std::string prometheus_name(std::string_view name) {
  std::string fit = "weir_";
  for (char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    fit += plain ? c : '_';
  }
  return fit;
}

}  // namespace

class MetricStore::Cell final : public Metric {
 public:
  explicit Cell(MetricType type) : type_(type) {
    if (type == MetricType::Histogram) histogram_ = std::make_unique<Histogram>();
  }

  MetricType type() const override { return type_; }

  void add(int64_t delta) override {
    value_.fetch_add(static_cast<uint64_t>(delta), std::memory_order_relaxed);
  }

  void record(uint64_t value) override {
    if (!histogram_) {
      value_.store(value, std::memory_order_relaxed);
      return;
    }
    value_.fetch_add(1, std::memory_order_relaxed);
    histogram_->sum.fetch_add(value, std::memory_order_relaxed);
    histogram_->buckets[bucket_of(value)].fetch_add(1, std::memory_order_relaxed);
  }

  void reset() {
    value_.store(0, std::memory_order_relaxed);
    if (!histogram_) return;
    histogram_->sum.store(0, std::memory_order_relaxed);
    for (auto& bucket : histogram_->buckets) bucket.store(0, std::memory_order_relaxed);
  }

  uint64_t value() const override { return value_.load(std::memory_order_relaxed); }

  uint64_t sum() const { return histogram_->sum.load(std::memory_order_relaxed); }

  uint64_t bucket(size_t i) const { return histogram_->buckets[i].load(std::memory_order_relaxed); }

 private:
  struct Histogram {
    std::atomic<uint64_t> sum = 0;
    std::array<std::atomic<uint64_t>, kHistogramBuckets> buckets{};
  };

  MetricType type_;
  std::atomic<uint64_t> value_ = 0;
  std::unique_ptr<Histogram> histogram_;
};

MetricStore::MetricStore() = default;
MetricStore::~MetricStore() = default;

Metric* MetricStore::define(MetricType type, std::string_view name) {
  auto state = state_.lock();
  auto found = state->cells.find(name);
  if (found == state->cells.end()) {
    found = state->cells.emplace(std::string(name), std::make_unique<Cell>(type)).first;
  }
  return found->second->type() == type ? found->second.get() : nullptr;
}

void MetricStore::reset(std::string_view prefix) const {
  auto state = state_.lock();
  for (auto cell = state->cells.lower_bound(prefix);
       cell != state->cells.end() && cell->first.starts_with(prefix); ++cell) {
    cell->second->reset();
  }
}

std::string MetricStore::to_text() const {
  auto state = state_.lock();
  std::string text;
  for (const auto& [name, cell] : state->cells) {
    text += name + ": " + std::to_string(cell->value());
    if (cell->type() == MetricType::Histogram) text += " sum=" + std::to_string(cell->sum());
    text += '\n';
  }
  return text;
}

std::string MetricStore::to_prometheus() const {
  auto state = state_.lock();
  std::string text;
  std::set<std::string> told;
  for (const auto& [name, cell] : state->cells) {
    const std::string fit = prometheus_name(name);
    if (!told.insert(fit).second) {
      text += "# " + name + " is left out: another metric has become " + fit + '\n';
      continue;
    }
    if (cell->type() != MetricType::Histogram) {
      text += "# TYPE " + fit + (cell->type() == MetricType::Counter ? " counter\n" : " gauge\n");
      text += fit + ' ' + std::to_string(cell->value()) + '\n';
      continue;
    }
    text += "# TYPE " + fit + " histogram\n";
    uint64_t below = 0;
    for (size_t i = 0; i < kHistogramBuckets; ++i) {
      if (cell->bucket(i) == 0) continue;
      below += cell->bucket(i);
      const uint64_t bound = i >= 64 ? UINT64_MAX : (uint64_t{1} << i) - 1;
      text += fit + "_bucket{le=\"" + std::to_string(bound) + "\"} " + std::to_string(below) + '\n';
    }
    text += fit + "_bucket{le=\"+Inf\"} " + std::to_string(below) + '\n';
    text += fit + "_sum " + std::to_string(cell->sum()) + '\n';
    text += fit + "_count " + std::to_string(cell->value()) + '\n';
  }
  return text;
}

}  // namespace weir::runtime
