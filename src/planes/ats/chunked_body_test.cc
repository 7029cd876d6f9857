#include "planes/ats/chunked_body.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::ats_plane {
namespace {

using State = ChunkedBody::State;

std::string text_of(const serve::Body& body) {
  std::string text(body.size(), '\0');
  body.copy_to(0, std::as_writable_bytes(std::span(text)));
  return text;
}

// Gives `coded` in pieces of `size` bytes, and answers what came of it.
std::pair<State, std::string> decode(std::string_view coded, size_t size) {
  ChunkedBody chunked;
  serve::Body body;
  for (size_t at = 0; at < coded.size(); at += size) chunked.take(coded.substr(at, size), body);
  return {chunked.state(), text_of(body)};
}

TEST(ChunkedBodyTest, TakesChunksHoweverTheyAreCut) {
  const std::string coded = "3\r\none\r\nA;name=value\r\n0123456789\r\n0\r\n\r\n";
  for (size_t size = 1; size <= coded.size(); ++size) {
    EXPECT_EQ(decode(coded, size), (std::pair{State::Ended, std::string("one0123456789")}));
  }
}

TEST(ChunkedBodyTest, PassesTrailersOver) {
  EXPECT_EQ(decode("1\r\na\r\n0\r\nx-late: 1\r\ny: 2\r\n\r\n", 4),
            (std::pair{State::Ended, std::string("a")}));
}

TEST(ChunkedBodyTest, LeavesWhatIsBehindTheEndAlone) {
  EXPECT_EQ(decode("0\r\n\r\nGET / HTTP/1.1\r\n", 64), (std::pair{State::Ended, std::string()}));
}

TEST(ChunkedBodyTest, WaitsForTheRest) {
  EXPECT_EQ(decode("5\r\none", 64), (std::pair{State::Open, std::string("one")}));
}

TEST(ChunkedBodyTest, RefusesWhatIsNoChunk) {
  for (const char* coded : {"x\r\n", "\r\n", "1\r\nab\r\n", "10000000000000000\r\n"}) {
    EXPECT_EQ(decode(coded, 64).first, State::Broken) << coded;
  }
}

}  // namespace
}  // namespace weir::ats_plane
