#pragma once
// Files of certificates that are trusted.

#include <string>

#include "base/result.h"

namespace weir::fetch {

// An error where the file cannot be read, or holds no certificate in PEM: fetches that trust what
// it holds would all fail.
Done check_ca_file(const std::string& file);

}  // namespace weir::fetch
