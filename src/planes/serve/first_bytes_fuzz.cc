// What a listener looks at before it knows what a connection speaks: the PROXY header, and the
// first message of TLS. Whatever is decided of some bytes stays decided when more come.

#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "planes/serve/client_hello.h"
#include "planes/serve/proxy_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::serve::FirstBytes;
  using weir::serve::ProxyHeader;
  const weir::Bytes bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto header = weir::serve::parse_proxy_header(bytes);
  WEIR_CHECK(header.size <= size);
  const auto rest = bytes.subspan(header.size);
  const auto first = weir::serve::inspect_first_bytes(rest);
  const size_t half = size / 2;
  const auto earlier = weir::serve::parse_proxy_header(bytes.first(half));
  WEIR_CHECK(earlier.state == ProxyHeader::State::Unfinished || earlier.state == header.state);
  const auto first_half = weir::serve::inspect_first_bytes(rest.first(rest.size() / 2));
  // A record behind a whole message may be another one.
  WEIR_CHECK(first_half.kind == FirstBytes::Kind::Unfinished || first_half.kind == first.kind ||
             first_half.kind == FirstBytes::Kind::Tls);
  return 0;
}
