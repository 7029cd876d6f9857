#include "planes/serve/admin_query.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>

#include "base/percent.h"

namespace weir::serve {
namespace {

// As forms have it: a plus is a blank.
std::string form_decoded(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decoded(spaced);
}

}  // namespace

std::optional<std::string> AdminQuery::find(std::string_view name) const {
  for (std::string_view rest = text_; !rest.empty();) {
    const size_t end = rest.find('&');
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t equals = part.find('=');
    if (form_decoded(part.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : form_decoded(part.substr(equals + 1));
  }
  return std::nullopt;
}

std::optional<std::function<bool(std::string_view)>> make_name_filter(const std::string& filter) {
  // Expressions of a scraper's, not of a stranger's; RE2's own bounds hold all the same.
  const auto compiled = std::make_shared<const re2::RE2>(filter, re2::RE2::Quiet);
  if (!compiled->ok()) return std::nullopt;
  return [compiled](std::string_view name) {
    return re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *compiled);
  };
}

}  // namespace weir::serve
