#pragma once
// One of the server's connections as bytes both ways.

#include <cstdint>

#include "abi/types.h"
#include "planes/ats/server_api.h"
#include "planes/serve/body.h"

namespace weir::ats_plane {

// Part of a TcpConnection, whose continuation gets the events of it, with its lock. Thread: the
// TcpConnection's home, save note().
class ServerConnection {
 public:
  enum class Kind : uint8_t {
    Socket,
    Tls,
    Http,  // to the server's own HTTP, without a socket
  };

  ServerConnection() = default;
  ~ServerConnection();
  ServerConnection(const ServerConnection&) = delete;
  ServerConnection& operator=(const ServerConnection&) = delete;

  // Begins to carry. To be called once.
  void open(TSVConn connection, TSCont continuation, Kind kind);
  bool is_open() const { return connection_ != nullptr; }
  // Null: not opened yet, or closed.
  TSVConn get() const { return connection_; }
  Kind kind() const { return kind_; }

  // Takes notice of an event. False: it is not this connection's. Thread: any, with the lock.
  bool note(TSEvent event, void* data);

  // What has come in and was not taken yet: the peer sends on when it has been taken.
  serve::Body take_input();
  // All that came has been taken, and no more comes.
  bool input_ended() const { return input_ended_; }

  // Sends, once it is open. Nothing may follow the end.
  void send(serve::Body data, abi::EndOfStream end);
  // Bytes that wait to be sent.
  uint64_t backlog() const;
  // Brings to the server what it is to send.
  void flush();
  // Everything has been sent, and so has the end.
  bool output_ended() const { return output_ended_; }

  // It has once been possible to send: it is connected.
  bool is_writable() const { return writable_; }
  // The peer has broken off.
  bool is_broken() const { return broken_; }

  void close();

 private:
  void end_output();

  TSVConn connection_ = nullptr;
  Kind kind_ = Kind::Socket;
  TSIOBuffer input_ = nullptr;
  TSIOBufferReader input_reader_ = nullptr;
  TSVIO read_ = nullptr;
  TSIOBuffer output_ = nullptr;
  TSIOBufferReader output_reader_ = nullptr;
  TSVIO write_ = nullptr;  // null: not opened, or ended

  serve::Body unsent_;  // the server has not been given it
  int64_t written_ = 0;
  bool end_wanted_ = false;
  bool end_told_ = false;
  bool output_ended_ = false;
  bool last_input_ = false;  // no more comes
  bool input_ended_ = false;
  bool writable_ = false;
  bool broken_ = false;
};

}  // namespace weir::ats_plane
