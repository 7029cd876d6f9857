#pragma once
// TLS towards an upstream of a TCP port, which the server's API has not (TSNetConnect).

#include <memory>
#include <string>

#include "abi/types.h"
#include "planes/serve/tls_session.h"

namespace weir::ats_plane {

// Between what plugins have passed on and what the server's connection carries. Part of a
// TcpConnection. Thread: its home.
class UpstreamTls {
 public:
  enum class State : uint8_t { Handshake, Open, Failed };

  // Begins at once: the first bytes to be sent wait in take_output().
  explicit UpstreamTls(std::shared_ptr<const serve::TlsContext> context);

  State state() const { return state_; }
  const std::string& failure() const { return session_.failure(); }
  // Once it is open.
  std::shared_ptr<const serve::TlsInfo> info() const { return session_.info(); }

  // What the upstream has sent; what was in it.
  serve::Body receive(serve::Body bytes);
  // The upstream has said that no more comes.
  bool input_ended() const { return input_ended_; }

  // Sends, once it is open. Nothing may follow the end.
  void send(serve::Body data, abi::EndOfStream end);
  // What the connection is to send.
  serve::Body take_output() { return output_.take_all(); }
  // The end has been among that.
  bool output_ended() const { return output_ended_; }
  // Bytes that wait for the session.
  uint64_t backlog() const { return unsent_.size(); }

 private:
  void shake_hands();
  void decrypt(serve::Body& into);
  void encrypt();

  serve::TlsStats stats_;  // nobody asks
  serve::Body output_;
  serve::ReadBuffer input_;
  serve::TlsSession session_;  // after what it writes to
  State state_ = State::Handshake;
  serve::Body unsent_;
  bool end_wanted_ = false;
  bool output_ended_ = false;
  bool input_ended_ = false;
};

}  // namespace weir::ats_plane
