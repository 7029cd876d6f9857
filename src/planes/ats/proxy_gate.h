#pragma once
// The beginning of a connection whose client says by the PROXY protocol where it has come from.

#include <netinet/in.h>

#include <optional>

#include "planes/serve/body.h"
#include "planes/serve/exchange.h"

namespace weir::ats_plane {

// Part of a TcpConnection. Thread: its home.
class ProxyGate {
 public:
  enum class State : uint8_t { Reading, Passed, Refused };

  // What has come in. Where the header has ended with it, `connection` is what it says, if it
  // says anything.
  State take(serve::Body input, serve::ConnectionInfo& connection);

  // What came behind the header, once.
  serve::Body take_rest() { return bytes_.take_all(); }
  // Whom the header has told of; null: nobody.
  const sockaddr* client() const {
    return client_ ? reinterpret_cast<const sockaddr*>(&*client_) : nullptr;
  }

 private:
  serve::Body bytes_;
  std::optional<sockaddr_storage> client_;
};

}  // namespace weir::ats_plane
