#include "planes/serve/proxy_header.h"

#include <gtest/gtest.h>

#include "planes/serve/exchange.h"

#include <string>

namespace weir::serve {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

ProxyHeader parse(const std::string& bytes) { return parse_proxy_header(as_bytes(bytes)); }

// Every shorter part of it does not tell yet.
ProxyHeader parse_in_pieces(const std::string& header) {
  for (size_t n = 0; n < header.size(); ++n) {
    EXPECT_EQ(parse(header.substr(0, n)).state, State::Unfinished) << n;
  }
  return parse(header + "GET /");
}

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

TEST(ProxyHeaderTest, ReadsTheTextForm) {
  const auto header = parse_in_pieces("PROXY TCP4 192.0.2.1 10.0.0.1 5678 443\r\n");
  ASSERT_EQ(header.state, State::Complete);
  EXPECT_EQ(header.size, 40u);
  ASSERT_TRUE(header.addresses);
  EXPECT_EQ(header.addresses->source, "192.0.2.1");
  EXPECT_EQ(header.addresses->source_port, 5678);
  EXPECT_EQ(header.addresses->destination, "10.0.0.1");
  EXPECT_EQ(header.addresses->destination_port, 443);
}

TEST(ProxyHeaderTest, ReadsTheTextFormOfIpv6) {
  const auto header = parse_in_pieces("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
  ASSERT_TRUE(header.addresses);
  EXPECT_EQ(header.addresses->source, "2001:db8::1");
  EXPECT_EQ(header.addresses->destination_port, 65535);
}

TEST(ProxyHeaderTest, AnUnknownKindHasNoAddresses) {
  const auto header = parse("PROXY UNKNOWN ff ff 1 2\r\nrest");
  EXPECT_EQ(header.state, State::Complete);
  EXPECT_EQ(header.size, 25u);
  EXPECT_FALSE(header.addresses);
}

TEST(ProxyHeaderTest, RefusesBadText) {
  for (const char* line :
       {"PROXY TCP4 192.0.2.1 10.0.0.1 5678\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 10.0.0.1 1 2\r\n", "PROXY UDP4 192.0.2.1 10.0.0.1 1 2\r\n",
        "PROXY TCP4 192.0.2.1 10.0.0.1 65536 2\r\n", "PROXY TCP4 192.0.2.1 10.0.0.1 -1 2\r\n",
        "PROXY TCP4 192.0.2.1  10.0.0.1 1 2\r\n", "PROXY \r\n"}) {
    EXPECT_EQ(parse(line).state, State::Malformed) << line;
  }
  EXPECT_EQ(parse("PROXY " + std::string(101, 'x')).state, State::Malformed);
}

TEST(ProxyHeaderTest, ReadsTheBinaryForm) {
  const auto header = parse_in_pieces(kSignature + "\x21\x11\x00\x0f"s + "\xc0\x00\x02\x01"s +
                                      "\x0a\x00\x00\x01"s + "\x16\x2e\x01\xbb"s + "\x04\x00\x00"s);
  ASSERT_EQ(header.state, State::Complete);
  EXPECT_EQ(header.size, 31u);
  ASSERT_TRUE(header.addresses);
  EXPECT_EQ(header.addresses->source, "192.0.2.1");
  EXPECT_EQ(header.addresses->source_port, 5678);
  EXPECT_EQ(header.addresses->destination_port, 443);
}

TEST(ProxyHeaderTest, ReadsTheBinaryFormOfIpv6) {
  const std::string address = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01"s;
  const auto header =
      parse(kSignature + "\x21\x21\x00\x24"s + address + address + "\x00\x01\x00\x02"s);
  ASSERT_TRUE(header.addresses);
  EXPECT_EQ(header.addresses->source, "2001:db8::1");
  EXPECT_EQ(header.addresses->source_port, 1);
}

TEST(ProxyHeaderTest, AProxysOwnConnectionHasNoAddresses) {
  const auto header = parse(kSignature + "\x20\x00\x00\x00"s);
  EXPECT_EQ(header.state, State::Complete);
  EXPECT_FALSE(header.addresses);
}

TEST(ProxyHeaderTest, RefusesBadBinary) {
  EXPECT_EQ(parse(kSignature + "\x11\x11\x00\x0c"s).state, State::Malformed);
  EXPECT_EQ(parse(kSignature + "\x22\x11\x00\x0c"s).state, State::Malformed);
  EXPECT_EQ(parse(kSignature + "\x21\x11\xff\xff"s).state, State::Malformed);
  EXPECT_EQ(parse(kSignature + "\x21\x11\x00\x04"s + "abcd"s).state, State::Malformed);
}

TEST(ProxyHeaderTest, OtherBytesAreNone) {
  for (const char* bytes : {"GET / HTTP/1.1\r\n", "PRI * HTTP/2.0", "\x16\x03\x01", "\r\nGET"}) {
    EXPECT_EQ(parse(bytes).state, State::Absent) << bytes;
  }
}

TEST(ProxyHeaderTest, MakesTheTextForm) {
  const auto made = [](const std::string& remote, const std::string& local) {
    return make_proxy_header(ConnectionInfo{
        .remote_address = remote, .remote_port = 5000, .local_address = local, .local_port = 80});
  };
  EXPECT_EQ(made("203.0.113.9:5000", "10.0.0.1:80"), "PROXY TCP4 203.0.113.9 10.0.0.1 5000 80\r\n");
  EXPECT_EQ(made("[2001:db8::7]:5000", "[::1]:80"), "PROXY TCP6 2001:db8::7 ::1 5000 80\r\n");
  EXPECT_EQ(made("[2001:db8::7]:5000", "10.0.0.1:80"), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(made("", ""), "PROXY UNKNOWN\r\n");
  const ProxyHeader header = parse(made("203.0.113.9:5000", "10.0.0.1:80"));
  ASSERT_EQ(header.state, State::Complete);
  EXPECT_EQ(header.addresses->source, "203.0.113.9");
}

}  // namespace
}  // namespace weir::serve
