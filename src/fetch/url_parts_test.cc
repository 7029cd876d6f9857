#include "fetch/url_parts.h"

#include <gtest/gtest.h>

namespace weir::fetch {
namespace {

TEST(UrlPartsTest, AreWhatARequestSays) {
  const auto url = parse_url("https://a%40b:p%3Aw@code.example.com:8443/x/y.wasm?a=b&c");
  ASSERT_TRUE(url);
  EXPECT_TRUE(url->secure);
  EXPECT_EQ(url->authority, "code.example.com:8443");
  EXPECT_EQ(url->target, "/x/y.wasm?a=b&c");
  ASSERT_TRUE(url->credentials);
  EXPECT_EQ(url->credentials->user, "a@b");
  EXPECT_EQ(url->credentials->password, "p:w");
}

TEST(UrlPartsTest, AreDefaultsWhereNothingIsSaid) {
  const auto url = parse_url("http://[::1]");
  ASSERT_TRUE(url);
  EXPECT_FALSE(url->secure);
  EXPECT_EQ(url->authority, "[::1]");
  EXPECT_EQ(url->target, "/");
  EXPECT_FALSE(url->credentials);
}

TEST(UrlPartsTest, NeedAHost) {
  EXPECT_FALSE(parse_url(""));
  EXPECT_FALSE(parse_url("http://"));
  EXPECT_FALSE(parse_url("/path"));
  EXPECT_FALSE(parse_url("http://host:99999/"));
}

TEST(UrlPartsTest, RedirectsAreReadFromWhereTheyStand) {
  EXPECT_EQ(resolve_url("http://a/b/c?d", "/e"), "http://a/e");
  EXPECT_EQ(resolve_url("http://a/b/c", "d"), "http://a/b/d");
  EXPECT_EQ(resolve_url("http://a/b", "https://other/c"), "https://other/c");
  EXPECT_EQ(resolve_url("no url", "/e"), "");
}

}  // namespace
}  // namespace weir::fetch
