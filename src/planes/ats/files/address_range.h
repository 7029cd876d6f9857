#pragma once
// Which clients may come to a TCP port.

#include <netinet/in.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::ats_plane {

// Addresses that begin alike. Immutable. Thread: any.
class AddressRange {
 public:
  // "192.0.2.0/24", "2001:db8::/32", or one address. Bits behind the prefix are of no account.
  static Result<AddressRange> parse(std::string_view text);

  bool contains(const sockaddr* address) const;

  bool operator==(const AddressRange&) const = default;

 private:
  AddressRange() = default;

  sa_family_t family_ = AF_UNSPEC;
  std::array<uint8_t, 16> bytes_{};  // of IPv4 the first four
  uint32_t bits_ = 0;                // of the prefix
};

}  // namespace weir::ats_plane
