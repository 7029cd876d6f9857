#pragma once
// What a client says in the first message of TLS, before anything is agreed on (RFC 8446, section
// 4.1.2).

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace weir::serve {

struct ClientHello {
  std::string server_name;           // in lower case; empty: none is named
  std::vector<std::string> offered;  // by ALPN
};

// What the first bytes of a connection are.
struct FirstBytes {
  enum class Kind : uint8_t { Unfinished, Tls, Other };

  Kind kind = Kind::Unfinished;
  ClientHello hello;  // of TLS
};

// A message that is malformed, or larger than any sensible one, is Other.
FirstBytes inspect_first_bytes(Bytes bytes);

}  // namespace weir::serve
