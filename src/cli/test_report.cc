#include "cli/test_report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/printable.h"
#include "cli/xml_text.h"

namespace weir::cli {
namespace {

std::string milliseconds(Nanoseconds time) {
  return std::to_string(std::chrono::duration_cast<Milliseconds>(time).count());
}

std::string seconds(Nanoseconds time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.6f", static_cast<double>(time.count()) / 1e9);
  return text.data();
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

void add_case(const TestCase& test, std::string& xml) {
  xml += "    <testcase classname=\"" + xml_text(test.file + "." + test.engine) + "\" name=\"" +
         xml_text(test.name) + "\" time=\"" + seconds(test.time) + "\"";
  if (test.findings.empty()) {
    xml += "/>\n";
    return;
  }
  xml += ">\n      <failure message=\"" + xml_text(test.findings.front()) + "\">" +
         xml_text(joined(test.findings)) + "</failure>\n";
  if (!test.notes.empty()) {
    xml += "      <system-out>" + xml_text(joined(test.notes)) + "</system-out>\n";
  }
  xml += "    </testcase>\n";
}

}  // namespace

size_t TestReport::failed() const {
  return static_cast<size_t>(
      std::ranges::count_if(cases, [](const TestCase& test) { return !test.findings.empty(); }));
}

std::string to_text(const TestCase& test) {
  std::string text = test.findings.empty() ? "  passed  " : "  FAILED  ";
  text += test.engine + "  " + printable(test.name) + " (" + milliseconds(test.time) + " ms)\n";
  for (const std::string& finding : test.findings) text += "    " + printable(finding) + "\n";
  for (const std::string& note : test.notes) text += "      " + printable(note) + "\n";
  return text;
}

std::string summary_of(const TestReport& report) {
  std::string text;
  for (const SkippedEngine& skipped : report.skipped) {
    text += "skipped engine " + skipped.engine + ": " + printable(skipped.reason) + "\n";
  }
  const size_t failed = report.failed();
  text += std::to_string(report.cases.size() - failed) + " passed";
  if (failed != 0) text += ", " + std::to_string(failed) + " failed";
  return text + "\n";
}

std::string to_junit(const TestReport& report) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (auto first = report.cases.begin(); first != report.cases.end();) {
    // Cases of one file and engine lie together.
    const auto end = std::find_if(first, report.cases.end(), [&](const TestCase& test) {
      return test.file != first->file || test.engine != first->engine;
    });
    Nanoseconds time{0};
    for (auto test = first; test != end; ++test) time += test->time;
    const auto failed =
        std::count_if(first, end, [](const TestCase& test) { return !test.findings.empty(); });
    xml += "  <testsuite name=\"" + xml_text(first->file + " on " + first->engine) + "\" tests=\"" +
           std::to_string(end - first) + "\" failures=\"" + std::to_string(failed) + "\" time=\"" +
           seconds(time) + "\">\n";
    for (; first != end; ++first) add_case(*first, xml);
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace weir::cli
