#include "cli/bench_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cli/xml_text.h"

namespace weir::cli {
namespace {

using scenario::BenchResult;
using scenario::Distribution;

// In pixels.
constexpr double kLeft = 300;
constexpr double kWidth = 640;
constexpr double kRight = 30;
constexpr double kTop = 60;
constexpr double kBar = 14;
constexpr double kGap = 16;
constexpr double kBottom = 40;

// Told apart by those who do not see all colours alike (Okabe and Ito).
constexpr std::array kColors{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                             "#d55e00", "#56b4e9", "#999999"};

std::string number(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", value);
  return text.data();
}

std::string text_at(double x, double y, const std::string& anchor, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" text-anchor=\"" + anchor + "\">" +
         xml_text(text) + "</text>\n";
}

std::string rectangle(double x, double y, double width, double height, const char* color) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) +
         "\" height=\"" + number(height) + "\" fill=\"" + color + "\"/>\n";
}

// Whole powers of ten, in nanoseconds, around all that is drawn.
class Axis {
 public:
  explicit Axis(const std::vector<const Distribution*>& all) {
    double least = std::numeric_limits<double>::max();
    double most = 1;
    for (const Distribution* times : all) {
      least = std::min(least, std::max(1.0, static_cast<double>(times->min)));
      most = std::max(most, static_cast<double>(times->p99));
    }
    if (all.empty()) least = 1;
    from_ = std::floor(std::log10(least));
    to_ = std::max(from_ + 1, std::ceil(std::log10(most)));
  }

  double x(double nanoseconds) const {
    return kLeft + (std::log10(std::max(1.0, nanoseconds)) - from_) / (to_ - from_) * kWidth;
  }

  std::string lines(double bottom) const {
    std::string svg;
    for (double power = from_; power <= to_; ++power) {
      const double at = x(std::pow(10.0, power));
      svg += "<line x1=\"" + number(at) + "\" y1=\"" + number(kTop - 6) + "\" x2=\"" + number(at) +
             "\" y2=\"" + number(bottom) + "\" stroke=\"#cccccc\"/>\n";
      svg += text_at(at, bottom + 16, "middle", duration_text(std::pow(10.0, power)));
    }
    return svg;
  }

 private:
  double from_ = 0;
  double to_ = 1;
};

std::string bar(const Distribution& times, const Axis& axis, double y, const char* color) {
  const auto at = [&](uint64_t value) { return axis.x(static_cast<double>(value)); };
  std::string svg = "<line x1=\"" + number(at(times.min)) + "\" y1=\"" + number(y + kBar / 2) +
                    "\" x2=\"" + number(at(times.p99)) + "\" y2=\"" + number(y + kBar / 2) +
                    "\" stroke=\"" + color + "\" stroke-width=\"2\"/>\n";
  svg += rectangle(at(times.median), y + 2, std::max(2.0, at(times.p90) - at(times.median)),
                   kBar - 4, color);
  return svg;
}

}  // namespace

std::string to_svg(const BenchReport& report) {
  std::vector<const BenchResult*> results;
  std::vector<const Distribution*> all;
  for (const BenchResult& result : report.results) {
    if (!result.failure.empty()) continue;
    results.push_back(&result);
    for (const auto& [name, times] : result.callbacks) all.push_back(&times);
  }
  const std::vector<std::string> callbacks = callbacks_of(report);
  const Axis axis(all);
  const double group = kBar * static_cast<double>(results.size()) + kGap;
  const double bottom = kTop + group * static_cast<double>(callbacks.size());

  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" +
                    number(kLeft + kWidth + kRight) + "\" height=\"" + number(bottom + kBottom) +
                    "\" font-family=\"sans-serif\" font-size=\"12\">\n";
  svg += rectangle(0, 0, kLeft + kWidth + kRight, bottom + kBottom, "#ffffff");
  svg += text_at(10, 20, "start",
                 report.plugin + ": fastest to 99th percentile, box from median to 90th");
  double legend = 10;
  for (size_t i = 0; i < results.size(); ++i) {
    const std::string name = results[i]->engine + " " + results[i]->version;
    svg += rectangle(legend, 32, 10, 10, kColors[i % kColors.size()]);
    svg += text_at(legend + 14, 42, "start", name);
    legend += 40 + 7.0 * static_cast<double>(name.size());
  }
  svg += axis.lines(bottom);
  for (size_t row = 0; row < callbacks.size(); ++row) {
    double y = kTop + group * static_cast<double>(row);
    svg += text_at(kLeft - 10, y + (group - kGap) / 2 + 4, "end", callbacks[row]);
    for (size_t i = 0; i < results.size(); ++i, y += kBar) {
      const auto found = results[i]->callbacks.find(callbacks[row]);
      if (found == results[i]->callbacks.end()) continue;
      svg += bar(found->second, axis, y, kColors[i % kColors.size()]);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace weir::cli
