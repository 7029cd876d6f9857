#include "planes/serve/underscores.h"

#include <string>
#include <string_view>
#include <vector>

namespace weir::serve {

bool apply_underscores(config::RequestLimits::Underscores rule, HeaderList& request) {
  using enum config::RequestLimits::Underscores;
  if (rule == Allow) return true;
  std::vector<std::string> found;
  request.for_each([&](std::string_view name, std::string_view) {
    if (name.find('_') != std::string_view::npos) found.emplace_back(name);
  });
  if (rule == Reject) return found.empty();
  for (const std::string& name : found) request.remove(name);
  return true;
}

}  // namespace weir::serve
