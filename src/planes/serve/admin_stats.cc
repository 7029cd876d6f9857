// The admin pages about statistics.

#include <charconv>
#include <functional>
#include <nlohmann/json.hpp>

#include "planes/serve/admin_pages.h"

namespace weir::serve {
namespace {

using NameFilter = std::function<bool(std::string_view)>;

AdminReply bad_filter() {
  return {.status = 400, .body = "filter is no regular expression (RE2)\n"};
}

double number(const std::string& text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// As Envoy has it: quantiles of all histograms are told once, their values by name.
class JsonStats {
 public:
  void add(const runtime::MetricReading& reading) {
    if (reading.histogram) return add_histogram(reading);
    nlohmann::json entry = {{"name", reading.name}, {"value", reading.value}};
    if (reading.type == runtime::MetricType::Histogram) entry["sum"] = reading.sum;
    stats_.push_back(std::move(entry));
  }

  std::string text() {
    if (!computed_.empty()) {
      stats_.push_back(
          {{"histograms",
            {{"supported_quantiles", supported_}, {"computed_quantiles", computed_}}}});
    }
    return nlohmann::json{{"stats", stats_}}.dump(1, ' ', false,
                                                  nlohmann::json::error_handler_t::replace) +
           "\n";
  }

 private:
  void add_histogram(const runtime::MetricReading& reading) {
    nlohmann::json values = nlohmann::json::array();
    for (const auto& [percent, bound] : reading.histogram->quantiles) {
      values.push_back({{"interval", nullptr}, {"cumulative", bound}});
    }
    if (supported_.empty()) {
      for (const auto& [percent, bound] : reading.histogram->quantiles) {
        supported_.push_back(number(percent));
      }
    }
    computed_.push_back({{"name", reading.name}, {"values", std::move(values)}});
  }

  nlohmann::json stats_ = nlohmann::json::array();
  nlohmann::json supported_ = nlohmann::json::array();
  nlohmann::json computed_ = nlohmann::json::array();
};

}  // namespace

AdminReply prometheus_page(const runtime::MetricStore& metrics, const AdminQuery& query) {
  NameFilter wanted;
  if (const auto filter = query.find("filter")) {
    const auto made = make_name_filter(*filter);
    if (!made) return bad_filter();
    wanted = *made;
  }
  return {.content_type = "text/plain; version=0.0.4", .body = metrics.to_prometheus(wanted)};
}

AdminReply stats_page(const runtime::MetricStore& metrics, const AdminQuery& query) {
  const std::string format = query.find("format").value_or("text");
  if (format == "prometheus") return prometheus_page(metrics, query);
  if (format != "text" && format != "json") {
    return {.status = 400, .body = "format is one of: text, json, prometheus\n"};
  }
  const auto wanted = make_name_filter(query.find("filter").value_or(""));
  if (!wanted) return bad_filter();
  JsonStats json;
  std::string text;
  for (const runtime::MetricReading& reading : metrics.readings()) {
    if (!(*wanted)(reading.name) || (reading.value == 0 && query.has("usedonly"))) continue;
    format == "json" ? json.add(reading)
                     : static_cast<void>(text += reading.name + ": " + reading.text() + '\n');
  }
  if (format == "json") return {.content_type = "application/json", .body = json.text()};
  return {.body = std::move(text)};
}

}  // namespace weir::serve
