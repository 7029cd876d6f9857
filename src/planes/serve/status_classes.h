#pragma once
// Responses counted by the first digit of their status.

#include <array>
#include <cstddef>
#include <cstdint>

#include "planes/serve/counter.h"

namespace weir::serve {

// From 1xx to 5xx.
using ClassTotals = std::array<uint64_t, 5>;

// Thread: as a Counter.
class StatusClasses {
 public:
  // What lies beyond, and what is no status, counts as 5xx.
  void count(int status) {
    const int place = status / 100 - 1;
    const bool known = place >= 0 && place < static_cast<int>(counters_.size());
    counters_[known ? static_cast<size_t>(place) : counters_.size() - 1].add();
  }

  void add_to(ClassTotals& totals) const {
    for (size_t i = 0; i < totals.size(); ++i) totals[i] += counters_[i].value();
  }

  // 0: 1xx.
  const Counter& operator[](size_t place) const { return counters_[place]; }

 private:
  std::array<Counter, std::tuple_size_v<ClassTotals>> counters_;
};

}  // namespace weir::serve
