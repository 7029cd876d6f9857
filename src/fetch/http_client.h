#pragma once
// HTTP requests to servers elsewhere, by libcurl.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "fetch/failure.h"

namespace weir::fetch {

struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string form;                  // the body of a POST; empty: a GET
  Milliseconds timeout{10'000};
  uint64_t max_bytes = 0;  // of the answer's body
  // Follows redirects, at most five and never from https to http. Credentials in `headers` go to
  // the first host alone.
  bool follow_redirects = false;
};

struct HttpResponse {
  long status = 0;
  std::string body;
  std::string content_type;
  std::string redirect;                 // where a redirect that was not followed leads
  std::vector<std::string> challenges;  // the values of WWW-Authenticate
};

// Keeps connections open between requests. Proxies are taken from the environment, as libcurl
// does. Thread: one.
class HttpClient {
 public:
  struct Trust {
    std::string ca_file;    // in PEM; empty: what libcurl was built with
    std::string ca_folder;  // hashed as by c_rehash; empty: the same
    // What to do about a server whose authority is not among them, for errors.
    std::string remedy = "trust its authority, too";
  };
  explicit HttpClient(const Trust& trust);
  ~HttpClient();

  // A request under way ends within a second of this stop; none: it does not.
  void stop_by(std::stop_token stop);

  // The answer, whatever its status; a failure where there is none.
  Fetched<HttpResponse> send(const HttpRequest& request);

 private:
  struct Curl;
  std::unique_ptr<Curl> curl_;
};

// Redirects that are followed, one after the other.
inline constexpr int kMaxRedirects = 5;

// The failure of a redirect from https to http.
Failure leads_from_https(std::string_view url, std::string_view redirect);

// A failure unless the status is 200: passing where the server may do better later.
Fetched<Unit> expect_ok(std::string_view url, const HttpResponse& response);

}  // namespace weir::fetch
