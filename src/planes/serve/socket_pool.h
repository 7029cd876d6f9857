#pragma once
// Listening sockets that were open before this process was: of a process before, whose place it
// takes, or of systemd. Connections that wait in them are lost by nobody's end.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/guarded.h"
#include "config/bootstrap.h"

namespace weir::serve {

// Thread: any.
class SocketPool {
 public:
  // Who had the socket, and so what becomes of it.
  enum class Origin : uint8_t {
    Predecessor,  // one worker's: it belongs to one worker here
    Systemd,      // all workers accept from it; it stays open as long as the process does
  };
  struct Socket {
    Descriptor descriptor;
    config::SocketAddress address;  // where it is bound
    Origin origin = Origin::Predecessor;
    // Of the listener that it was; of systemd, what the socket is called there.
    std::string name;
  };

  SocketPool() = default;
  SocketPool(std::vector<Socket> sockets, size_t workers);

  // Whether the listener need not bind its address.
  bool has(const config::Listener& listener) const;

  // What that worker accepts from; none: it is to bind its own. What a process before had more than
  // there are workers is spread over them.
  std::vector<Descriptor> take(const config::Listener& listener, size_t worker) const;

  // For an address that one socket listens on, with no workers; not open where there is none.
  Descriptor take_single(const config::SocketAddress& address) const;

  // What nobody has taken of the process before closes. The addresses that it was bound to.
  std::vector<std::string> close_rest() const;

  // What systemd gave: where it is bound, and as what it is known there.
  struct Known {
    config::SocketAddress address;
    std::string name;
  };
  std::vector<Known> of_systemd() const;
  // The same as further sockets, for another process.
  std::vector<Socket> duplicates_of_systemd() const;

 private:
  struct Entry {
    Socket socket;
    size_t worker = 0;
  };

  static bool serves(const Socket& socket, const config::Listener& listener);

  Guarded<std::vector<Entry>> entries_;
};

}  // namespace weir::serve
