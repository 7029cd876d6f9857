#pragma once
// Which filter chain of a listener serves a connection.

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/client_hello.h"
#include "planes/serve/exchange.h"

namespace weir::serve {

// As Envoy chooses: criteria in their order, and at each the chains that say most of the connection
// stay; there is no way back to those that were left behind. Immutable. Thread: any.
class ChainChooser {
 public:
  explicit ChainChooser(const std::vector<config::FilterChain>& chains);

  // Whether the first bytes of a connection are to be inspected before.
  bool needs_first_bytes() const { return needs_first_bytes_; }

  // By its place in the listener; nothing where no chain is for the connection. `first` is not
  // looked at where it is not needed.
  std::optional<size_t> choose(const ConnectionInfo& connection, const FirstBytes& first) const;

 private:
  struct Range {
    boost::asio::ip::address address;
    uint32_t bits;
  };
  struct Candidate {
    size_t place;
    config::FilterChainMatch match;
    std::vector<Range> destinations;
    std::vector<Range> sources;
  };
  struct Connection;

  static std::vector<Range> ranges_of(const std::vector<config::FilterChainMatch::Range>& ranges);
  static int range_score(const std::vector<Range>& ranges, const boost::asio::ip::address& address);

  std::vector<Candidate> candidates_;
  std::optional<size_t> default_;
  bool needs_first_bytes_ = false;
  bool trivial_ = false;  // there is one chain, for all
};

}  // namespace weir::serve
