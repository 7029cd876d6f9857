#pragma once
// What the codecs that face upstreams have in common.

#include <cstdint>
#include <memory>
#include <string_view>

#include "planes/serve/cluster.h"
#include "planes/serve/codec.h"
#include "planes/serve/message.h"

namespace weir::serve {

// How far a request that broke off had come.
enum class Break : uint8_t {
  Unsent,          // the connection was ending before it could be sent
  Refused,         // the upstream says that it has not acted on it
  BeforeResponse,  // the peer ended the connection, and nothing came on it after the request
  Malformed,       // what has come is no response
  Failed,          // anything else
};

// Takes what becomes of a request. Any of these may release the stream. Thread: its worker's.
class UpstreamEvents {
 public:
  virtual void on_headers(HeaderList headers, EndOfStream) = 0;
  virtual void on_interim_headers(HeaderList headers) = 0;
  virtual void on_data(Body data, EndOfStream) = 0;
  virtual void on_trailers(HeaderList trailers) = 0;
  // Before the end, also before the headers.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): as its siblings
  virtual void on_metadata(HeaderList) {}
  // The last event: the stream is gone.
  virtual void on_broken(Break how, std::string_view reason) = 0;
  // More of the request waits for the upstream than should, or does no longer. May be called from
  // inside the stream's data().
  virtual void on_backlog(bool full) = 0;

 protected:
  ~UpstreamEvents() = default;
};

// One request on a connection; released once by the one who opened it, save after on_broken().
class UpstreamStream {
 public:
  // A message that cannot be written breaks the stream, a little later.
  virtual void headers(const HeaderList& headers, EndOfStream) = 0;
  virtual void data(Body data, EndOfStream) = 0;
  virtual void trailers(const HeaderList& trailers) = 0;
  // Between the headers and the end. HTTP/1 has none.
  virtual void metadata(const HeaderList&) {}

  // Bytes of the request that wait to be sent.
  virtual size_t backlog() const = 0;

  // Holds back the response's body.
  virtual void set_paused(bool paused) = 0;

  // No more events are wanted: cancels what has not ended.
  virtual void release() = 0;

 protected:
  ~UpstreamStream() = default;
};

class UpstreamCodec : public Codec {
 public:
  // How many more requests it takes now.
  virtual size_t capacity() const = 0;

  // `events` outlives the stream. There is capacity.
  virtual UpstreamStream& open(UpstreamEvents& events) = 0;
};

// Everything outlives the codec.
struct UpstreamCodecContext {
  Carrier& carrier;
  const ClusterSettings& settings;
  ClusterStats& stats;
};

std::unique_ptr<UpstreamCodec> make_http1_client(const UpstreamCodecContext& context);
std::unique_ptr<UpstreamCodec> make_http2_client(const UpstreamCodecContext& context);

}  // namespace weir::serve
