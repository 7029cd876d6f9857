#include "base/shown_url.h"

#include <algorithm>

namespace weir {
namespace {

constexpr auto kNoPosition = std::string_view::npos;

size_t authority_begin(std::string_view url) {
  const size_t scheme = url.find("://");
  return scheme == kNoPosition ? 0 : scheme + 3;
}

// "user:pa" in "user:pa/ss@host": what stands behind the colon is no port.
bool begins_a_password(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == kNoPosition || authority.ends_with(']')) return false;
  const std::string_view port = authority.substr(colon + 1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return port.size() > 5 || !std::ranges::all_of(port, is_digit);
}

// The '@' behind a user and a password, or kNoPosition. One behind the first slash is part of the
// path, as in the digest of an image, unless a password that should have been escaped has that
// slash. A query may begin inside of such a password, too.
size_t find_user_end(std::string_view url) {
  const size_t begin = authority_begin(url);
  const size_t slash = url.find('/', begin);
  size_t at = url.substr(0, slash).rfind('@');
  const bool in_authority = at != kNoPosition && at >= begin;
  if (!in_authority) {
    if (!begins_a_password(url.substr(begin, slash == kNoPosition ? kNoPosition : slash - begin)))
      return kNoPosition;
    at = url.rfind('@');
  }
  return at != kNoPosition && at >= begin ? at : kNoPosition;
}

}  // namespace

bool has_user(std::string_view url) { return find_user_end(url) != kNoPosition; }

std::string shown_url(std::string_view url) {
  const size_t begin = authority_begin(url);
  const size_t at = find_user_end(url);
  std::string shown(url.substr(0, begin));
  if (at != kNoPosition) shown += "***";
  url.remove_prefix(at == kNoPosition ? begin : at);
  return shown.append(url.substr(0, url.find_first_of("?#")));
}

}  // namespace weir
