#pragma once
// Which upstreams a plugin's HTTP and gRPC calls may go to.

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace weir::runtime {

// Whether `name` is as `pattern` says, in which each '*' stands for any characters, or none. Takes
// time in proportion to the product of both sizes at most.
inline bool matches_target(std::string_view pattern, std::string_view name) {
  size_t at = 0;
  size_t in_name = 0;
  size_t after_star = std::string_view::npos;  // in the pattern
  size_t star_ends = 0;                        // where in the name the last '*' ends, as tried
  while (in_name < name.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      after_star = ++at;
      star_ends = in_name;
    } else if (at < pattern.size() && pattern[at] == name[in_name]) {
      ++at;
      ++in_name;
    } else if (after_star != std::string_view::npos) {
      at = after_star;
      in_name = ++star_ends;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

// No targets allow all.
inline bool is_allowed_target(const std::set<std::string>& targets, std::string_view name) {
  return targets.empty() || std::ranges::any_of(targets, [name](const std::string& pattern) {
           return matches_target(pattern, name);
         });
}

}  // namespace weir::runtime
