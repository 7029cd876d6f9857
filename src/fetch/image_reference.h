#pragma once
// The uri of an image in a registry.

#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::fetch {

// oci://REGISTRY/REPOSITORY with :TAG, @sha256:DIGEST, or both: then the digest decides.
struct ImageReference {
  std::string registry;    // "host" or "host:port"
  std::string repository;  // "team/plugin"
  std::string tag;         // empty where there is a digest
  std::string digest;      // "sha256:" and 64 digits in lower case; empty where there is a tag

  // What a manifest is asked for by.
  const std::string& version() const { return digest.empty() ? tag : digest; }
  // Whether the registry is on this machine, by its name or address.
  bool is_loopback() const;
};

bool is_image_uri(std::string_view uri);

// The error, BadConfig, says what a reference looks like. A reference without tag and digest means
// the tag "latest".
Result<ImageReference> parse_image_reference(std::string_view uri);

}  // namespace weir::fetch
