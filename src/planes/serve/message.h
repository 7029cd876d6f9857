#pragma once
// How HTTP messages pass between the parts of the proxy: codecs, the filter chain, the router. A
// request flows from a codec through the chain to an upstream, a response flows back, each as
// headers, data, trailers.

#include <string_view>

#include "abi/header_map.h"
#include "abi/types.h"
#include "planes/serve/body.h"

namespace weir::serve {

using abi::EndOfStream;
using abi::HeaderList;

// Room that a codec makes for the headers of a message: most fit without growing.
inline constexpr size_t kUsualHeaderBytes = 1024;
inline constexpr size_t kUsualHeaderCount = 24;

// Takes a message as it comes: headers once, data any number of times, trailers at most once; the
// message ends with EndOfStream::Yes, with trailers, or by abort(). No call follows the end.
// Header names are lower case; requests carry :method :path :scheme :authority, responses :status,
// whatever the HTTP version, and no hop-by-hop headers. Interim (1xx) responses come by
// interim_headers(), before headers(); METADATA of HTTP/2 by metadata(), also before headers().
// Thread: its worker's.
class MessageSink {
 public:
  virtual void headers(HeaderList headers, EndOfStream) = 0;
  virtual void data(Body data, EndOfStream) = 0;
  virtual void trailers(HeaderList trailers) = 0;
  // NOLINTNEXTLINE(performance-unnecessary-value-param): as its siblings
  virtual void interim_headers(HeaderList) {}
  // Beside the message, in the order in which it comes, before the end; HTTP/1 has none.
  // NOLINTNEXTLINE(performance-unnecessary-value-param): as its siblings
  virtual void metadata(HeaderList) {}
  // The other side broke off. `reason` is for logs.
  virtual void abort(std::string_view reason) = 0;

 protected:
  ~MessageSink() = default;
};

// Where a message comes from, seen from the one who takes it. Thread: its worker's.
class MessageSource {
 public:
  // Holds reading back while the taker has more than it wants: the peer's flow control fills.
  // Counts: as many resume() as pause().
  virtual void pause() = 0;
  virtual void resume() = 0;

 protected:
  ~MessageSource() = default;
};

}  // namespace weir::serve
