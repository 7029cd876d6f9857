#include "planes/serve/checked_headers.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

TEST(CheckedHeadersTest, RefusesWhatWouldBreakTheMessage) {
  abi::HeaderList list;
  CheckedHeaders headers(CheckedHeaders::Kind::Response, list);
  EXPECT_FALSE(headers.add("x", "a\r\nset-cookie: b"));
  EXPECT_FALSE(headers.replace("x", std::string_view("a\0b", 3)));
  EXPECT_FALSE(headers.add("x y", "1"));
  EXPECT_FALSE(headers.add("", "1"));
  EXPECT_FALSE(headers.add("x:", "1"));
  EXPECT_FALSE(headers.add("Transfer-Encoding", "chunked"));
  EXPECT_FALSE(headers.add("connection", "close"));
  EXPECT_EQ(list.count(), 0u);
  EXPECT_TRUE(headers.add("X-Fine", "caf\xc3\xa9"));
}

TEST(CheckedHeadersTest, KnowsThePseudoHeadersOfEachKind) {
  abi::HeaderList list;
  EXPECT_TRUE(CheckedHeaders(CheckedHeaders::Kind::Request, list).add(":path", "/"));
  EXPECT_FALSE(CheckedHeaders(CheckedHeaders::Kind::Request, list).add(":status", "200"));
  EXPECT_FALSE(CheckedHeaders(CheckedHeaders::Kind::Response, list).add(":path", "/"));
  EXPECT_TRUE(CheckedHeaders(CheckedHeaders::Kind::Response, list).add(":status", "200"));
  EXPECT_FALSE(CheckedHeaders(CheckedHeaders::Kind::Trailers, list).add(":status", "200"));
}

TEST(CheckedHeadersTest, AddsAPseudoHeaderOnce) {
  abi::HeaderList list{{":path", "/a"}};
  CheckedHeaders headers(CheckedHeaders::Kind::Request, list);
  EXPECT_TRUE(headers.add(":path", "/b"));
  EXPECT_EQ(list.count(), 1u);
  EXPECT_EQ(headers.find(":path"), "/b");
}

TEST(CheckedHeadersTest, TakesHostForAuthorityInRequests) {
  abi::HeaderList list{{":authority", "a"}};
  CheckedHeaders headers(CheckedHeaders::Kind::Request, list);
  EXPECT_EQ(headers.find("Host"), "a");
  EXPECT_TRUE(headers.replace("host", "b"));
  EXPECT_EQ(list.find(":authority"), "b");
  EXPECT_EQ(list.find("host"), std::nullopt);
  headers.remove("host");
  EXPECT_EQ(list.count(), 0u);
}

TEST(CheckedHeadersTest, MovesPseudoHeadersFirst) {
  abi::HeaderList list{{"x", "1"}, {":path", "/"}, {"y", "2"}, {":method", "GET"}};
  put_pseudo_headers_first(list);
  ASSERT_EQ(list.count(), 4u);
  EXPECT_EQ(list.name(0), ":path");
  EXPECT_EQ(list.name(1), ":method");
  EXPECT_EQ(list.name(2), "x");
  EXPECT_EQ(list.name(3), "y");
}

}  // namespace
}  // namespace weir::serve
