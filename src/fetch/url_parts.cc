#include "fetch/url_parts.h"

#include <curl/curl.h>

#include <memory>
#include <utility>

#include "base/check.h"

namespace weir::fetch {
namespace {

using Url = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Url make_url() {
  Url url(curl_url(), &curl_url_cleanup);
  WEIR_CHECK(url != nullptr);
  return url;
}

// Empty where it is not there.
std::string part_of(const Url& url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url.get(), part, &text, flags) != CURLUE_OK) return "";
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

std::optional<UrlParts> parse_url(const std::string& text) {
  const Url url = make_url();
  if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  UrlParts parts;
  parts.secure = part_of(url, CURLUPART_SCHEME) == "https";
  parts.authority = part_of(url, CURLUPART_HOST);
  if (parts.authority.empty()) return std::nullopt;
  if (const std::string port = part_of(url, CURLUPART_PORT); !port.empty()) {
    parts.authority += ":" + port;
  }
  parts.target = part_of(url, CURLUPART_PATH);
  if (const std::string query = part_of(url, CURLUPART_QUERY); !query.empty()) {
    parts.target += "?" + query;
  }
  Credentials credentials{part_of(url, CURLUPART_USER, CURLU_URLDECODE),
                          part_of(url, CURLUPART_PASSWORD, CURLU_URLDECODE)};
  if (!credentials.user.empty()) parts.credentials = std::move(credentials);
  return parts;
}

std::string resolve_url(const std::string& url, const std::string& reference) {
  const Url at = make_url();
  const bool resolved = curl_url_set(at.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK &&
                        curl_url_set(at.get(), CURLUPART_URL, reference.c_str(), 0) == CURLUE_OK;
  return resolved ? part_of(at, CURLUPART_URL) : "";
}

}  // namespace weir::fetch
