#pragma once
// A small HTTP server for the admin address. Not for requests that matter: it serves people and
// scrapers.

#include <boost/asio/io_context.hpp>
#include <memory>

#include "base/result.h"
#include "config/bootstrap.h"
#include "planes/serve/admin.h"

namespace weir::serve {

// Thread: the one that runs `io`. Destroying it stops accepting; connections end with `io`.
class AdminServer {
 public:
  // `admin` outlives `io`'s last run.
  static Result<std::unique_ptr<AdminServer>> make(boost::asio::io_context& io,
                                                   const config::SocketAddress& address,
                                                   Admin& admin);
  ~AdminServer();

  uint16_t port() const;

 private:
  class Acceptor;
  explicit AdminServer(std::shared_ptr<Acceptor> acceptor);

  std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace weir::serve
