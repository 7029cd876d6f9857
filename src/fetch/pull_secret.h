#pragma once
// Credentials for registries, as `docker login` writes them.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::fetch {

struct Credentials {
  std::string user;
  std::string password;
  std::string identity_token;  // in place of a password, for registries that give tokens

  bool is_empty() const { return user.empty() && password.empty() && identity_token.empty(); }
};

// Those for `registry` ("host" or "host:port") in a Docker config.json (or the "auths" of one,
// alone). Empty: it has none for that registry. The error never holds a part of the secret.
Result<std::optional<Credentials>> find_credentials(std::string_view config_json,
                                                    std::string_view registry);

// The value of an Authorization header.
std::string basic_authorization(const Credentials& credentials);

}  // namespace weir::fetch
