#include "planes/serve/client_hello.h"

#include <gtest/gtest.h>

#include <string>

#include "planes/serve/tls_openssl.h"

namespace weir::serve {
namespace {

// What OpenSSL says first.
std::string hello(const char* server_name, std::string_view alpn) {
  const OwnSslContext context(SSL_CTX_new(TLS_client_method()));
  const OwnSsl ssl(SSL_new(context.get()));
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  if (server_name != nullptr) SSL_set_tlsext_host_name(ssl.get(), server_name);
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  SSL_connect(ssl.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(SSL_get_wbio(ssl.get()), &data);
  return {data, static_cast<size_t>(size)};
}

FirstBytes inspect(std::string_view bytes) { return inspect_first_bytes(as_bytes(bytes)); }

TEST(ClientHelloTest, TellsNameAndProtocols) {
  const auto first = inspect(hello("Some.Test", "\x02h2\x08http/1.1"));
  ASSERT_EQ(first.kind, FirstBytes::Kind::Tls);
  EXPECT_EQ(first.hello.server_name, "some.test");
  EXPECT_EQ(first.hello.offered, (std::vector<std::string>{"h2", "http/1.1"}));
}

TEST(ClientHelloTest, NeitherHasToBeThere) {
  const auto first = inspect(hello(nullptr, ""));
  ASSERT_EQ(first.kind, FirstBytes::Kind::Tls);
  EXPECT_EQ(first.hello.server_name, "");
  EXPECT_TRUE(first.hello.offered.empty());
}

TEST(ClientHelloTest, MayComeByteByByte) {
  const std::string all = hello("a.test", "");
  for (size_t n = 0; n < all.size(); ++n) {
    ASSERT_EQ(inspect(all.substr(0, n)).kind, FirstBytes::Kind::Unfinished) << n;
  }
}

TEST(ClientHelloTest, MayComeInManyRecords) {
  const std::string all = hello("a.test", "");
  std::string split;
  for (const char c : all.substr(5)) split += std::string("\x16\x03\x01\x00\x01", 5) + c;
  const auto first = inspect(split);
  ASSERT_EQ(first.kind, FirstBytes::Kind::Tls);
  EXPECT_EQ(first.hello.server_name, "a.test");
}

TEST(ClientHelloTest, OtherBytesAreSomethingElse) {
  EXPECT_EQ(inspect("GET / HTTP/1.1\r\n").kind, FirstBytes::Kind::Other);
  EXPECT_EQ(inspect("\x16GET").kind, FirstBytes::Kind::Other);
  // A message of another type, one that is too long, one whose lengths do not fit.
  EXPECT_EQ(inspect(std::string("\x16\x03\x01\x00\x01\x02", 6)).kind, FirstBytes::Kind::Other);
  EXPECT_EQ(inspect(std::string("\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9)).kind,
            FirstBytes::Kind::Other);
  std::string broken = hello("a.test", "");
  broken[5 + 4 + 2 + 32] = '\xff';
  EXPECT_EQ(inspect(broken).kind, FirstBytes::Kind::Other);
}

}  // namespace
}  // namespace weir::serve
