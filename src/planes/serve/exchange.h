#pragma once
// The two ends between which a filter chain lies: the codec's stream to the client, and a request
// to an upstream. Each takes one message and is the source of the other.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "planes/serve/message.h"
#include "planes/serve/tls_info.h"

namespace weir::serve {

// What is known of a connection. Owned by it; outlives its streams.
struct ConnectionInfo {
  uint64_t id = 0;             // unique in the process
  std::string direct_address;  // who has connected, as below; the PROXY protocol says who is meant
  std::string remote_address;  // "ip:port" ("[ip]:port" for IPv6)
  uint16_t remote_port = 0;
  std::string local_address;
  uint16_t local_port = 0;
  std::shared_ptr<const TlsInfo> tls;  // null: the connection is not secured
  uint64_t chain = 0;  // which of its filter chains serves it, to a listener; zero: none yet
};

enum class HttpVersion : uint8_t { Http10, Http11, Http2 };

// What a codec knows of one request besides its message.
struct RequestInfo {
  const ConnectionInfo& connection;
  HttpVersion version;
  // The request has not said its scheme: `:scheme` is the connection's.
  bool implies_scheme = false;
};

// The codec's end of one request and its response: sink of the response, source of the request's
// body. It lives until it has called Exchange::closed(). Thread: its worker's.
class ClientStream : public MessageSink, public MessageSource {
 public:
  virtual const RequestInfo& info() const = 0;

 protected:
  ~ClientStream() = default;
};

// The proxy's end of the same: sink of the request, source of the response's body. The codec makes
// it by ExchangeFactory when the request headers are complete. Thread: its worker's.
class Exchange : public MessageSink, public MessageSource {
 public:
  virtual ~Exchange() = default;

  // abort(), because the rest of the request is malformed. The codec answers that itself, with
  // `status`; zero: a response has begun already.
  virtual void refuse(uint32_t status, std::string_view reason) {
    static_cast<void>(status);
    abort(reason);
  }

  // Nothing more passes between client and exchange: all of the response was handed to the socket,
  // or the response was aborted, or the client is gone (a response that has not ended was not
  // delivered). A request that has not ended by then, its abort() included, is not wanted any more:
  // the response was complete. The ClientStream is gone after this call, which never comes while
  // the exchange is inside one of the ClientStream's functions. The exchange goes when it has
  // finished its own work.
  virtual void closed() = 0;
};

// What a codec has answered by itself to what is no request, or too large a one.
struct Refusal {
  uint32_t status = 0;       // zero: nothing was answered
  std::string_view details;  // why, for logs
  uint64_t body_bytes = 0;   // of the answer
  bool malformed = true;     // else it was slow
};

class ExchangeFactory {
 public:
  // The exchange owns itself; `client` outlives it until closed().
  virtual Exchange& make_exchange(ClientStream& client) = 0;

  // A request was refused before there was an exchange for it.
  virtual void note_refusal(const RequestInfo& request, const Refusal& refusal) {
    static_cast<void>(request);
    static_cast<void>(refusal);
  }

  // Adds what any response tells of the proxy to one that a codec makes by itself.
  virtual void introduce_proxy(HeaderList& response) { static_cast<void>(response); }

 protected:
  ~ExchangeFactory() = default;
};

// What is known of the upstream connection that serves a request, once it is chosen; where none
// could be made, whom it was to.
struct UpstreamInfo {
  std::string address;  // "ip:port"
  uint16_t port = 0;
  std::string local_address;
  uint16_t local_port = 0;
  std::shared_ptr<const TlsInfo> tls;  // null: the connection is not secured
};

enum class NotTried : uint8_t {
  No,         // it has
  Overflow,   // a limit does not allow the request
  Unhealthy,  // no endpoint is well
};

// A request under way to an upstream: sink of the request, source of the response's body.
// Destroying it before both messages have ended cancels it, also from inside the response's sink; a
// pause() of the request's source is not undone by that. Thread: its worker's.
class UpstreamExchange : public MessageSink, public MessageSource {
 public:
  virtual ~UpstreamExchange() = default;

  // Null until a connection has been chosen.
  virtual const UpstreamInfo* info() const = 0;

  // Bytes of the request's body that wait to be sent.
  virtual size_t backlog() const = 0;

  // After an abort() of the response: the upstream says that it has not acted on the request.
  virtual bool was_refused() const = 0;

  // After an abort() of the response: why the cluster has not tried.
  virtual NotTried why_not_tried() const { return NotTried::No; }

  // After an abort() of the response: why there is no connection, or it could not be secured;
  // empty: there was one.
  virtual std::string_view transport_failure() const { return {}; }

  // The same: the upstream that could not be reached, as "ip:port"; empty: it could, or none was
  // tried.
  virtual std::string_view unreachable() const { return {}; }

  // The same: what has come is no response.
  virtual bool was_malformed() const { return false; }

  // Whoever waits for the response has waited for too long, and gives up.
  virtual void note_timeout() {}

  // The response comes from a plugin of the cluster's, and not from the upstream.
  virtual bool is_answered_by_plugin() const { return false; }
};

class DialEvents;

// A connection being made. Destroying it gives it up.
class Dial {
 public:
  virtual ~Dial() = default;
};

// One address of a cluster, as one worker has it.
struct EndpointStatus {
  std::string host;  // an IP address
  uint16_t port = 0;
  bool healthy = true;   // as its health checks say
  bool ejected = false;  // for what it has answered
  size_t connections = 0;
};

// One named cluster, on one worker: endpoints, and pools of connections to them.
class Cluster {
 public:
  virtual ~Cluster() = default;

  // Starts an exchange; the request is then given to the result's sink functions, headers first.
  // `response` takes the response, and `request` is paused while the upstream does not take more
  // (null: never paused). Neither is called before this function and headers() have returned. A
  // connection that cannot be had is an abort() of `response`; a request that was not sent yet on a
  // kept-alive connection that turned out closed is tried once more on a fresh one.
  // `need_http2`: even where the cluster is not configured for it (plugins' gRPC, no client's).
  virtual std::unique_ptr<UpstreamExchange> open(MessageSink& response, MessageSource* request,
                                                 bool need_http2) = 0;

  // The same for a client's request, which passes the cluster's own plugins where it has some.
  virtual std::unique_ptr<UpstreamExchange> open_for(const ConnectionInfo& client,
                                                     MessageSink& response,
                                                     MessageSource* request) {
    static_cast<void>(client);
    return open(response, request, false);
  }

  // One more request is about to be sent again; false: there are as many as may be. Each success is
  // to be followed by end_retry().
  virtual bool begin_retry() { return true; }
  virtual void end_retry() {}

  // Starts a connection of the caller's own to the next endpoint (tcp_dial.h). `events` outlives
  // the result, and is not called before this returns; then once.
  virtual std::unique_ptr<Dial> dial(DialEvents& events) = 0;

  virtual std::vector<EndpointStatus> endpoints() const { return {}; }
};

}  // namespace weir::serve
