#pragma once
// The listening sockets of one address on one worker: accepts connections, and has a codec made for
// each.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/result.h"
#include "config/http2_options.h"
#include "planes/serve/codec.h"
#include "planes/serve/counter.h"
#include "planes/serve/exchange.h"
#include "planes/serve/http2_stats.h"
#include "planes/serve/tls_stats.h"

namespace boost::asio {
class io_context;
}

namespace weir::serve {

struct ListenerOptions {
  enum class Protocol : uint8_t {
    Auto,  // HTTP/2 where a connection starts with its preface, else HTTP/1
    Http1,
    Http2,
  };

  std::string address = "127.0.0.1";  // an IPv4 or IPv6 address
  uint16_t port = 0;                  // 0: the system chooses, see Listener::port()
  Protocol protocol = Protocol::Auto;

  // Request headers, and trailers likewise; beyond it the answer is 431.
  size_t max_header_bytes = 64 * 1024;
  size_t max_header_count = 128;

  // A connection on which no byte moves for so long is closed. Zero: never.
  Milliseconds idle_timeout{60'000};     // no request under way
  Milliseconds stream_timeout{300'000};  // some request under way
  Milliseconds header_timeout{15'000};   // from the first byte of a request to its last header

  // Response bytes that one HTTP/1 connection or one HTTP/2 stream may have waiting for the client
  // before the exchange is paused.
  size_t output_buffer_bytes = 256 * 1024;

  config::Http2Options http2;
  config::ConnectionLimits limits;
  uint64_t max_connections = 100'000;  // more are closed as they come

  // Protocols that requests may switch to, in lower case; "connect" is a tunnel.
  std::vector<std::string> upgrades;

  // Requests of HTTP/1 that name https, on a connection without TLS, are refused.
  bool checks_scheme = false;

  // Where to count; outlives the listener. Null: nowhere that can be seen but Listener::stats().
  struct ListenerStats* stats = nullptr;
};

// Thread: its worker's changes it, any reads it.
struct ListenerStats {
  Counter connections;  // accepted
  Counter active_connections;
  Counter refused_connections;  // beyond max_connections
  Counter no_filter_chain;      // connections that no filter chain was for
  Counter bad_proxy_headers;    // connections without a PROXY header that makes sense
  TlsStats tls;
  // Of codecs of HTTP.
  Counter http_connections;
  Counter active_http_connections;
  Counter requests;  // also those that were refused
  Counter active_requests;
  Counter bad_requests;     // answered or reset by the codec itself: malformed or too large
  Counter dropped_headers;  // fields of responses that HTTP does not allow, left out
  Counter http2_connections;
  Http2Stats http2;
  Counter reached_durations;  // connections that have become as old as they may
  Counter reached_requests;   // and those that have had as many requests
  Counter received_bytes;
  Counter sent_bytes;
};

// An accepted connection, as those who speak on it see it. Everything outlives their codec.
struct ClientConnection {
  Carrier& carrier;
  ConnectionInfo& info;
  const ListenerOptions& options;
  ListenerStats& stats;
};

// Decides what is spoken on the connections of a listener. Thread: its worker's.
class CodecFactory {
 public:
  virtual ~CodecFactory() = default;

  // As ConnectionOwner::choose_codec().
  virtual std::unique_ptr<Codec> make_codec(const ClientConnection& client, ReadBuffer& input) = 0;
};

// HTTP: an exchange for every request. `exchanges` outlives it.
std::unique_ptr<CodecFactory> make_http_codecs(ExchangeFactory& exchanges);

// Thread: the one that runs the io_context, save stats() and port(). Destroying it closes every
// connection; exchanges under way are aborted and closed.
class Listener {
 public:
  // Takes `sockets`, which are bound. Without any it binds one with SO_REUSEPORT, so that every
  // worker may have a listener on the same address. `codecs` and `io` outlive the listener.
  static Result<std::unique_ptr<Listener>> make(boost::asio::io_context& io,
                                                const ListenerOptions& options,
                                                CodecFactory& codecs,
                                                std::vector<Descriptor> sockets = {});
  virtual ~Listener() = default;

  // Listens and accepts; until then clients are refused.
  virtual Done start() = 0;

  virtual uint16_t port() const = 0;
  virtual const ListenerStats& stats() const = 0;

  // Further descriptors of its sockets.
  virtual std::vector<Descriptor> sockets() = 0;

  // Closes the listening sockets; connections go on.
  virtual void stop_accepting() = 0;

  // Takes in the connections that wait, stops accepting, and lets every connection end with the
  // requests it has: HTTP/1 answers with "Connection: close", HTTP/2 sends GOAWAY. Calls `done`
  // once when no connection is left, never before this function has returned.
  virtual void drain(std::function<void()> done) = 0;
  // The same where others go on with the address: a client of HTTP/1 that cannot know yet that its
  // connection ends has its next request answered.
  virtual void drain_after_next(std::function<void()> done) = 0;
  // The same where an update takes the address away, and another listener has its port: whoever has
  // begun to connect is taken in for a while, and who begins then tries again a second later, when
  // this one is closed.
  virtual void retire(std::function<void()> done) = 0;
  // While it is drained: ends the connections that have no request.
  virtual void end_idle_connections() = 0;

  // Closes every connection at once; exchanges under way are aborted.
  virtual void close_connections() = 0;

  // The same for those whose ConnectionInfo says this chain, and whether there are any.
  virtual void drain_chain(uint64_t chain) = 0;
  virtual void close_chain(uint64_t chain) = 0;
  virtual bool serves_chain(uint64_t chain) const = 0;
};

}  // namespace weir::serve
