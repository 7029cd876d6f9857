#include "base/shown_url.h"

namespace weir {

std::string shown_url(std::string_view url) {
  const size_t scheme = url.find("://");
  const size_t begin = scheme == std::string_view::npos ? 0 : scheme + 3;
  // An '@' behind the first slash is part of the path, as in the digest of an image. A query may
  // begin inside of a password that should have been escaped.
  const size_t at = url.substr(0, url.find('/', begin)).rfind('@');
  std::string shown(url.substr(0, begin));
  if (at != std::string_view::npos && at >= begin) {
    shown += "***";
    url.remove_prefix(at);
  } else {
    url.remove_prefix(begin);
  }
  return shown.append(url.substr(0, url.find_first_of("?#")));
}

}  // namespace weir
