#pragma once
// The metrics that a VM instance has defined, by the numbers that its guest knows them by.

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "runtime/metrics.h"

namespace weir::runtime {

// A number is the metric's place in the table, with its type in the low bits. Thread: its
// instance's; any for one that no longer changes.
class MetricTable {
 public:
  // Begins with what `inherited` holds, which outlives it and does not change; or, with null,
  // empty.
  explicit MetricTable(const MetricTable* inherited = nullptr)
      : inherited_(inherited), first_(inherited == nullptr ? 0 : inherited->size()) {}

  // The metric's number, the same each time.
  uint32_t add(Metric& metric) {
    if (const uint32_t* known = find_number(metric)) return *known;
    const auto number = number_of(size(), metric.type());
    metrics_.push_back(&metric);
    return numbers_.emplace(&metric, number).first->second;
  }

  // Null: no metric has that number.
  Metric* find(uint32_t number) const {
    const size_t place = number >> kTypeBits;
    if (place < first_) return inherited_->find(number);
    if (place >= size()) return nullptr;
    Metric* metric = metrics_[place - first_];
    return number == number_of(place, metric->type()) ? metric : nullptr;
  }

  size_t size() const { return first_ + metrics_.size(); }

 private:
  static constexpr unsigned kTypeBits = 2;

  static uint32_t number_of(size_t place, MetricType type) {
    return static_cast<uint32_t>(place << kTypeBits) | static_cast<uint32_t>(type);
  }

  // Null: it is not here.
  const uint32_t* find_number(const Metric& metric) const {
    if (inherited_ != nullptr) {
      if (const uint32_t* known = inherited_->find_number(metric)) return known;
    }
    const auto found = numbers_.find(&metric);
    return found == numbers_.end() ? nullptr : &found->second;
  }

  const MetricTable* inherited_;
  size_t first_;
  std::vector<Metric*> metrics_;
  std::unordered_map<const Metric*, uint32_t> numbers_;
};

}  // namespace weir::runtime
