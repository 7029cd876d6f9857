#include "runtime/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <tuple>
#include <vector>

namespace weir::runtime {
namespace {

constexpr size_t kHistogramBuckets = 65;

// A histogram counts values by their number of bits: bucket i holds those below 2^i.
size_t bucket_of(uint64_t value) { return static_cast<size_t>(std::bit_width(value)); }

// Names of listeners may hold anything; a line break would forge lines of a report.
std::string in_one_line(std::string name) {
  std::ranges::replace_if(
      name, [](char c) { return static_cast<unsigned char>(c) < ' '; }, '_');
  return name;
}

std::string prometheus_name(std::string_view name) {
  std::string fit = "weir_";
  for (char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    fit += plain ? c : '_';
  }
  return fit;
}

// name="value",name="value"
std::string label_text(const PrometheusName& told) {
  std::string text;
  for (const auto& [name, value] : told.labels) {
    if (!text.empty()) text += ',';
    text += name + "=\"";
    for (const char c : value) {
      if (c == '\\' || c == '"') text += '\\';
      if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '"';
  }
  return text;
}

std::string in_braces(const std::string& labels) {
  return labels.empty() ? labels : "{" + labels + "}";
}

}  // namespace

class MetricStore::Cell final : public Metric {
 public:
  // As Prometheus is told.
  const std::string family;
  const std::string labels;
  std::unique_ptr<const HistogramReading> reading;  // null: it is counted here

  Cell(MetricType type, const PrometheusName& told)
      : family(prometheus_name(told.family)), labels(label_text(told)), type_(type) {
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

  std::string_view type_name() const {
    if (type_ == MetricType::Histogram) return "histogram";
    return type_ == MetricType::Counter ? "counter" : "gauge";
  }

  // In the Prometheus text format, without its type.
  void tell(std::string& text) const {
    if (type_ != MetricType::Histogram) {
      text += family + in_braces(labels) + ' ' + std::to_string(value()) + '\n';
      return;
    }
    const std::string begin = labels.empty() ? "le=\"" : labels + ",le=\"";
    if (reading != nullptr) return tell_reading(begin, text);
    uint64_t below = 0;
    for (size_t i = 0; i < kHistogramBuckets; ++i) {
      if (bucket(i) == 0) continue;
      below += bucket(i);
      const uint64_t bound = i >= 64 ? UINT64_MAX : (uint64_t{1} << i) - 1;
      text += family + "_bucket{" + begin + std::to_string(bound) + "\"} " + std::to_string(below) +
              '\n';
    }
    text += family + "_bucket{" + begin + "+Inf\"} " + std::to_string(below) + '\n';
    text += family + "_sum" + in_braces(labels) + ' ' + std::to_string(sum()) + '\n';
    text += family + "_count" + in_braces(labels) + ' ' + std::to_string(value()) + '\n';
  }

 private:
  void tell_reading(const std::string& begin, std::string& text) const {
    for (const auto& [bound, count] : reading->below) {
      text += family + "_bucket{" + begin + bound + "\"} " + std::to_string(count) + '\n';
    }
    text += family + "_bucket{" + begin + "+Inf\"} " + std::to_string(reading->count) + '\n';
    text += family + "_sum" + in_braces(labels) + ' ' + std::to_string(reading->sum) + '\n';
    text += family + "_count" + in_braces(labels) + ' ' + std::to_string(reading->count) + '\n';
  }

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
  return define(type, name, {.family = std::string(name), .labels = {}});
}

Metric* MetricStore::define(MetricType type, std::string_view name, const PrometheusName& told) {
  auto state = state_.lock();
  auto found = state->cells.find(name);
  if (found == state->cells.end()) {
    found = state->cells.emplace(std::string(name), std::make_unique<Cell>(type, told)).first;
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

void MetricStore::tell(std::string_view name, const PrometheusName& told,
                       HistogramReading reading) const {
  auto state = state_.lock();
  auto found = state->cells.find(name);
  if (found == state->cells.end()) {
    found =
        state->cells.emplace(std::string(name), std::make_unique<Cell>(MetricType::Histogram, told))
            .first;
  } else if (found->second->reading == nullptr) {
    return;
  }
  found->second->reading = std::make_unique<const HistogramReading>(std::move(reading));
}

std::string MetricReading::text() const {
  if (type != MetricType::Histogram) return std::to_string(value);
  if (!histogram) return std::to_string(value) + " sum=" + std::to_string(sum);
  if (histogram->quantiles.empty()) return "No recorded values";
  std::string text;
  for (const auto& [percent, bound] : histogram->quantiles) {
    if (!text.empty()) text += ' ';
    text += "P" + percent + "(nan," + std::to_string(bound) + ")";
  }
  return text;
}

std::vector<MetricReading> MetricStore::readings() const {
  auto state = state_.lock();
  std::vector<MetricReading> all;
  for (const auto& [name, cell] : state->cells) {
    MetricReading& reading = all.emplace_back();
    reading.name = in_one_line(name);
    reading.type = cell->type();
    reading.value = cell->value();
    if (cell->reading != nullptr) {
      reading.histogram = *cell->reading;
      reading.value = cell->reading->count;
      reading.sum = cell->reading->sum;
    } else if (reading.type == MetricType::Histogram) {
      reading.sum = cell->sum();
    }
  }
  return all;
}

std::string MetricStore::to_text() const {
  std::string text;
  for (const MetricReading& reading : readings()) {
    text += reading.name + ": " + reading.text() + '\n';
  }
  return text;
}

// All of a family stand together.
std::string MetricStore::to_prometheus(const std::function<bool(std::string_view)>& wanted) const {
  auto state = state_.lock();
  std::vector<std::pair<const std::string*, const Cell*>> sorted;
  for (const auto& [name, cell] : state->cells) {
    if (wanted == nullptr || wanted(name)) sorted.emplace_back(&name, cell.get());
  }
  std::ranges::stable_sort(sorted, {}, [](const auto& entry) {
    return std::tie(entry.second->family, entry.second->labels);
  });
  std::string text;
  const Cell* told = nullptr;
  for (const auto& [name, cell] : sorted) {
    const bool same_family = told != nullptr && told->family == cell->family;
    if (same_family && (told->labels == cell->labels || told->type() != cell->type())) {
      text += "# " + in_one_line(*name) + " is left out: another metric has become " +
              cell->family + '\n';
      continue;
    }
    if (!same_family) {
      text.append("# TYPE ").append(cell->family).append(" ");
      text.append(cell->type_name()).append("\n");
    }
    cell->tell(text);
    told = cell;
  }
  return text;
}

}  // namespace weir::runtime
