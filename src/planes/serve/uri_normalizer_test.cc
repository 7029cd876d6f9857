#include "planes/serve/uri_normalizer.h"

#include <gtest/gtest.h>

namespace weir::serve {
namespace {

using config::UriRules;
using EscapedSlashes = UriRules::EscapedSlashes;
using StripPort = UriRules::StripPort;

std::string normal(std::string_view path) { return normalize_path(path).value_or("refused"); }

TEST(UriNormalizerTest, ResolvesDots) {
  EXPECT_EQ(normal("/"), "/");
  EXPECT_EQ(normal("/a/b"), "/a/b");
  EXPECT_EQ(normal("/a/./b"), "/a/b");
  EXPECT_EQ(normal("/a/../b"), "/b");
  EXPECT_EQ(normal("/a/b/../../c/"), "/c/");
  EXPECT_EQ(normal("/../../a"), "/a");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("/a/.."), "/");
  EXPECT_EQ(normal("//../a"), "/a");
  EXPECT_EQ(normal("/a//../b"), "/a/b");
  EXPECT_EQ(normal("/.../..a/b../."), "/.../..a/b../");
  EXPECT_EQ(normal("/a\\..\\b"), "/b");
  EXPECT_EQ(normal("/a/%2e%2E/b/.%2e/c/%2e"), "/c/");
}

TEST(UriNormalizerTest, WritesEscapesInOneWay) {
  EXPECT_EQ(normal("/%41%7a%39%2d%5f%7E"), "/Az9-_~");
  EXPECT_EQ(normal("/%2f%2F%5c%3f%3F%20"), "/%2f%2F%5c%3f%3F%20");
  EXPECT_EQ(normal("/a\"b<c>d^e`f{g}h|i"), "/a%22b%3Cc%3Ed%5Ee%60f%7Bg%7Dh%7Ci");
  EXPECT_EQ(normal("/!$&'()*+,;=:@[]"), "/!$&'()*+,;=:@[]");
  EXPECT_EQ(normal("/caf\xc3\xa9"), "/caf%C3%A9");
  EXPECT_EQ(normal("/%c3%a9%ff"), "/%c3%a9%ff");
  EXPECT_EQ(normal("/%zz%4%"), "/%zz%4%");
  EXPECT_EQ(normal("/%252e"), "/%252e");
}

// "%%32e" is "%2e" once "%32" is undone, which whoever comes next would undo in turn.
TEST(UriNormalizerTest, MakesNoEscapesByUndoingOthers) {
  EXPECT_EQ(normal("/a/%%32e%%32e/b"), "/a/%252e%252e/b");
  EXPECT_EQ(normal("/%2%65/%%35%63/%%32f/%2%35"), "/%252e/%255c/%252f/%2525");
  EXPECT_EQ(normal("/%%30%30"), "/%2500");
  EXPECT_EQ(normal("/%%25/%4%%31/%%%"), "/%%25/%4%1/%%%");
  EXPECT_EQ(normal("/%%%32e"), "/%%252e");
}

TEST(UriNormalizerTest, RefusesNul) {
  EXPECT_EQ(normal("/a%00"), "refused");
  EXPECT_EQ(normal(std::string_view("/a\0", 3)), "refused");
  EXPECT_EQ(normal("/%0d%0A%7f"), "/%0d%0A%7f");
}

TEST(UriNormalizerTest, ResolvesDotsWithParameters) {
  EXPECT_EQ(normal("/a/..;/b"), "/b");
  EXPECT_EQ(normal("/a/..;x=1/.;/b/%2e%2e;"), "/");
  EXPECT_EQ(normal("/a/x..;/...;/;/b;c/../d"), "/a/x..;/...;/;/d");
}

// What the request is then: "verdict path authority".
std::string rewritten(const UriRules& rules, std::string_view path,
                      std::string_view authority = "a.test:8080", std::string_view method = "GET") {
  HeaderList request{{":method", method}, {":path", path}, {":authority", authority}};
  const UriVerdict verdict = normalize_uri(rules, 8080, request);
  constexpr const char* kVerdicts[] = {"forward", "redirect", "reject"};
  std::string text = kVerdicts[static_cast<size_t>(verdict)];
  text.append(" ").append(*request.find(":path")).append(" ").append(*request.find(":authority"));
  return text;
}

TEST(UriNormalizerTest, DoesNothingUnasked) {
  EXPECT_FALSE(UriRules().any());
  EXPECT_EQ(rewritten({}, "//a/../%2f\\?q", "A.test.:8080"), "forward //a/../%2f\\?q A.test.:8080");
}

TEST(UriNormalizerTest, LeavesQueriesAlone) {
  const UriRules all{
      .normalize_path = true, .merge_slashes = true, .escaped_slashes = EscapedSlashes::Unescape};
  EXPECT_EQ(rewritten(all, "/a/../b?c//../%2f%41"), "forward /b?c//../%2f%41 a.test:8080");
  EXPECT_EQ(rewritten(all, "*"), "forward * a.test:8080");
  EXPECT_EQ(rewritten(all, "/a%00"), "reject /a%00 a.test:8080");
}

TEST(UriNormalizerTest, MergesSlashes) {
  const UriRules rules{.merge_slashes = true};
  EXPECT_EQ(rewritten(rules, "///a//b///"), "forward /a/b/ a.test:8080");
  EXPECT_EQ(rewritten(rules, "//"), "forward / a.test:8080");
  EXPECT_EQ(rewritten(rules, "/a/..//b"), "forward /a/../b a.test:8080");
}

TEST(UriNormalizerTest, KnowsWhatToDoWithEscapedSlashes) {
  EXPECT_EQ(rewritten({.escaped_slashes = EscapedSlashes::Reject}, "/a%2fb"),
            "reject /a%2fb a.test:8080");
  EXPECT_EQ(rewritten({.escaped_slashes = EscapedSlashes::Reject}, "/a?%2f"),
            "forward /a?%2f a.test:8080");
  EXPECT_EQ(rewritten({.escaped_slashes = EscapedSlashes::Redirect}, "/a%2Fb%5Cc?d"),
            "redirect /a/b\\c?d a.test:8080");
  const UriRules both{.normalize_path = true, .escaped_slashes = EscapedSlashes::Unescape};
  EXPECT_EQ(rewritten(both, "/a%2f..%5cb"), "forward /b a.test:8080");
}

TEST(UriNormalizerTest, LeavesOutPorts) {
  EXPECT_EQ(rewritten({.strip_port = StripPort::Any}, "/", "a.test:99"), "forward / a.test");
  EXPECT_EQ(rewritten({.strip_port = StripPort::Matching}, "/", "a.test:99"),
            "forward / a.test:99");
  EXPECT_EQ(rewritten({.strip_port = StripPort::Matching}, "/", "[::1]:8080"), "forward / [::1]");
  EXPECT_EQ(rewritten({.strip_port = StripPort::Any}, "/", "[::1]"), "forward / [::1]");
  EXPECT_EQ(rewritten({.strip_port = StripPort::Any}, "/", "a.test:8080", "CONNECT"),
            "forward / a.test:8080");
}

TEST(UriNormalizerTest, LeavesOutDots) {
  EXPECT_EQ(rewritten({.strip_trailing_dot = true}, "/", "a.test."), "forward / a.test");
  EXPECT_EQ(rewritten({.strip_trailing_dot = true}, "/", "a.test.:80"), "forward / a.test:80");
  EXPECT_EQ(rewritten({.strip_trailing_dot = true}, "/", "."), "forward / .");
  EXPECT_EQ(rewritten({.strip_port = StripPort::Any, .strip_trailing_dot = true}, "/", "a.:1"),
            "forward / a");
}

}  // namespace
}  // namespace weir::serve
