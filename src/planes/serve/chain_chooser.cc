#include "planes/serve/chain_chooser.h"

#include <algorithm>
#include <functional>
#include <string_view>

namespace weir::serve {
namespace {

namespace ip = boost::asio::ip;

// How well a chain's criterion fits: the chain is not for the connection; it says nothing; it says
// something, the more the better.
constexpr int kNo = -1;
constexpr int kUnsaid = 0;

// "192.0.2.1:80", "[2001:db8::1]:80".
ip::address address_of(std::string_view text) {
  boost::system::error_code error;
  text = text.substr(0, text.rfind(':'));
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);
  auto address = ip::make_address(std::string(text), error);
  if (error) return {};
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return address;
}

template <typename Address>
bool same_bits(const Address& a, const Address& b, uint32_t bits) {
  const auto one = a.to_bytes();
  const auto other = b.to_bytes();
  for (size_t i = 0; i < one.size() && bits > 0; ++i) {
    const uint32_t here = std::min(bits, 8U);
    const auto mask = static_cast<unsigned char>(0xFF00U >> here);
    if (((one[i] ^ other[i]) & mask) != 0) return false;
    bits -= here;
  }
  return true;
}

int name_score(const std::vector<std::string>& names, std::string_view name) {
  if (names.empty()) return kUnsaid;
  constexpr int kWhole = 1 << 16;  // no name is so long
  int best = kNo;
  for (const std::string& wanted : names) {
    if (wanted == name) return kWhole;
    if (!wanted.starts_with("*.")) continue;
    const std::string_view suffix = std::string_view(wanted).substr(1);
    if (name.size() > suffix.size() && name.ends_with(suffix)) {
      best = std::max(best, static_cast<int>(suffix.size()));
    }
  }
  return best;
}

int protocol_score(const std::vector<std::string>& wanted,
                   const std::vector<std::string>& offered) {
  if (wanted.empty()) return kUnsaid;
  return std::ranges::find_first_of(wanted, offered) != wanted.end() ? 1 : kNo;
}

}  // namespace

// What is compared.
struct ChainChooser::Connection {
  const ConnectionInfo& info;
  const FirstBytes& first;
  ip::address source;
  ip::address destination;
};

ChainChooser::ChainChooser(const std::vector<config::FilterChain>& chains) {
  for (size_t i = 0; i < chains.size(); ++i) {
    if (chains[i].is_default) {
      default_ = i;
      continue;
    }
    const config::FilterChainMatch& match = chains[i].match;
    candidates_.push_back({.place = i,
                           .match = match,
                           .destinations = ranges_of(match.destinations),
                           .sources = ranges_of(match.sources)});
    needs_first_bytes_ |= !match.server_names.empty() || !match.transport_protocol.empty() ||
                          !match.application_protocols.empty();
  }
  trivial_ = candidates_.size() == 1 && candidates_[0].match == config::FilterChainMatch{};
}

std::vector<ChainChooser::Range> ChainChooser::ranges_of(
    const std::vector<config::FilterChainMatch::Range>& ranges) {
  std::vector<Range> out;
  for (const auto& range : ranges) out.push_back({ip::make_address(range.prefix), range.bits});
  return out;
}

int ChainChooser::range_score(const std::vector<Range>& ranges, const ip::address& address) {
  if (ranges.empty()) return kUnsaid;
  int best = kNo;
  for (const Range& range : ranges) {
    if (range.address.is_v4() != address.is_v4()) continue;
    const bool within = address.is_v4()
                            ? same_bits(range.address.to_v4(), address.to_v4(), range.bits)
                            : same_bits(range.address.to_v6(), address.to_v6(), range.bits);
    // The shortest one says something still.
    if (within) best = std::max(best, static_cast<int>(range.bits) + 1);
  }
  return best;
}

std::optional<size_t> ChainChooser::choose(const ConnectionInfo& info,
                                           const FirstBytes& first) const {
  if (trivial_) return candidates_[0].place;
  const Connection connection{info, first, address_of(info.remote_address),
                              address_of(info.local_address)};
  const bool is_tls = first.kind == FirstBytes::Kind::Tls;
  using Score = std::function<int(const Candidate&)>;
  const Score scores[] = {
      [&](const Candidate& chain) {
        if (!chain.match.destination_port) return kUnsaid;
        return *chain.match.destination_port == info.local_port ? 1 : kNo;
      },
      [&](const Candidate& chain) {
        return range_score(chain.destinations, connection.destination);
      },
      [&](const Candidate& chain) {
        return name_score(chain.match.server_names, first.hello.server_name);
      },
      [&](const Candidate& chain) {
        if (chain.match.transport_protocol.empty()) return kUnsaid;
        return (chain.match.transport_protocol == "tls") == is_tls ? 1 : kNo;
      },
      [&](const Candidate& chain) {
        return protocol_score(chain.match.application_protocols, first.hello.offered);
      },
      [&](const Candidate& chain) { return range_score(chain.sources, connection.source); },
      [&](const Candidate& chain) {
        if (chain.match.source_ports.empty()) return kUnsaid;
        return std::ranges::count(chain.match.source_ports, info.remote_port) > 0 ? 1 : kNo;
      },
  };
  std::vector<const Candidate*> left;
  for (const Candidate& candidate : candidates_) left.push_back(&candidate);
  for (const Score& score : scores) {
    int best = kNo;
    for (const Candidate* candidate : left) best = std::max(best, score(*candidate));
    if (best == kNo) return default_;
    std::erase_if(left, [&](const Candidate* candidate) { return score(*candidate) < best; });
  }
  return left.empty() ? default_ : std::optional(left[0]->place);
}

}  // namespace weir::serve
