#include "config/chain_match_reader.h"

#include "base/lower_case.h"
#include "config/socket_address.h"

namespace weir::config {
namespace {

namespace listener_v3 = envoy::config::listener::v3;
namespace core = envoy::config::core::v3;

constexpr uint32_t kHighestPort = 65'535;

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

Result<FilterChainMatch::Range> read_range(const core::CidrRange& message, const Place& at) {
  if (!is_ip_address(message.address_prefix())) {
    return at.field("address_prefix")
        .error(quote(message.address_prefix()) + " is not an IP address");
  }
  const uint32_t most = is_ipv6(message.address_prefix()) ? 128 : 32;
  if (message.prefix_len().value() > most) {
    return at.field("prefix_len").error("such an address has " + std::to_string(most) + " bits");
  }
  return FilterChainMatch::Range{message.address_prefix(), message.prefix_len().value()};
}

Result<std::vector<FilterChainMatch::Range>> read_ranges(
    const google::protobuf::RepeatedPtrField<core::CidrRange>& messages, const Place& at) {
  std::vector<FilterChainMatch::Range> ranges;
  for (int i = 0; i < messages.size(); ++i) {
    WEIR_TRY(auto range, read_range(messages[i], at.item(static_cast<size_t>(i))));
    ranges.push_back(std::move(range));
  }
  return ranges;
}

// A '*' stands for the first labels, and for nothing else.
Result<std::string> read_server_name(std::string_view text, const Place& at) {
  std::string name = lower_case(text);
  const std::string_view exact = name.starts_with("*.") ? std::string_view(name).substr(2) : name;
  if (exact.empty() || exact.find('*') != std::string_view::npos) {
    return at.error("expected a name as example.com, or *.example.com for all below it; got " +
                    quote(name));
  }
  return name;
}

Done read_names(const listener_v3::FilterChainMatch& message, const Place& at,
                FilterChainMatch& into) {
  const Place names = at.field("server_names");
  for (int i = 0; i < message.server_names_size(); ++i) {
    WEIR_TRY(auto name,
             read_server_name(message.server_names(i), names.item(static_cast<size_t>(i))));
    into.server_names.push_back(std::move(name));
  }
  const std::string& transport = message.transport_protocol();
  if (!transport.empty() && transport != "tls" && transport != "raw_buffer") {
    return at.field("transport_protocol")
        .error("expected tls or raw_buffer, got " + quote(transport));
  }
  into.transport_protocol = transport;
  for (int i = 0; i < message.application_protocols_size(); ++i) {
    if (message.application_protocols(i).empty()) {
      return at.field("application_protocols")
          .item(static_cast<size_t>(i))
          .error("expected a protocol's name, as h2 or http/1.1");
    }
    into.application_protocols.push_back(message.application_protocols(i));
  }
  return Unit{};
}

}  // namespace

Result<FilterChainMatch> read_chain_match(const listener_v3::FilterChainMatch& message,
                                          const Place& at) {
  FilterChainMatch match;
  if (message.has_destination_port()) {
    const uint32_t port = message.destination_port().value();
    if (port == 0 || port > kHighestPort) {
      return at.field("destination_port").error("not a port; expected a number from 1 to 65535");
    }
    match.destination_port = static_cast<uint16_t>(port);
  }
  WEIR_TRY(match.destinations, read_ranges(message.prefix_ranges(), at.field("prefix_ranges")));
  WEIR_TRY(read_names(message, at, match));
  WEIR_TRY(match.sources,
           read_ranges(message.source_prefix_ranges(), at.field("source_prefix_ranges")));
  for (int i = 0; i < message.source_ports_size(); ++i) {
    if (message.source_ports(i) == 0 || message.source_ports(i) > kHighestPort) {
      return at.field("source_ports")
          .item(static_cast<size_t>(i))
          .error("not a port; expected a number from 1 to 65535");
    }
    match.source_ports.push_back(static_cast<uint16_t>(message.source_ports(i)));
  }
  return match;
}

}  // namespace weir::config
