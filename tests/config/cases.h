#pragma once
// Configurations that are refused, as text files list them; bad_configurations.txt says how.

#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct Case {
  int line;  // in the text file
  std::string file;
  std::string error;  // without file, line and column
};

std::vector<Case> read_cases(const std::string& path);

// Whether `error` is `expected`, in which "..." stands for anything.
bool matches(std::string_view error, std::string_view expected);

}  // namespace weir::test
