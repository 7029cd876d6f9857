#include "cli/bench_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "base/printable.h"

namespace weir::cli {
namespace {

using scenario::BenchResult;
using scenario::Distribution;

std::string formatted(const char* format, double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

std::string three_digits(double value) {
  return formatted(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
}

std::string distribution_text(const Distribution& times) {
  const auto text = [](uint64_t value) { return duration_text(static_cast<double>(value)); };
  return text(times.min) + " / " + text(times.median) + " / " + text(times.p90) + " / " +
         text(times.p99);
}

// Rows of cells; the first is what the row is about.
class Table {
 public:
  void add(std::string_view head, const std::vector<BenchResult>& results,
           const std::function<std::string(const BenchResult&)>& cell) {
    std::vector<std::string>& row = rows_.emplace_back();
    row.push_back(printable(head));
    for (const BenchResult& result : results) row.push_back(cell(result));
  }

  std::string text() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_) {
      widths.resize(std::max(widths.size(), row.size()));
      for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string all;
    for (const auto& row : rows_) {
      std::string line;
      for (size_t i = 0; i < row.size(); ++i) {
        line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
      }
      all += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return all;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::vector<std::string> hostcalls_of(const BenchReport& report) {
  std::set<std::string> names;
  for (const BenchResult& result : report.results) {
    for (const auto& [name, count] : result.hostcalls) names.insert(name);
  }
  return {names.begin(), names.end()};
}

nlohmann::ordered_json json_of(const Distribution& times) {
  return {{"count", times.count}, {"min_ns", times.min}, {"median_ns", times.median},
          {"p90_ns", times.p90},  {"p99_ns", times.p99}, {"max_ns", times.max}};
}

nlohmann::ordered_json json_of(const BenchResult& result) {
  nlohmann::ordered_json json{{"engine", result.engine}, {"version", result.version}};
  if (!result.failure.empty()) {
    json["failure"] = result.failure;
    return json;
  }
  json["rounds"] = result.rounds;
  json["cold_start_ns"] = result.cold_start.count();
  json["warm_start_ns"] = result.warm_start ? nlohmann::ordered_json(result.warm_start->count())
                                            : nlohmann::ordered_json();
  json["instance_start_ns"] = result.instance_start.count();
  json["memory_bytes"] = result.memory_bytes;
  json["callbacks"] = nlohmann::ordered_json::object();
  for (const auto& [name, times] : result.callbacks) json["callbacks"][name] = json_of(times);
  json["hostcalls_per_round"] = nlohmann::ordered_json::object();
  for (const auto& [name, count] : result.hostcalls) json["hostcalls_per_round"][name] = count;
  return json;
}

}  // namespace

std::string duration_text(double nanoseconds) {
  if (nanoseconds < 1e3) return formatted("%.0f ns", nanoseconds);
  if (nanoseconds < 1e6) return three_digits(nanoseconds / 1e3) + " us";
  if (nanoseconds < 1e9) return three_digits(nanoseconds / 1e6) + " ms";
  return three_digits(nanoseconds / 1e9) + " s";
}

std::vector<std::string> callbacks_of(const BenchReport& report) {
  std::set<std::string> names;
  for (const BenchResult& result : report.results) {
    for (const auto& [name, times] : result.callbacks) names.insert(name);
  }
  return {names.begin(), names.end()};
}

std::string to_table(const BenchReport& report) {
  std::string text;
  for (const std::string& skipped : report.skipped) {
    text += "skipped engine " + printable(skipped) + "\n";
  }
  std::vector<BenchResult> results;
  for (const BenchResult& result : report.results) {
    if (result.failure.empty()) {
      results.push_back(result);
    } else {
      text += "FAILED on " + result.engine + ": " + printable(result.failure) + "\n";
    }
  }
  if (results.empty()) return text;

  Table table;
  const auto time = [](Nanoseconds t) { return duration_text(static_cast<double>(t.count())); };
  table.add(report.plugin, results,
            [](const BenchResult& result) { return result.engine + " " + result.version; });
  table.add("cold start", results, [&](const BenchResult& r) { return time(r.cold_start); });
  table.add("warm start", results,
            [&](const BenchResult& r) { return r.warm_start ? time(*r.warm_start) : "-"; });
  table.add("one more instance", results,
            [&](const BenchResult& r) { return time(r.instance_start); });
  table.add("memory, at most", results, [](const BenchResult& r) {
    constexpr double kMebibyte = 1 << 20;
    return r.memory_bytes == 0
               ? "-"
               : three_digits(static_cast<double>(r.memory_bytes) / kMebibyte) + " MiB";
  });
  table.add("rounds", results, [](const BenchResult& r) { return std::to_string(r.rounds); });
  const auto none = [](const BenchResult&) { return std::string(); };
  table.add("", results, none);
  table.add("callbacks: min / median / p90 / p99", results, none);
  for (const std::string& name : callbacks_of(report)) {
    table.add("  " + name, results, [&](const BenchResult& r) {
      const auto found = r.callbacks.find(name);
      return found == r.callbacks.end() ? "-" : distribution_text(found->second);
    });
  }
  table.add("", results, none);
  table.add("hostcalls in a round", results, none);
  for (const std::string& name : hostcalls_of(report)) {
    table.add("  " + name, results, [&](const BenchResult& r) {
      const auto found = r.hostcalls.find(name);
      return found == r.hostcalls.end() ? "-" : three_digits(found->second);
    });
  }
  return text + table.text();
}

std::string to_json(const BenchReport& report) {
  nlohmann::ordered_json json{{"plugin", report.plugin},
                              {"scenario", report.scenario},
                              {"engines", nlohmann::ordered_json::array()}};
  for (const BenchResult& result : report.results) json["engines"].push_back(json_of(result));
  if (!report.skipped.empty()) json["skipped"] = report.skipped;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace weir::cli
