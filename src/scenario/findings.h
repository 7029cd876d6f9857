#pragma once
// What was expected and is not so.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "abi/call_text.h"
#include "base/bytes.h"

namespace weir::scenario {

// A file that is expected to hold something else, and what it would hold if it were right.
struct GoldenText {
  size_t finding;  // which finding this is, from 0
  std::filesystem::path file;
  std::string text;
};

class Findings {
 public:
  // `where` is a place in the scenario file: "scenario.yaml:7:5: scenarios[0].steps[0].expect".
  void add(std::string_view where, std::string_view what) {
    lines_.push_back(std::string(where).append(": ").append(what));
  }
  // "expected X, got Y".
  void differ(std::string_view where, std::string_view expected, std::string_view got) {
    add(where, std::string("expected ").append(expected).append(", got ").append(got));
  }

  // The last finding is about what this file says.
  void add_golden(std::filesystem::path file, std::string_view text) {
    golden_.push_back({lines_.size() - 1, std::move(file), std::string(text)});
  }

  bool empty() const { return lines_.empty(); }
  const std::vector<GoldenText>& golden() const { return golden_; }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
  std::vector<GoldenText> golden_;
};

inline std::string in_quotes(std::string_view text) { return abi::quoted_bytes(as_bytes(text)); }

}  // namespace weir::scenario
