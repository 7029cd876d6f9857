#include "planes/serve/admin_query.h"

#include <re2/re2.h>

#include <charconv>
#include <memory>

namespace weir::serve {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> AdminQuery::find(std::string_view name) const {
  for (std::string_view rest = text_; !rest.empty();) {
    const size_t end = rest.find('&');
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const size_t equals = part.find('=');
    if (decoded(part.substr(0, equals)) != name) continue;
    return equals == std::string_view::npos ? std::string() : decoded(part.substr(equals + 1));
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
