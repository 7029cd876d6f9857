#include "planes/ats/proxy_gate.h"

#include <algorithm>
#include <vector>

#include "planes/ats/addresses.h"
#include "planes/serve/proxy_header.h"

namespace weir::ats_plane {
namespace {

// No header is longer.
constexpr uint64_t kMostHeader = 8192;

}  // namespace

ProxyGate::State ProxyGate::take(serve::Body input, serve::ConnectionInfo& connection) {
  bytes_.append(std::move(input));
  std::vector<std::byte> start(std::min(bytes_.size(), kMostHeader));
  bytes_.copy_to(0, start);
  const serve::ProxyHeader header = serve::parse_proxy_header(start);
  switch (header.state) {
    case serve::ProxyHeader::State::Unfinished:
      return State::Reading;
    case serve::ProxyHeader::State::Absent:
    case serve::ProxyHeader::State::Malformed:
      return State::Refused;
    case serve::ProxyHeader::State::Complete:
      break;
  }
  bytes_.drop_front(header.size);
  if (header.addresses) {
    client_ = to_address(header.addresses->source, header.addresses->source_port);
    move_to(connection, *header.addresses);
  }
  return State::Passed;
}

}  // namespace weir::ats_plane
