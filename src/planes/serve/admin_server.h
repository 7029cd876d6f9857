#pragma once
// A small HTTP server for the admin address. Not for requests that matter: it serves people and
// scrapers.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/descriptor.h"
#include "base/result.h"
#include "config/bootstrap.h"
#include "planes/serve/admin.h"

namespace weir::serve {

class Acceptor;

// Thread: the one that runs `io`. It accepts once start() is called. Destroying it stops accepting;
// connections end with `io`.
class AdminServer {
 public:
  // Binds the address, unless there is a `socket` that is bound. `admin` outlives `io`'s last run.
  static Result<std::unique_ptr<AdminServer>> make(boost::asio::io_context& io,
                                                   const config::SocketAddress& address,
                                                   Descriptor socket, Admin& admin);
  ~AdminServer();

  Done start();

  uint16_t port() const;
  // A further descriptor of its socket.
  Descriptor socket() const;

 private:
  explicit AdminServer(std::unique_ptr<Acceptor> acceptor);

  const std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace weir::serve
