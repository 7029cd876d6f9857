#pragma once
// A connected socket and the codec it carries: reads while the codec wants input, gathers what it
// has to send into one system call, notices time-outs when it is asked to.

#include <boost/container/static_vector.hpp>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "planes/serve/codec.h"
#include "planes/serve/counter.h"
#include "planes/serve/net.h"
#include "planes/serve/read_buffer.h"

namespace weir::serve {

class Connection;

// Who keeps a connection; outlives it, or closes it first.
class ConnectionOwner {
 public:
  // The codec that the first bytes call for; null: they do not tell yet. Asked once before any.
  // What is no concern of the codec's is taken out of `input`.
  virtual std::unique_ptr<Codec> choose_codec(Connection& connection, ReadBuffer& input) = 0;

  // The codec has done what there was to do for now.
  virtual void on_settled(Connection& connection) = 0;

  // The socket is closed, and the codec has no exchanges. Nothing more is called; the owner may let
  // go of the connection.
  virtual void on_closed(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

// Shared by its owner and by the operations under way. Thread: its worker's.
class Connection final : public Carrier, public std::enable_shared_from_this<Connection> {
 public:
  using Time = CoarseTime;

  // `socket` is connected; `now` is the time of the last sweep.
  Connection(TcpSocket socket, ConnectionOwner& owner, const ConnectionTimeouts& timeouts,
             TrafficCounters traffic, Time now);

  // Starts to read.
  void start();

  void wake() override;
  void count_traffic(const TrafficCounters& counters) override;

  // Closes if a time-out has passed. To be called now and then.
  void sweep(Time now);

  // Lets the exchanges under way end, then closes. What has come and is not read yet is answered
  // first; a peer that has said nothing yet has a second for it, unless this is called again.
  void drain();
  // The same, but a request that may be on its way is waited for.
  void drain_after_next();

  // Aborts the exchanges under way and closes at once; on_closed() is called inside. Not to be
  // called from inside the codec.
  void close(std::string_view reason);

  // Null until chosen.
  Codec* codec() { return codec_.get(); }

  // Whether the connection is open and nothing has come that is not read yet, not even its end.
  // Asks the system.
  bool is_quiet();

  asio::ip::tcp::endpoint local_endpoint() const;
  asio::ip::tcp::endpoint remote_endpoint() const;

  // For its owner, to find it again.
  size_t slot = 0;

 private:
  enum class State : uint8_t { Open, Lingering, Closed };

  void run();
  void step();
  bool choose();
  // Tells the peer that no more is sent, where that is so. False: the connection is closed.
  bool end_output();
  void read();
  void on_read(error_code error, size_t n);
  // False: the peer takes no more.
  bool flush();
  bool give_up_writing();
  void await_writable();
  // Closes once the peer, which sends no more, takes no more either.
  void await_break();
  void linger();
  void end_idle(Time now, Milliseconds limit);
  void drain_idle();
  void shut(Disconnect how, std::string_view reason);
  void note_activity() { last_activity_ = swept_; }

  TcpSocket socket_;
  ConnectionOwner& owner_;
  const ConnectionTimeouts timeouts_;
  TrafficCounters traffic_;
  std::optional<TrafficCounters> more_traffic_;
  uint64_t received_ = 0;  // bytes, of the connection alone
  uint64_t sent_ = 0;
  std::unique_ptr<Codec> codec_;
  ReadBuffer input_;
  State state_ = State::Open;
  bool running_ = false;
  bool woken_ = false;  // run() is posted, or has to go round again
  bool reading_ = false;
  bool input_ended_ = false;   // and the codec goes on
  bool output_ended_ = false;  // likewise
  bool awaiting_writable_ = false;
  bool write_broken_ = false;
  bool draining_ = false;
  bool heard_ = false;  // some byte has come

  // Times are those of sweeps: coarse, but they cost nothing per request.
  Time swept_;
  Time last_activity_;
  Time idle_since_;
  Time ended_idle_ = Time::max();  // max(): the idle time-out has not passed
  Time head_since_ = Time::max();  // max(): no message has begun
  Time linger_since_;
  Time silent_until_ = Time::max();  // max(): nobody waits for the first byte, to close
};

}  // namespace weir::serve
