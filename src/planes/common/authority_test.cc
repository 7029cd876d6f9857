#include "planes/common/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::planes {
namespace {

// "host|port", or "none".
std::string parsed(std::string_view text) {
  const auto authority = parse_authority(text);
  if (!authority) return "none";
  return std::string(authority->host) + "|" + std::string(authority->port);
}

TEST(AuthorityTest, HasAHostAndPerhapsAPort) {
  EXPECT_EQ(parsed("a"), "a|");
  EXPECT_EQ(parsed("a.example:80"), "a.example|80");
  EXPECT_EQ(parsed("a:"), "a|");
  EXPECT_EQ(parsed("a:65535"), "a|65535");
  EXPECT_EQ(parsed("192.0.2.1:8080"), "192.0.2.1|8080");
  EXPECT_EQ(parsed("[::1]"), "[::1]|");
  EXPECT_EQ(parsed("[::1]:80"), "[::1]|80");
  EXPECT_EQ(parsed("a_b%20c!"), "a_b%20c!|");
}

TEST(AuthorityTest, IsNothingElse) {
  for (const char* text :
       {"",     ":",   ":80",    "a:b",     "a:-1", "a:65536", "a:000080", "a:80:80",    "::1",
        "[::1", "[]",  "[::1]x", "[::1]80", "[:/]", "a]",      "u@a",      "a/b",        "a?b",
        "a#b",  "a b", "a,b",    "a\\b",    "a\tb", "\"a\"",   "a\x7f",    "caf\xc3\xa9"}) {
    EXPECT_EQ(parsed(text), "none") << text;
  }
}

}  // namespace
}  // namespace weir::planes
