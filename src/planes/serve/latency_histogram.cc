#include "planes/serve/latency_histogram.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace weir::serve {
namespace {

size_t bin_of(uint64_t ms) {
  size_t decade = 0;
  while (ms >= 100) {
    ms /= 10;
    ++decade;
  }
  const size_t bin = decade == 0 ? ms : 100 + (decade - 1) * 90 + (ms - 10);
  return std::min(bin, kLatencyBins - 1);
}

// The first millisecond of a bin, and of the one after it.
uint64_t begin_of(size_t bin) {
  if (bin < 100) return bin;
  uint64_t begin = 10 + (bin - 100) % 90;
  for (size_t decade = (bin - 100) / 90 + 1; decade > 0; --decade) begin *= 10;
  return begin;
}

// In milliseconds; Envoy's default.
constexpr std::pair<uint64_t, std::string_view> kBounds[] = {
    {0, "0.5"},          {1, "1"},           {5, "5"},
    {10, "10"},          {25, "25"},         {50, "50"},
    {100, "100"},        {250, "250"},       {500, "500"},
    {1000, "1000"},      {2500, "2500"},     {5000, "5000"},
    {10000, "10000"},    {30000, "30000"},   {60000, "60000"},
    {300000, "300000"},  {600000, "600000"}, {1800000, "1800000"},
    {3600000, "3600000"}};

// In thousandths; Envoy's default.
constexpr std::pair<uint64_t, std::string_view> kQuantiles[] = {
    {0, "0"},    {250, "25"}, {500, "50"},   {750, "75"},   {900, "90"},
    {950, "95"}, {990, "99"}, {995, "99.5"}, {999, "99.9"}, {1000, "100"}};

}  // namespace

void LatencyHistogram::record(Nanoseconds took) {
  const auto ms = std::chrono::duration_cast<Milliseconds>(std::max(took, Nanoseconds{})).count();
  counts_[bin_of(static_cast<uint64_t>(ms))].add();
  sum_.add(static_cast<uint64_t>(ms));
}

void LatencyTotals::add(const LatencyHistogram& histogram) {
  for (size_t bin = 0; bin < kLatencyBins; ++bin) counts_[bin] += histogram.count(bin);
  sum_ += histogram.sum();
}

runtime::HistogramReading LatencyTotals::reading() const {
  runtime::HistogramReading reading;
  reading.sum = sum_;
  for (const uint64_t count : counts_) reading.count += count;
  for (const auto& [bound, text] : kBounds) {
    uint64_t below = 0;
    for (size_t bin = 0; bin + 1 < kLatencyBins && begin_of(bin + 1) - 1 <= bound; ++bin) {
      below += counts_[bin];
    }
    reading.below.emplace_back(text, below);
  }
  if (reading.count == 0) return reading;
  for (const auto& [thousandths, percent] : kQuantiles) {
    // The value that so many are no greater than; of the least one is.
    const uint64_t rank = std::max<uint64_t>((reading.count * thousandths + 999) / 1000, 1);
    uint64_t passed = 0;
    size_t bin = 0;
    while ((passed += counts_[bin]) < rank) ++bin;
    reading.quantiles.emplace_back(percent, begin_of(bin));
  }
  return reading;
}

}  // namespace weir::serve
