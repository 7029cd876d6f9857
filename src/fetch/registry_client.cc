#include "fetch/registry_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/percent.h"
#include "base/shown_url.h"
#include "fetch/bad_image.h"
#include "fetch/challenge.h"
#include "fetch/image_layer.h"

namespace weir::fetch {
namespace {

constexpr uint64_t kMaxManifestBytes = 4 << 20;
constexpr uint64_t kMaxTokenBytes = 1 << 20;

// Docker Hub's registry has another name than it is known by, and its own images no team.
std::string host_of(const ImageReference& reference) {
  return reference.registry == "docker.io" ? "registry-1.docker.io" : reference.registry;
}

std::string repository_of(const ImageReference& reference) {
  const bool needs_team =
      reference.registry == "docker.io" && reference.repository.find('/') == std::string::npos;
  return (needs_team ? "library/" : "") + reference.repository;
}

Failure not_the_digest(std::string_view what, const Digest& is, const Digest& wanted) {
  return bad_image("the sha256 of " + std::string(what) + " is " + to_hex(is) + ", not " +
                   to_hex(wanted));
}

bool is_too_large(const Fetched<HttpResponse>& response) {
  return !response.ok() && response.error().error.code == ErrorCode::LimitExceeded;
}

Digest digest_of(std::string_view bytes) { return sha256({as_bytes(bytes)}); }

}  // namespace

Fetched<std::string> RegistryClient::fetch_code() {
  auto code = fetch_image();
  if (code.ok()) return code;
  return std::move(code).error().in(shown_url(source_.uri));
}

Fetched<std::string> RegistryClient::fetch_image() {
  auto reference = parse_image_reference(source_.uri);
  if (!reference.ok()) return Failure{std::move(reference).error()};
  reference_ = std::move(reference).value();
  if (!source_.pull_secret.empty()) {
    auto found = find_credentials(source_.pull_secret, reference_.registry);
    if (!found.ok()) return Failure{std::move(found).error()};
    credentials_ = std::move(found).value();
    has_empty_entry_ = credentials_ && credentials_->is_empty();
    if (has_empty_entry_) credentials_.reset();
  }

  const auto named = reference_.digest.empty()
                         ? std::optional<Digest>()
                         : parse_digest(reference_.digest.substr(reference_.digest.find(':') + 1));
  WEIR_TRY(std::string text, get_manifest(reference_.version(), named ? &*named : nullptr));
  bool known = digest_of(text) == source_.sha256;
  WEIR_TRY(Manifest manifest, read_manifest(text, source_.sha256));
  if (const auto* image = std::get_if<Descriptor>(&manifest)) {
    WEIR_TRY(text, get_manifest(image->digest, &image->sha256));
    known = known || image->sha256 == source_.sha256;
    WEIR_TRY(manifest, read_manifest(text));
  }
  const auto* layer = std::get_if<PluginLayer>(&manifest);
  if (layer == nullptr) {
    return bad_image("a list of images leads to another list", "name one of its images");
  }
  WEIR_TRY(std::string code, get_blob(layer->blob));
  if (layer->form == PluginLayer::Form::Tar) {
    WEIR_TRY(code, extract_plugin(code, source_.max_bytes));
  }
  const Digest digest = digest_of(code);
  if (!known && digest != source_.sha256) {
    return final("the sha256 of the code, as that of the manifest, is " + to_hex(digest) +
                     ", not " + to_hex(source_.sha256),
                 ErrorCode::BadModule);
  }
  return code;
}

Fetched<std::string> RegistryClient::get_manifest(const std::string& version,
                                                  const Digest* digest) {
  const HttpRequest request{.headers = {"Accept: " + std::string(manifest_types())},
                            .max_bytes = kMaxManifestBytes};
  auto response = get("manifests/" + version, request);
  if (is_too_large(response)) {
    return bad_image("the manifest is larger than " + std::to_string(kMaxManifestBytes) + " bytes");
  }
  if (!response.ok()) return std::move(response).error();
  const Digest is = digest_of(response.value().body);
  if (digest != nullptr && is != *digest) return not_the_digest("the manifest", is, *digest);
  return std::move(response.value().body);
}

// Registries keep blobs elsewhere; whatever comes is held against its digest.
Fetched<std::string> RegistryClient::get_blob(const Descriptor& blob) {
  if (blob.size > source_.max_bytes) {
    return final("the layer is larger than " + std::to_string(source_.max_bytes) + " bytes",
                 ErrorCode::LimitExceeded);
  }
  const HttpRequest request{.max_bytes = blob.size, .follow_redirects = true};
  auto response = get("blobs/" + blob.digest, request);
  if (is_too_large(response)) {
    return bad_image("the layer is larger than the " + std::to_string(blob.size) +
                     " bytes that the manifest says");
  }
  if (!response.ok()) return std::move(response).error();
  const Digest is = digest_of(response.value().body);
  if (is != blob.sha256) return not_the_digest("the layer", is, blob.sha256);
  return std::move(response.value().body);
}

Fetched<HttpResponse> RegistryClient::get(const std::string& path, const HttpRequest& request) {
  WEIR_TRY(HttpResponse response, send(path, request));
  if (response.status == 401) {
    WEIR_TRY(authorize(response.challenges));
    WEIR_TRY(response, send(path, request));
  }
  if (response.status == 401 || response.status == 403) {
    return not_let_in(path + ": the registry answers with status " +
                      std::to_string(response.status));
  }
  WEIR_TRY(expect_ok(path, response));
  return response;
}

// A registry on this machine is tried with TLS first, then without, as Docker does.
Fetched<HttpResponse> RegistryClient::send(const std::string& path, HttpRequest request) {
  request.timeout = source_.timeout;
  if (!authorization_.empty()) request.headers.push_back("Authorization: " + authorization_);
  const std::string where =
      "://" + host_of(reference_) + "/v2/" + repository_of(reference_) + "/" + path;
  const std::string scheme = !scheme_.empty() ? scheme_ : (source_.plain_http ? "http" : "https");
  request.url = scheme + where;
  auto response = http_.send(request);
  const bool may_be_plain = scheme_.empty() && scheme == "https" && reference_.is_loopback();
  if (response.ok() || !may_be_plain) {
    if (response.ok()) scheme_ = scheme;
    return response;
  }
  request.url = "http" + where;
  auto plain = http_.send(request);
  if (is_too_large(plain)) return plain;
  // What speaks TLS after all says so by such a status.
  if (!plain.ok() || plain.value().status == 400) return response;
  scheme_ = "http";
  return plain;
}

Failure RegistryClient::not_let_in(std::string answer) const {
  if (source_.pull_secret.empty()) {
    return final(
        std::move(answer) +
        ": it needs a pull secret, and there is none for it; give one by fetch.pull_secret "
        "of weir.v1.PluginOptions");
  }
  // About the secret, not about the uri.
  if (has_empty_entry_) {
    return final(std::move(answer) + ": the pull secret's entry for " + reference_.registry +
                     " has no 'auth', as where a credsStore keeps it; write \"auth\" into it, "
                     "base64 of USER:PASSWORD",
                 ErrorCode::BadConfig);
  }
  if (!credentials_) {
    return final(std::move(answer) + ": the pull secret has no entry for " + reference_.registry +
                     "; add one to its 'auths'",
                 ErrorCode::BadConfig);
  }
  return final(std::move(answer) + ": the pull secret does not open it; give one that may pull " +
                   repository_of(reference_),
               ErrorCode::BadConfig);
}

Fetched<Unit> RegistryClient::authorize(const std::vector<std::string>& headers) {
  std::vector<Challenge> challenges;
  for (const std::string& header : headers) {
    for (Challenge& challenge : parse_challenges(header)) challenges.push_back(challenge);
  }
  const auto find = [&](std::string_view scheme) {
    return std::ranges::find(challenges, scheme, &Challenge::scheme);
  };
  if (const auto bearer = find("bearer"); bearer != challenges.end()) {
    std::string scope = bearer->param("scope");
    if (scope.empty()) scope = "repository:" + repository_of(reference_) + ":pull";
    WEIR_TRY(const std::string token,
             get_token(bearer->param("realm"), bearer->param("service"), scope));
    authorization_ = "Bearer " + token;
    return Unit{};
  }
  if (find("basic") == challenges.end()) {
    return final(
        "the registry asks for an authorization other than Basic or Bearer; name one that takes "
        "these");
  }
  if (credentials_) authorization_ = basic_authorization(*credentials_);
  return Unit{};
}

// The token server is the registry's to name; credentials go to it over TLS, or where the registry
// itself is spoken to without.
Fetched<std::string> RegistryClient::get_token(const std::string& realm, const std::string& service,
                                               const std::string& scope) {
  const bool secure = realm.starts_with("https://");
  if (!secure && !(realm.starts_with("http://") && scheme_ == "http")) {
    return final("the registry names '" + shown_url(realm) +
                 "' to get a token from, which is no https:// uri; have it name one that is");
  }
  HttpRequest request{.timeout = source_.timeout, .max_bytes = kMaxTokenBytes};
  const std::string query = "service=" + percent_encoded(service, is_unreserved) +
                            "&scope=" + percent_encoded(scope, is_unreserved);
  if (credentials_ && !credentials_->identity_token.empty()) {
    request.url = realm;
    request.form = "grant_type=refresh_token&client_id=weir&" + query +
                   "&refresh_token=" + percent_encoded(credentials_->identity_token, is_unreserved);
  } else {
    request.url = realm + (realm.find('?') == std::string::npos ? "?" : "&") + query;
    if (credentials_) {
      request.headers.push_back("Authorization: " + basic_authorization(*credentials_));
    }
  }
  WEIR_TRY(HttpResponse response, http_.send(request));
  if (response.status == 401 || response.status == 403) {
    return not_let_in(shown_url(realm) + ": no token is given, with status " +
                      std::to_string(response.status));
  }
  WEIR_TRY(expect_ok(realm, response));
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  for (const char* name : {"token", "access_token"}) {
    if (!answer.is_object() || !answer.contains(name) || !answer[name].is_string()) continue;
    auto token = answer[name].get<std::string>();
    const auto printable = [](char c) { return c > ' ' && c <= '~'; };
    if (std::ranges::all_of(token, printable)) return token;
  }
  return final(shown_url(realm) +
               ": the answer holds no token; have the registry name a server of tokens");
}

}  // namespace weir::fetch
