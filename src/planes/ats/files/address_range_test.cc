#include "planes/ats/files/address_range.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::ats_plane {
namespace {

using ::testing::HasSubstr;

AddressRange range(std::string_view text) {
  auto parsed = AddressRange::parse(text);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message;
  return std::move(parsed).value();
}

bool contains(std::string_view text, const char* address) {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    v6.sin6_family = AF_INET6;
  }
  return range(text).contains(reinterpret_cast<const sockaddr*>(&storage));
}

TEST(AddressRangeTest, HoldsWhatBeginsAlike) {
  EXPECT_TRUE(contains("192.0.2.0/24", "192.0.2.255"));
  EXPECT_FALSE(contains("192.0.2.0/24", "192.0.3.0"));
  EXPECT_TRUE(contains("10.1.2.3/8", "10.200.0.1"));
  EXPECT_TRUE(contains("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(contains("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(contains("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(contains("192.0.2.1", "192.0.2.0"));
  EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(contains("::1", "::1"));
  EXPECT_FALSE(contains("::1", "::2"));
}

TEST(AddressRangeTest, HoldsOneVersionAlone) {
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(contains("0.0.0.0/0", "::1"));
  EXPECT_TRUE(contains("::/0", "2001:db8::1"));
  EXPECT_FALSE(contains("::/0", "127.0.0.1"));
  EXPECT_FALSE(range("::/0").contains(nullptr));
}

TEST(AddressRangeTest, IsWhatItHolds) {
  EXPECT_EQ(range("10.1.2.3/9"), range("10.0.0.0/9"));
  EXPECT_EQ(range("10.1.2.3/32"), range("10.1.2.3"));
  EXPECT_FALSE(range("10.0.0.0/9") == range("10.0.0.0/10"));
}

TEST(AddressRangeTest, TellsWhatIsNone) {
  for (const std::string_view text : {"", "/8", "localhost", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x",
                                      "10.0.0.0/8 ", "10.0.0.0/-1", "10.0.0.0/4294967297"}) {
    const auto parsed = AddressRange::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("is no range of IP addresses; write it as"));
  }
  EXPECT_THAT(AddressRange::parse("10.0.0.0/33").error().message,
              HasSubstr("such an address has 32 bits"));
  EXPECT_THAT(AddressRange::parse("::/129").error().message,
              HasSubstr("such an address has 128 bits"));
}

}  // namespace
}  // namespace weir::ats_plane
