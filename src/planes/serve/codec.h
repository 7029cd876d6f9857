#pragma once
// The protocol on one connection, free of sockets and time: received bytes go in, calls to and from
// exchanges pass, bytes to be sent come out. Connection carries it; tests and fuzzers do so too.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "planes/serve/body.h"
#include "planes/serve/counter.h"
#include "planes/serve/read_buffer.h"

namespace weir::serve {

// The time that time-outs are held against: that of the last sweep, some tenths of a second old.
using CoarseTime = std::chrono::steady_clock::time_point;

struct TrafficCounters {
  Counter& received_bytes;
  Counter& sent_bytes;
};

// What a codec asks of the one who carries it.
class Carrier {
 public:
  // Counts the connection's bytes there, too, also those that have passed already. Once.
  virtual void count_traffic(const TrafficCounters&) {}

  // Something in the codec has changed (output, wants_input(), ending()): look at it soon. Does not
  // call the codec before it returns.
  virtual void wake() = 0;

 protected:
  ~Carrier() = default;
};

// Whether a codec has finished with its connection.
enum class Ending : uint8_t {
  Open,
  Close,   // when all output was sent
  Linger,  // likewise, but what still comes is read and thrown away for a while: closing with
           // unread bytes would make the peer lose the end of the output
};

enum class Disconnect : uint8_t {
  EndOfInput,  // the peer has closed, in order
  Reset,       // the peer has broken off, or cannot be reached any more
  Broken,      // a time-out, our own decision
};

// Zero: never.
struct ConnectionTimeouts {
  Milliseconds idle{};    // without an exchange
  Milliseconds stream{};  // with an exchange, but no byte moves
  Milliseconds head{};    // for the headers of a message, from its first byte on
};

// Thread: its worker's. The functions are not called from inside one another, nor from inside an
// exchange.
class Codec {
 public:
  virtual ~Codec() = default;

  // Takes what it can from `input`. What it leaves comes again, with more behind it or after a
  // wake().
  virtual void receive(ReadBuffer& input) = 0;

  // Whether it takes more bytes than it has left unread.
  virtual bool wants_input() const = 0;

  // The peer sends no more. True: the connection goes on the other way until that has ended too.
  // False: it is over, and disconnected() follows.
  virtual bool end_of_input() { return false; }

  // Behind what output() has now comes nothing more, and the peer is to be told so.
  virtual bool output_has_ended() const { return false; }

  // Nothing more is received or sent. Aborts what is under way; `ending()` is no longer Open.
  virtual void disconnected(Disconnect how, std::string_view reason) = 0;

  // What is to be sent, from the front; may make more of it. The carrier drops what it could send,
  // which may be nothing, and then calls sent().
  virtual Body& output() = 0;
  virtual void sent() = 0;

  virtual Ending ending() const = 0;

  // Takes no more requests and ends the connection after those under way.
  virtual void drain() = 0;

  // The same, but where the peer cannot know that yet its next request, which may be on its way, is
  // still taken. Without one the connection stays open.
  virtual void drain_after_next() { drain(); }

  // Exchanges under way.
  virtual size_t active() const = 0;

  // Whether it has the start of a message whose headers are not complete.
  virtual bool inside_head() const = 0;

  // Whether it notices by itself that no byte moves.
  virtual bool watches_itself() const { return false; }

  // What holds for its connection, where others have `usual`.
  virtual ConnectionTimeouts timeouts(const ConnectionTimeouts& usual) const { return usual; }

  // The headers took too long: ends the connection, with an answer if there is one for it.
  virtual void head_timed_out() = 0;

  // Called now and then. Until the first call it is no time in particular.
  virtual void sweep(CoarseTime) {}
};

}  // namespace weir::serve
