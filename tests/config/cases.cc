#include "config/cases.h"

#include <gtest/gtest.h>

#include <fstream>

#include "config/complete_file.h"

namespace weir::test {
namespace {

std::string full_error(const std::string& message, const std::string& error) {
  if (message == "text") return error;
  const std::string base = path_of(message);
  if (error.starts_with(".: ")) return base.empty() ? error.substr(3) : base + error.substr(1);
  return base.empty() ? error : base + "." + error;
}

}  // namespace

std::vector<Case> read_cases(const std::string& path) {
  std::vector<Case> cases;
  std::ifstream in(path);
  EXPECT_TRUE(in.good());
  std::string message;
  std::string text;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.starts_with("== ")) {
      message = line.substr(3);
    } else if (line.starts_with("> ")) {
      cases.push_back({number, message == "text" ? text : complete_file(message, text),
                       full_error(message, line.substr(2))});
      text.clear();
    } else if (!message.empty() && (!line.empty() || !text.empty())) {
      text += line + "\n";
    }
  }
  EXPECT_EQ(text, "") << "a case without an error";
  return cases;
}

bool matches(std::string_view error, std::string_view expected) {
  constexpr std::string_view kAnything = "...";
  bool first = true;
  while (true) {
    const size_t end = expected.find(kAnything);
    const std::string_view part = expected.substr(0, end);
    if (end == std::string_view::npos) return first ? error == part : error.ends_with(part);
    const size_t at = error.find(part);
    if (at == std::string_view::npos || (first && at != 0)) return false;
    error.remove_prefix(at + part.size());
    expected.remove_prefix(end + kAnything.size());
    first = false;
  }
}

}  // namespace weir::test
