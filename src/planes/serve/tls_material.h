#pragma once
// The bytes that TLS settings refer to: certificates, keys, authorities.

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/tls.h"

namespace weir::serve {

// In PEM.
struct TlsMaterial {
  struct Certificate {
    std::string chain;
    std::string key;
    std::string password;

    friend bool operator==(const Certificate&, const Certificate&) = default;
  };

  std::vector<Certificate> certificates;
  std::optional<std::string> trusted_ca;
  std::optional<std::string> crl;

  friend bool operator==(const TlsMaterial&, const TlsMaterial&) = default;
};

// Relative paths start at `base_dir`. The error names the file or variable, and the field.
Result<TlsMaterial> read_tls_material(const config::Tls& tls,
                                      const std::filesystem::path& base_dir);

// The files that are read, and how they look from `base_dir`.
std::set<std::filesystem::path> tls_files(const config::Tls& tls,
                                          const std::filesystem::path& base_dir);

}  // namespace weir::serve
