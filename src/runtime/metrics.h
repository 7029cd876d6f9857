#pragma once
// Counters, gauges and histograms of plugins and of Weir itself.

#include <cstdint>
#include <map>
#include <memory>
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

  // Takes what those of that beginning hold back to nothing; they stay defined. Thread: any.
  void reset(std::string_view prefix) const;

  // "name: value" lines in order of name; a histogram has count, sum and buckets. Thread: any.
  std::string to_text() const;

  // The Prometheus text format. Names are made fit ('.' and '-' become '_', "weir_" goes before);
  // of those that come to the same, labels included, the first is told, and a comment names the
  // others.
  std::string to_prometheus() const;

 private:
  class Cell;
  struct State {
    std::map<std::string, std::unique_ptr<Cell>, std::less<>> cells;
  };

  Guarded<State> state_;
};

}  // namespace weir::runtime
