#include "fetch/http_client.h"

#include <curl/curl.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

#include "base/lower_case.h"
#include "base/shown_url.h"

namespace weir::fetch {
namespace {

constexpr std::string_view kSecure = "https:";

void init_once() {
  static const CURLcode kInitialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  WEIR_CHECK(kInitialised == CURLE_OK);
}

// Collects a body up to its bound.
struct Body {
  std::string bytes;
  uint64_t max_bytes;
  bool too_large = false;
};

size_t on_bytes(char* data, size_t one, size_t size, void* body_pointer) {
  auto& body = *static_cast<Body*>(body_pointer);
  body.too_large = size > body.max_bytes - body.bytes.size();
  if (body.too_large) return 0;
  body.bytes.append(data, one * size);
  return size;
}

int on_progress(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

// Whether a certificate is as it should be, save that nobody who is trusted has issued it.
bool is_of_a_stranger(CURL* handle) {
  long result = X509_V_OK;
  curl_easy_getinfo(handle, CURLINFO_SSL_VERIFYRESULT, &result);
  switch (result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return true;
    default:
      return false;
  }
}

// What is wrong with a certificate or a URL stays wrong.
bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

class HeaderList {
 public:
  explicit HeaderList(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      curl_slist* longer = curl_slist_append(list_, line.c_str());
      WEIR_CHECK(longer != nullptr);
      list_ = longer;
    }
  }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }

  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

std::vector<std::string> header_values(CURL* handle, const char* name) {
  std::vector<std::string> values;
  curl_header* header = nullptr;
  while (curl_easy_header(handle, name, values.size(), CURLH_HEADER, -1, &header) == CURLHE_OK) {
    values.emplace_back(header->value);
  }
  return values;
}

std::string text_of(CURL* handle, CURLINFO info) {
  const char* text = nullptr;
  curl_easy_getinfo(handle, info, &text);
  return text == nullptr ? "" : text;
}

}  // namespace

struct HttpClient::Curl {
  // What a chain of redirects has come to.
  struct Way {
    CURL* handle;
    bool secure = false;
    std::string insecure_url;  // where it left https; empty: nowhere
  };

  CURL* handle;
  Trust trust;
  std::stop_token stop;

  template <typename Value>
  void set(CURLoption option, Value value) const {
    WEIR_CHECK(curl_easy_setopt(handle, option, value) == CURLE_OK);
  }

  void prepare(const HttpRequest& request) const;
  Failure failure(CURLcode code, const Body& body, const char* words) const;
  // Called before each request of a chain. What has been secure once stays so.
  static int on_request(void* way, char*, char*, int, int);
};

int HttpClient::Curl::on_request(void* way_pointer, char*, char*, int, int) {
  Way& way = *static_cast<Way*>(way_pointer);
  const std::string url = text_of(way.handle, CURLINFO_EFFECTIVE_URL);
  const bool secure = lower_case(url.substr(0, kSecure.size())) == kSecure;
  if (way.secure && !secure) {
    way.insecure_url = url;
    return CURL_PREREQFUNC_ABORT;
  }
  way.secure = secure;
  return CURL_PREREQFUNC_OK;
}

void HttpClient::Curl::prepare(const HttpRequest& request) const {
  curl_easy_reset(handle);  // keeps connections
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, long{kMaxRedirects});
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_USERAGENT, "weir");
  constexpr uint64_t kMost = std::numeric_limits<curl_off_t>::max();
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(std::min(request.max_bytes, kMost)));
  if (!trust.ca_file.empty()) set(CURLOPT_CAINFO, trust.ca_file.c_str());
  if (!trust.ca_folder.empty()) set(CURLOPT_CAPATH, trust.ca_folder.c_str());
  if (!request.form.empty()) set(CURLOPT_COPYPOSTFIELDS, request.form.c_str());
}

Failure HttpClient::Curl::failure(CURLcode code, const Body& body, const char* words) const {
  if (code == CURLE_ABORTED_BY_CALLBACK) return final("broken off");
  if (code == CURLE_FILESIZE_EXCEEDED || body.too_large) {
    return final("the answer is larger than " + std::to_string(body.max_bytes) + " bytes",
                 ErrorCode::LimitExceeded);
  }
  // What libcurl 7 says where a line goes beyond its buffer of 100 KiB.
  if (code == CURLE_OUT_OF_MEMORY) {
    return final("a line of the answer's head is too long; see what answers at that uri");
  }
  std::string reason = *words == '\0' ? curl_easy_strerror(code) : words;
  if (code == CURLE_PEER_FAILED_VERIFICATION && is_of_a_stranger(handle)) {
    return final(std::move(reason) + "; " + trust.remedy);
  }
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return final(std::move(reason) + "; name a file of certificates in PEM");
  }
  return may_pass(code) ? passing(std::move(reason)) : final(std::move(reason));
}

HttpClient::HttpClient(const Trust& trust) {
  init_once();
  CURL* handle = curl_easy_init();
  WEIR_CHECK(handle != nullptr);
  curl_ = std::make_unique<Curl>(Curl{.handle = handle, .trust = trust, .stop = {}});
}

void HttpClient::stop_by(std::stop_token stop) { curl_->stop = std::move(stop); }

HttpClient::~HttpClient() { curl_easy_cleanup(curl_->handle); }

Fetched<HttpResponse> HttpClient::send(const HttpRequest& request) {
  Body body{.max_bytes = request.max_bytes};
  const HeaderList headers(request.headers);
  std::array<char, CURL_ERROR_SIZE> words{};
  curl_->prepare(request);
  curl_->set(CURLOPT_HTTPHEADER, headers.get());
  curl_->set(CURLOPT_WRITEFUNCTION, on_bytes);
  curl_->set(CURLOPT_WRITEDATA, static_cast<void*>(&body));
  curl_->set(CURLOPT_NOPROGRESS, 0L);
  curl_->set(CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_->set(CURLOPT_XFERINFODATA, static_cast<void*>(&curl_->stop));
  curl_->set(CURLOPT_ERRORBUFFER, words.data());

  CURL* handle = curl_->handle;
  Curl::Way way{.handle = handle};
  curl_->set(CURLOPT_PREREQFUNCTION, Curl::on_request);
  curl_->set(CURLOPT_PREREQDATA, static_cast<void*>(&way));
  const CURLcode code = curl_easy_perform(handle);
  if (!way.insecure_url.empty()) return leads_from_https(request.url, way.insecure_url);
  if (code != CURLE_OK) {
    return curl_->failure(code, body, words.data()).in(shown_url(request.url));
  }
  HttpResponse response;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
  response.body = std::move(body.bytes);
  response.content_type = text_of(handle, CURLINFO_CONTENT_TYPE);
  response.redirect = text_of(handle, CURLINFO_REDIRECT_URL);
  response.challenges = header_values(handle, "www-authenticate");
  return response;
}

Failure leads_from_https(std::string_view url, std::string_view redirect) {
  return final("a redirect leads from https to " + shown_url(redirect) +
               ", where none is followed; write a uri that stays with https")
      .in(shown_url(url));
}

Fetched<Unit> expect_ok(std::string_view url, const HttpResponse& response) {
  const long status = response.status;
  if (status == 200) return Unit{};
  std::string reason =
      shown_url(url) + ": the server answers with status " + std::to_string(status);
  if (!response.redirect.empty()) {
    return final(std::move(reason) + ", a redirect to " + shown_url(response.redirect) +
                 ", which is not followed");
  }
  return passing(std::move(reason));
}

}  // namespace weir::fetch
