#include "planes/serve/client_hello.h"

#include <string_view>

#include "base/lower_case.h"

namespace weir::serve {
namespace {

using Kind = FirstBytes::Kind;

// Of the message; as in Envoy.
constexpr size_t kMaxHelloBytes = 16 * 1024;

constexpr uint8_t kHandshake = 22;   // a record's type
constexpr uint8_t kClientHello = 1;  // a message's
constexpr uint16_t kServerName = 0;  // an extension's
constexpr uint16_t kAlpn = 16;       // likewise
constexpr uint8_t kHostName = 0;     // a server name's

// Takes numbers and vectors from the front, as TLS writes them. Once it has asked for more than
// there is it is broken, and gives nothing.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  size_t left() const { return rest_.size(); }

  size_t number(size_t size) {
    size_t value = 0;
    for (const char c : take(size)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::string_view take(size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view front = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return front;
  }
  // Behind its size, a number of so many bytes.
  Reader vector(size_t size_bytes) {
    Reader inner(take(number(size_bytes)));
    inner.ok_ = ok_;
    return inner;
  }
  std::string_view rest() { return take(rest_.size()); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

bool read_server_name(Reader extension, ClientHello& into) {
  Reader list = extension.vector(2);
  while (!list.empty()) {
    const size_t type = list.number(1);
    const std::string_view name = list.vector(2).rest();
    if (list.ok() && type == kHostName && into.server_name.empty()) {
      into.server_name = lower_case(name);
    }
  }
  return list.ok();
}

bool read_alpn(Reader extension, ClientHello& into) {
  Reader list = extension.vector(2);
  while (!list.empty()) into.offered.emplace_back(list.vector(1).rest());
  return list.ok();
}

bool read_hello(Reader message, ClientHello& into) {
  message.take(2 + 32);  // version, random
  message.vector(1);     // session
  message.vector(2);     // cipher suites
  message.vector(1);     // compression
  if (message.ok() && message.empty()) return true;
  Reader extensions = message.vector(2);
  while (!extensions.empty()) {
    const size_t type = extensions.number(2);
    const Reader extension = extensions.vector(2);
    if (type == kServerName && !read_server_name(extension, into)) return false;
    if (type == kAlpn && !read_alpn(extension, into)) return false;
  }
  return extensions.ok() && message.ok();
}

// The handshake bytes of the records that are there. False: these are no records.
bool join_records(std::string_view bytes, std::string& into) {
  constexpr size_t kHeader = 5;
  while (!bytes.empty()) {
    if (static_cast<uint8_t>(bytes[0]) != kHandshake) return false;
    if (bytes.size() > 1 && bytes[1] != 3) return false;
    if (bytes.size() < kHeader) return true;
    const size_t size = Reader(bytes.substr(3, 2)).number(2);
    if (size == 0 || size > (1 << 14)) return false;
    into += bytes.substr(kHeader, size);
    bytes.remove_prefix(std::min(bytes.size(), kHeader + size));
  }
  return true;
}

}  // namespace

FirstBytes inspect_first_bytes(Bytes bytes) {
  std::string message;
  if (!join_records(as_text(bytes), message)) return {.kind = Kind::Other};
  if (!message.empty() && static_cast<uint8_t>(message[0]) != kClientHello) {
    return {.kind = Kind::Other};
  }
  constexpr size_t kHeader = 4;
  if (message.size() < kHeader) return {};
  const size_t size = Reader(std::string_view(message).substr(1, 3)).number(3);
  if (size > kMaxHelloBytes) return {.kind = Kind::Other};
  if (message.size() < kHeader + size) return {};
  FirstBytes first{.kind = Kind::Tls};
  const auto body = std::string_view(message).substr(kHeader, size);
  if (!read_hello(Reader(body), first.hello)) return {.kind = Kind::Other};
  return first;
}

}  // namespace weir::serve
