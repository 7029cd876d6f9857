#include "planes/serve/http2_tunnel.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

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

// RFC 6455, section 4.2.2.
std::string answer_to_key(std::string key) {
  key += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  std::array<unsigned char, 29> base64{};  // with a terminating zero
  EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
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

void translate_switch(HeaderList& response, bool gave_key) {
  static_cast<void>(response.replace(":status", "200"));
  for (const char* name : {"connection", "upgrade"}) response.remove(name);
  if (!gave_key) response.remove("sec-websocket-accept");
}

HeaderList translate_upgrade(const HeaderList& request) {
  HeaderList out;
  const auto add = [&](std::string_view name, std::string_view value) {
    // The request fitted, and this is no longer than it.
    static_cast<void>(out.add(name, value));
  };
  add(":method", "CONNECT");
  add(":protocol", request.find("upgrade").value_or(""));
  for (const char* name : {":scheme", ":path", ":authority"}) {
    add(name, request.find(name).value_or(""));
  }
  request.for_each([&](std::string_view name, std::string_view value) {
    const bool replaced = name.starts_with(':') || name == "connection" || name == "upgrade";
    if (!replaced && name != "content-length") add(name, value);
  });
  return out;
}

// What there is no room for is left out: the client then misses it, and says so.
void translate_acceptance(const UpgradeRequest& request, HeaderList& response) {
  static_cast<void>(response.replace(":status", "101"));
  response.remove("content-length");
  static_cast<void>(response.replace("connection", "upgrade"));
  static_cast<void>(response.replace("upgrade", request.protocol));
  if (request.websocket_key.empty() || response.find("sec-websocket-accept")) return;
  static_cast<void>(response.add("sec-websocket-accept", answer_to_key(request.websocket_key)));
}

}  // namespace weir::serve
