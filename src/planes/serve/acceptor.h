#pragma once
// Takes connections from one listening socket, which others may take from too: another worker, or
// another process.

#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "planes/serve/net.h"

namespace weir::serve {

// Thread: the one that runs the io_context. After close(), or its end, nothing is called any more.
class Acceptor {
 public:
  using OnAccept = std::function<void(TcpSocket)>;

  // `socket` is bound. `io` outlives it.
  static Result<std::unique_ptr<Acceptor>> make(asio::io_context& io, Descriptor socket,
                                                OnAccept on_accept);
  Acceptor(asio::io_context& io, OnAccept on_accept);
  ~Acceptor() { close(); }
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Listens and accepts; until then clients are refused.
  Done start();

  // Leaves out clients that have not begun to connect; those whose handshake is under way go on.
  // The system of one that is left out tries again a second later. Until close().
  void leave_out_newcomers();
  // Takes in what has been waiting, as far as nobody else does.
  void take_waiting();
  // Connections that wait are left to those who have the socket too; without any they are lost.
  void close();

  bool is_open() const { return acceptor_.is_open(); }
  // Not to be called once it is closed.
  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  Descriptor duplicate() { return Descriptor::duplicate_of(acceptor_.native_handle()); }

 private:
  void accept();
  void on_accepted(const error_code& error, TcpSocket socket);

  TcpAcceptor acceptor_;
  Timer pause_;
  const OnAccept on_accept_;
  bool started_ = false;
  bool leaves_out_ = false;
  // Handlers that come after the end find it expired.
  std::shared_ptr<Acceptor*> self_ = std::make_shared<Acceptor*>(this);
};

}  // namespace weir::serve
