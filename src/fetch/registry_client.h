#pragma once
// Code in images, from a registry (the OCI Distribution Specification 1.1).

#include <string>
#include <vector>

#include "fetch/http_client.h"
#include "fetch/image_manifest.h"
#include "fetch/image_reference.h"
#include "fetch/pull_secret.h"
#include "fetch/source.h"

namespace weir::fetch {

// For one fetch. Thread: one.
class RegistryClient {
 public:
  // Both outlive it.
  RegistryClient(const Source& source, HttpClient& http) : source_(source), http_(http) {}

  // The plugin of the image that the source's uri names. Each part is what its digest says; the
  // manifest, or the code itself, is what the source's hash says.
  Fetched<std::string> fetch_code();

 private:
  Fetched<std::string> fetch_image();
  // `digest`: what the answer has to be; empty: what the tag stands for.
  Fetched<std::string> get_manifest(const std::string& version, const Digest* digest);
  Fetched<std::string> get_blob(const Descriptor& blob);

  // Answers challenges as they come.
  Fetched<HttpResponse> get(const std::string& path, const HttpRequest& request);
  Fetched<HttpResponse> send(const std::string& path, HttpRequest request);
  // Of an answer that wants, or refuses, credentials.
  Failure not_let_in(std::string answer) const;
  Fetched<Unit> authorize(const std::vector<std::string>& challenges);
  Fetched<std::string> get_token(const std::string& realm, const std::string& service,
                                 const std::string& scope);

  const Source& source_;
  HttpClient& http_;
  ImageReference reference_;
  std::optional<Credentials> credentials_;
  bool has_empty_entry_ = false;  // the pull secret knows the registry, and no password
  std::string scheme_;            // once known
  std::string authorization_;     // the header's value, once asked for
};

}  // namespace weir::fetch
