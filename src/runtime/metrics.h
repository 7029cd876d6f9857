#pragma once
// Counters, gauges and histograms of plugins and of Weir itself.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/types.h"
#include "base/guarded.h"

namespace weir::runtime {

using abi::MetricType;

// One metric, updated without a lock. Thread: any.
class Metric {
 public:
  virtual ~Metric() = default;

  virtual MetricType type() const = 0;

  // Adds to a counter or gauge.
  virtual void add(int64_t delta) = 0;

  // Sets a counter or gauge, records a value in a histogram.
  virtual void record(uint64_t value) = 0;

  // The value of a counter or gauge; the number of values of a histogram.
  virtual uint64_t value() const = 0;
};

// How Prometheus is told of a metric whose name has the names of other things inside: by a name
// that all those have, and labels.
struct PrometheusName {
  std::string family;
  std::vector<std::pair<std::string, std::string>> labels;
};

// A histogram that somebody else keeps, as it is at some moment.
struct HistogramReading {
  // Percentages, and the values that so many are no greater than; none where nothing was recorded.
  std::vector<std::pair<std::string, uint64_t>> quantiles;
  // By upper bound, the lowest first: how many values are no greater.
  std::vector<std::pair<std::string, uint64_t>> below;
  uint64_t count = 0;
  uint64_t sum = 0;
};

// A metric, as it is at some moment.
struct MetricReading {
  std::string name;
  abi::MetricType type{};
  uint64_t value = 0;                         // of a histogram, how many values
  uint64_t sum = 0;                           // of a histogram's values
  std::optional<HistogramReading> histogram;  // one that somebody else keeps

  // What stands behind the name in to_text().
  std::string text() const;
};

// The metrics of a process. A plane whose proxy has metrics of its own keeps them there.
class Metrics {
 public:
  virtual ~Metrics() = default;

  // The metric of that name, made if need be; it lives as long as this object. Null where the name
  // has another type. Thread: any; not for the request path.
  virtual Metric* define(MetricType type, std::string_view name) = 0;
};

// Metrics kept in memory, for planes without a store of their own.
class MetricStore final : public Metrics {
 public:
  MetricStore();
  ~MetricStore() override;

  Metric* define(MetricType type, std::string_view name) override;
  // The same, with a name for Prometheus of its own. The first one stays.
  Metric* define(MetricType type, std::string_view name, const PrometheusName& told);

  // From now on the histogram of that name is told so; no plugin records in it. Nothing is done
  // where the name is another metric's. Thread: any.
  void tell(std::string_view name, const PrometheusName& told, HistogramReading reading) const;

  // Takes what those of that beginning hold back to nothing; they stay defined. Thread: any.
  void reset(std::string_view prefix) const;

  // In order of name. Thread: any.
  std::vector<MetricReading> readings() const;

  // "name: value" lines of all of them; a histogram has its count and sum, or as Envoy has it
  // quantiles: "P0(nan,1) P25(nan,3) …". Thread: any.
  std::string to_text() const;

  // The Prometheus text format. Names are made fit ('.' and '-' become '_', "weir_" goes before);
  // of those that come to the same, labels included, the first is told, and a comment names the
  // others. Those whose own name `wanted` says no to are left out; null: none is.
  std::string to_prometheus(const std::function<bool(std::string_view)>& wanted = nullptr) const;

 private:
  class Cell;
  struct State {
    std::map<std::string, std::unique_ptr<Cell>, std::less<>> cells;
  };

  Guarded<State> state_;
};

}  // namespace weir::runtime
