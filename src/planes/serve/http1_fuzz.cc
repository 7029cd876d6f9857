// Feeds bytes to the HTTP/1 codecs, as requests or as responses, in reads of any size.

#include "planes/serve/codec_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::serve;
  const test::FuzzInput input(data, size);
  if (input.server) {
    test::feed_server(make_http1_server, input.bytes, input.piece);
  } else {
    test::feed_client(make_http1_client, input.bytes, input.piece, input.head ? "HEAD" : "GET",
                      input.upgrade);
  }
  return 0;
}
