#pragma once
// How long things have taken: what one thread counts, and any adds up.

#include <array>
#include <cstdint>

#include "base/clock.h"
#include "planes/serve/counter.h"
#include "runtime/metrics.h"

namespace weir::serve {

// By milliseconds to two digits, as Envoy's histograms are: 0, 1, …, 99, 100, 110, …, 990, 1000,
// 1100 and so on, the last one without an end.
inline constexpr size_t kLatencyBins = 100 + 6 * 90;

// Of one worker. Thread: its worker's changes it, any reads it.
class LatencyHistogram {
 public:
  void record(Nanoseconds took);

  uint64_t count(size_t bin) const { return counts_[bin].value(); }
  uint64_t sum() const { return sum_.value(); }  // in milliseconds

 private:
  std::array<Counter, kLatencyBins> counts_;
  Counter sum_;
};

// Of all workers. Thread: one.
class LatencyTotals {
 public:
  void add(const LatencyHistogram& histogram);

  // With Envoy's usual quantiles and bounds.
  runtime::HistogramReading reading() const;

 private:
  std::array<uint64_t, kLatencyBins> counts_{};
  uint64_t sum_ = 0;
};

}  // namespace weir::serve
