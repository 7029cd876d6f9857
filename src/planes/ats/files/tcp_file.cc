#include "planes/ats/files/tcp_file.h"

#include <algorithm>

#include "base/suggestion.h"
#include "config/document.h"
#include "config/message_reader.h"
#include "config/scalars.h"
#include "config/socket_address.h"
#include "config/source_map.h"
#include "config/tls_reader.h"
#include "weir/envoy/tls.pb.h"

namespace weir::ats_plane {
namespace {

using config::Node;
using config::Place;
using ::envoy::extensions::transport_sockets::tls::v3::UpstreamTlsContext;

constexpr std::string_view kServersHttp = "http";

Result<std::string> read_text(const Node& node, const Place& at) {
  if (node.kind != Node::Kind::Scalar || node.text.empty()) return at.error("is not a text");
  return node.text;
}

Result<config::SocketAddress> read_address(const Node& node, const Place& at) {
  WEIR_TRY(const std::string text, read_text(node, at));
  auto address = config::parse_socket_address(text);
  if (!address.ok()) return at.error(address.error().message);
  return std::move(address).value();
}

Result<bool> read_truth(const Node& node, const Place& at) {
  const auto value = config::parse_bool(node.text);
  if (node.kind != Node::Kind::Scalar || !value) return at.error("is neither true nor false");
  return *value;
}

Result<Milliseconds> read_duration(const Node& node, const Place& at) {
  const auto value = config::parse_duration(node.text);
  if (node.kind != Node::Kind::Scalar || !value || value->seconds < 0 || value->nanoseconds < 0) {
    return at.error("is no duration; write it as \"1.5s\"");
  }
  return Milliseconds(value->seconds * 1000 + (value->nanoseconds + 999'999) / 1'000'000);
}

// Reads one port, field by field.
class PortReader {
 public:
  PortReader(config::SourceMap& map, Place at) : map_(map), at_(std::move(at)) {}

  Result<TcpPort> read(const Node& node) {
    if (node.kind != Node::Kind::Map) return at_.error("is not a map");
    for (const Node::Entry& entry : node.entries) {
      const Place place = at_.field(entry.key);
      map_.record(place.path(), entry.mark);
      WEIR_TRY(read_field(entry, place));
    }
    if (port_.listen.port == 0) {
      return at_.field("listen").error("is missing; write where to listen: \"127.0.0.1:5000\"");
    }
    if (!has_upstream_) {
      return at_.field("upstream")
          .error(
              "is missing; write where connections go, \"host:port\", or \"http\" for the server's "
              "own "
              "HTTP");
    }
    if (port_.upstream_tls && !port_.upstream) {
      return at_.field("upstream_tls")
          .error("is for an upstream with an address, and not for the server's own HTTP");
    }
    if (port_.upstream_proxy_protocol && !port_.upstream) {
      return at_.field("upstream_proxy_protocol")
          .error("is for an upstream with an address; the server's own HTTP knows the client");
    }
    if (port_.tls && port_.proxy_protocol) {
      return at_.field("proxy_protocol")
          .error(
              "does not go with tls: the server begins with the handshake, before anybody could "
              "read a header (TSPortDescriptorAccept); leave one of them out");
    }
    if (port_.plugins.empty()) {
      return at_.field("plugins").error("names no file: connections would pass no plugin");
    }
    return std::move(port_);
  }

 private:
  Done read_field(const Node::Entry& entry, const Place& at) {
    const Node& node = *entry.value;
    if (entry.key == "listen") {
      WEIR_TRY(port_.listen, read_address(node, at));
      if (port_.listen.port == 0) return at.error("has no port");
      if (config::is_ip_address(port_.listen.host)) return Unit{};
      return at.error("is no IP address with a port");
    }
    if (entry.key == "upstream") {
      has_upstream_ = true;
      if (node.kind == Node::Kind::Scalar && node.text == kServersHttp) return Unit{};
      WEIR_TRY(port_.upstream, read_address(node, at));
      return port_.upstream->port == 0 ? Done(at.error("has no port")) : Done(Unit{});
    }
    if (entry.key == "tls") {
      WEIR_TRY(port_.tls, read_truth(node, at));
      return Unit{};
    }
    if (entry.key == "upstream_tls") {
      UpstreamTlsContext message;
      WEIR_TRY(config::MessageReader(map_).read(node, message, at));
      WEIR_TRY(port_.upstream_tls, config::read_upstream_tls(message, at));
      return Unit{};
    }
    if (entry.key == "proxy_protocol") {
      WEIR_TRY(port_.proxy_protocol, read_truth(node, at));
      return Unit{};
    }
    if (entry.key == "upstream_proxy_protocol") {
      WEIR_TRY(port_.upstream_proxy_protocol, read_truth(node, at));
      return Unit{};
    }
    if (entry.key == "allowed_clients") return read_clients(node, at);
    if (entry.key == "idle_timeout") {
      WEIR_TRY(port_.idle_timeout, read_duration(node, at));
      return Unit{};
    }
    if (entry.key == "connect_timeout") {
      WEIR_TRY(port_.connect_timeout, read_duration(node, at));
      return port_.connect_timeout.count() == 0 ? Done(at.error("is zero")) : Done(Unit{});
    }
    if (entry.key == "plugins") return read_plugins(node, at);
    static const std::vector<std::string> kFields = {
        "listen", "upstream",       "upstream_tls", "upstream_proxy_protocol", "allowed_clients",
        "tls",    "proxy_protocol", "idle_timeout", "connect_timeout",         "plugins"};
    return at.error("unknown field; " + suggest(entry.key, kFields));
  }

  Done read_clients(const Node& node, const Place& at) {
    if (node.kind != Node::Kind::Sequence || node.items.empty()) {
      return at.error("is no list of ranges of IP addresses; leave it out to take everybody");
    }
    for (size_t i = 0; i < node.items.size(); ++i) {
      WEIR_TRY(const std::string text, read_text(*node.items[i], at.item(i)));
      auto range = AddressRange::parse(text);
      if (!range.ok()) return at.item(i).error(range.error().message);
      port_.allowed_clients.push_back(range.value());
    }
    return Unit{};
  }

  Done read_plugins(const Node& node, const Place& at) {
    if (node.kind != Node::Kind::Sequence) return at.error("is no list of files");
    for (size_t i = 0; i < node.items.size(); ++i) {
      WEIR_TRY(std::string file, read_text(*node.items[i], at.item(i)));
      port_.plugins.push_back(std::move(file));
    }
    return Unit{};
  }

  config::SourceMap& map_;
  const Place at_;
  TcpPort port_;
  bool has_upstream_ = false;
};

}  // namespace

Result<std::vector<TcpPort>> read_tcp_file(std::string_view text, const std::string& name) {
  WEIR_TRY(const config::Document document, config::parse_document(text, name));
  std::vector<TcpPort> ports;
  if (document.empty() || document.root().find("tcp") == nullptr) return ports;
  config::SourceMap map(name);
  for (const Node::Entry& entry : document.root().entries) {
    if (entry.key == "tcp") continue;
    return map.error(entry.mark, std::string(entry.key) +
                                     ": unknown field; beside 'tcp' there is none: plugins have "
                                     "files of their own");
  }
  const Node::Entry& list = *document.root().find("tcp");
  const Place at = Place(map).field("tcp");
  map.record(at.path(), list.mark);
  if (list.value->kind != Node::Kind::Sequence || list.value->items.empty()) {
    return at.error("is no list of ports");
  }
  for (size_t i = 0; i < list.value->items.size(); ++i) {
    const Node& node = *list.value->items[i];
    const Place place = at.item(i);
    map.record(place.path(), node.mark);
    WEIR_TRY(TcpPort port, PortReader(map, place).read(node));
    ports.push_back(std::move(port));
  }
  return ports;
}

}  // namespace weir::ats_plane
