#pragma once
// Where code is fetched from, and what it has to be.

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/sha256.h"

namespace weir::fetch {

class Route;

struct Source {
  // http://HOST/PATH, https://HOST/PATH, or an image: oci://REGISTRY/REPOSITORY with :TAG or
  // @sha256:DIGEST.
  std::string uri;
  // Of the code; for an image, of the code in it or of its manifest. Nothing else is ever used.
  Digest sha256{};
  Milliseconds timeout{10'000};  // of one request
  uint32_t retries = 1;          // after a try that failed for a reason that may pass
  Milliseconds retry_base{1000};
  Milliseconds retry_max{10'000};
  uint64_t max_bytes = 64ull << 20;  // of the code, and of each answer on the way to it
  bool follow_redirects = false;
  bool plain_http = false;  // for images: the registry is spoken to without TLS
  std::string pull_secret;  // for images: a Docker config.json; empty: none
  // Who is asked in place of the uri's host; null: that. Not for images.
  std::shared_ptr<const Route> route;

  friend bool operator==(const Source&, const Source&) = default;
};

}  // namespace weir::fetch
