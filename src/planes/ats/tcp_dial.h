#pragma once
// A connection in the making, to an upstream of a TCP port.

#include <netinet/in.h>

#include <optional>
#include <string>

#include "planes/ats/tcp_listener.h"

namespace weir::ats_plane {

// The server looks a name up and connects; the continuation gets both events. Part of a
// TcpConnection. Thread: its home, save note(), with the lock of the continuation.
class TcpDial {
 public:
  TcpDial(const TcpListener& listener, TSCont continuation, const sockaddr* client)
      : listener_(listener), continuation_(continuation), client_(client) {}
  // What is under way is given up.
  ~TcpDial();
  TcpDial(const TcpDial&) = delete;
  TcpDial& operator=(const TcpDial&) = delete;

  void start();
  // Takes notice of an event. False: it is not one of these.
  bool note(TSEvent event, void* data);
  // Goes on after a lookup.
  void go_on();

  // The connection, once there is one.
  TSVConn take() { return std::exchange(connection_, nullptr); }
  // Why there will be none; empty: there may be one yet.
  const std::string& failure() const { return failure_; }

 private:
  void connect(const sockaddr* to);

  const TcpListener& listener_;
  const TSCont continuation_;
  const sockaddr* const client_;
  TSAction pending_ = nullptr;  // null: none
  std::optional<sockaddr_storage> resolved_;
  TSVConn connection_ = nullptr;
  std::string failure_;
};

}  // namespace weir::ats_plane
