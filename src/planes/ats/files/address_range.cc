#include "planes/ats/files/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace weir::ats_plane {
namespace {

constexpr uint32_t kByteBits = 8;
constexpr uint32_t kIpv4Bits = 32;
constexpr uint32_t kIpv6Bits = 128;

Error no_range(std::string_view text, const std::string& why = "") {
  return {ErrorCode::BadConfig, "'" + std::string(text) + "' is no range of IP addresses" + why +
                                    "; write it as \"192.0.2.0/24\" or \"2001:db8::/32\""};
}

}  // namespace

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  AddressRange range;
  if (inet_pton(AF_INET, address.c_str(), range.bytes_.data()) == 1) {
    range.family_ = AF_INET;
    range.bits_ = kIpv4Bits;
  } else if (inet_pton(AF_INET6, address.c_str(), range.bytes_.data()) == 1) {
    range.family_ = AF_INET6;
    range.bits_ = kIpv6Bits;
  } else {
    return no_range(text);
  }
  if (slash != std::string_view::npos) {
    const uint32_t most = range.bits_;
    const std::string_view bits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(bits.begin(), bits.end(), range.bits_);
    if (error != std::errc() || end != bits.end()) return no_range(text);
    if (range.bits_ > most) {
      return no_range(text, ": such an address has " + std::to_string(most) + " bits");
    }
  }
  // So that two of the same addresses are equal.
  for (uint32_t i = 0; i < range.bytes_.size(); ++i) {
    const uint32_t kept =
        range.bits_ <= i * kByteBits ? 0 : std::min(kByteBits, range.bits_ - i * kByteBits);
    range.bytes_.at(i) &= static_cast<uint8_t>(0xff00U >> kept);
  }
  return range;
}

bool AddressRange::contains(const sockaddr* address) const {
  if (address == nullptr || address->sa_family != family_) return false;
  std::array<uint8_t, 16> bytes{};
  if (family_ == AF_INET) {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in*>(address)->sin_addr,
                sizeof(in_addr));
  } else {
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr,
                sizeof(in6_addr));
  }
  const size_t whole = bits_ / kByteBits;
  if (std::memcmp(bytes.data(), bytes_.data(), whole) != 0) return false;
  const auto rest = static_cast<uint8_t>(0xff00U >> (bits_ % kByteBits));
  return rest == 0 || (bytes.at(whole) & rest) == bytes_.at(whole);
}

}  // namespace weir::ats_plane
