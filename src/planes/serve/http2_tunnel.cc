#include "planes/serve/http2_tunnel.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "planes/serve/random.h"

namespace weir::serve {
namespace {

bool allows(std::span<const std::string> allowed, std::string_view protocol) {
  return std::ranges::any_of(allowed,
                             [&](const std::string& one) { return abi::same_name(one, protocol); });
}

// Any 16 bytes: HTTP/2 clients give none, and nobody compares what comes back (RFC 8441, section
// 5).
std::string make_websocket_key() {
  const std::array<uint64_t, 2> random{random_number(), random_number()};
  std::array<unsigned char, 25> base64{};  // with a terminating zero
  EVP_EncodeBlock(base64.data(), reinterpret_cast<const unsigned char*>(random.data()),
                  sizeof random);
  return reinterpret_cast<const char*>(base64.data());
}

}  // namespace

std::optional<HeaderList> translate_connect(const HeaderList& request,
                                            std::span<const std::string> allowed) {
  const auto authority = request.find(":authority");
  if (!authority || request.find("content-length")) return std::nullopt;
  const auto protocol = request.find(":protocol");
  if (!protocol) {
    if (!allows(allowed, "connect")) return std::nullopt;
    return request;
  }
  const auto path = request.find(":path");
  const auto scheme = request.find(":scheme");
  if (!path || !scheme || !allows(allowed, *protocol)) return std::nullopt;
  HeaderList out;
  bool fits = out.add(":method", "GET") && out.add(":path", *path) && out.add(":scheme", *scheme) &&
              out.add(":authority", *authority);
  request.for_each([&](std::string_view name, std::string_view value) {
    if (!name.starts_with(':')) fits = fits && out.add(name, value);
  });
  fits = fits && out.add("connection", "upgrade") && out.add("upgrade", *protocol);
  if (abi::same_name(*protocol, "websocket") && !request.find("sec-websocket-key")) {
    fits = fits && out.add("sec-websocket-key", make_websocket_key());
  }
  if (!fits) return std::nullopt;
  return out;
}

void translate_switch(HeaderList& response) {
  static_cast<void>(response.replace(":status", "200"));
  for (const char* name : {"connection", "upgrade", "sec-websocket-accept"}) response.remove(name);
}

}  // namespace weir::serve
