#include "planes/serve/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <vector>

#include "planes/serve/exchange.h"

namespace weir::serve {
namespace {

using State = ProxyHeader::State;
using namespace std::string_view_literals;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kBinary = "\r\n\r\n\0\r\nQUIT\n"sv;
// Of the text, its line break included.
constexpr size_t kLongestText = 107;
// Of what follows the binary form's first 16 bytes; extensions have no use for more.
constexpr size_t kMostBinary = 4096;
constexpr size_t kBinaryStart = 16;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const size_t space = line.find(' ');
    words.push_back(line.substr(0, space));
    if (space == std::string_view::npos) return words;
    line.remove_prefix(space + 1);
  }
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  return ::inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

std::optional<uint16_t> port_of(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

std::string address_text(const std::string& address, uint16_t port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]:" : address + ":") + std::to_string(port);
}

// Of "ip:port" or "[ip]:port".
std::string ip_of(std::string_view text) {
  text = text.substr(0, text.rfind(':'));
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return std::string(text);
}

ProxyHeader parse_text(std::string_view bytes) {
  const size_t end = bytes.substr(0, kLongestText).find("\r\n");
  if (end == std::string_view::npos) {
    return {.state = bytes.size() < kLongestText ? State::Unfinished : State::Malformed};
  }
  ProxyHeader header{.state = State::Complete, .size = end + 2};
  const auto words = words_of(bytes.substr(0, end));
  if (words.size() >= 2 && words[1] == "UNKNOWN") return header;
  if (words.size() != 6) return {.state = State::Malformed};
  const int family = words[1] == "TCP4" ? AF_INET : words[1] == "TCP6" ? AF_INET6 : AF_UNSPEC;
  const auto source_port = port_of(words[4]);
  const auto destination_port = port_of(words[5]);
  const bool valid = family != AF_UNSPEC && is_address(family, words[2]) &&
                     is_address(family, words[3]) && source_port && destination_port;
  if (!valid) return {.state = State::Malformed};
  header.addresses = {.source = std::string(words[2]),
                      .source_port = *source_port,
                      .destination = std::string(words[3]),
                      .destination_port = *destination_port};
  return header;
}

uint8_t byte_at(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// `size` is that of an address.
ProxyHeader::Addresses addresses_of(int family, std::string_view bytes, size_t size) {
  const auto text = [&](size_t at) {
    std::array<char, INET6_ADDRSTRLEN> out{};
    ::inet_ntop(family, bytes.data() + at, out.data(), out.size());
    return std::string(out.data());
  };
  return {.source = text(0),
          .source_port = number_at(bytes, 2 * size),
          .destination = text(size),
          .destination_port = number_at(bytes, 2 * size + 2)};
}

ProxyHeader parse_binary(std::string_view bytes) {
  if (bytes.size() < kBinaryStart) return {};
  const uint8_t command = byte_at(bytes, 12);
  const uint8_t family = byte_at(bytes, 13);
  const size_t size = number_at(bytes, 14);
  // Version 2, LOCAL or PROXY.
  const bool known = command == 0x20 || command == 0x21;
  if (!known || size > kMostBinary) return {.state = State::Malformed};
  if (bytes.size() < kBinaryStart + size) return {};
  ProxyHeader header{.state = State::Complete, .size = kBinaryStart + size};
  const std::string_view rest = bytes.substr(kBinaryStart, size);
  // TCP over IPv4, over IPv6; of others the addresses mean nothing here.
  const size_t address = family == 0x11 ? 4 : family == 0x21 ? 16 : 0;
  if (command == 0x20 || address == 0) return header;
  if (rest.size() < 2 * address + 4) return {.state = State::Malformed};
  header.addresses = addresses_of(address == 4 ? AF_INET : AF_INET6, rest, address);
  return header;
}

bool begins_as(std::string_view bytes, std::string_view signature) {
  const size_t known = std::min(bytes.size(), signature.size());
  return bytes.substr(0, known) == signature.substr(0, known);
}

}  // namespace

ProxyHeader parse_proxy_header(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  if (begins_as(text, kText)) return text.size() < kText.size() ? ProxyHeader{} : parse_text(text);
  if (begins_as(text, kBinary)) {
    return text.size() < kBinary.size() ? ProxyHeader{} : parse_binary(text);
  }
  return {.state = State::Absent};
}

std::string make_proxy_header(const ConnectionInfo& connection) {
  const std::string source = ip_of(connection.remote_address);
  const std::string destination = ip_of(connection.local_address);
  const auto are = [&](int family) {
    return is_address(family, source) && is_address(family, destination);
  };
  if (!are(AF_INET) && !are(AF_INET6)) return "PROXY UNKNOWN\r\n";
  return std::string("PROXY ") + (are(AF_INET) ? "TCP4 " : "TCP6 ") + source + " " + destination +
         " " + std::to_string(connection.remote_port) + " " +
         std::to_string(connection.local_port) + "\r\n";
}

void move_to(ConnectionInfo& connection, const ProxyHeader::Addresses& addresses) {
  connection.remote_address = address_text(addresses.source, addresses.source_port);
  connection.remote_port = addresses.source_port;
  connection.local_address = address_text(addresses.destination, addresses.destination_port);
  connection.local_port = addresses.destination_port;
}

}  // namespace weir::serve
