// Feeds bytes to the HTTP/2 codecs, from the first frame on, in reads of any size.

#include <string>

#include "planes/serve/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::serve;
  const test::FuzzInput input(data, size);
  if (input.server) {
    const std::string bytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(input.bytes);
    test::feed_server(make_http2_server, bytes, input.piece);
  } else {
    test::feed_client(make_http2_client, input.bytes, input.piece, input.head ? "HEAD" : "GET");
  }
  return 0;
}
