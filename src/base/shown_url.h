#pragma once
// URLs as part of a message.

#include <string>
#include <string_view>

namespace weir {

// Without the query, and with "***" in place of a user and a password: these may be secret.
std::string shown_url(std::string_view url);

// Whether there is a user, and perhaps a password.
bool has_user(std::string_view url);

}  // namespace weir
