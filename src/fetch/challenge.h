#pragma once
// What a WWW-Authenticate header asks for (RFC 9110, section 11.6.1).

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::fetch {

struct Challenge {
  std::string scheme;                         // in lower case: "basic", "bearer"
  std::map<std::string, std::string> params;  // names in lower case

  const std::string& param(const std::string& name) const;  // empty where it is missing
};

// One header's value may hold several. What is malformed ends the list.
std::vector<Challenge> parse_challenges(std::string_view header);

}  // namespace weir::fetch
