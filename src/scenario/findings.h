#pragma once
// What was expected and is not so.

#include <string>
#include <string_view>
#include <vector>

#include "abi/call_text.h"
#include "base/bytes.h"

namespace weir::scenario {

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

  bool empty() const { return lines_.empty(); }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

inline std::string in_quotes(std::string_view text) { return abi::quoted_bytes(as_bytes(text)); }

}  // namespace weir::scenario
