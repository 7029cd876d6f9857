// METADATA: what a frame says, and how a session passes it on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planes/serve/http2_metadata.h"
#include "planes/serve/http2_peer.h"

namespace weir::serve::test {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using Outcome = Http2MetadataReader::Outcome;

Fields fields_of(const HeaderList& list) {
  Fields fields;
  for (size_t i = 0; i < list.count(); ++i) {
    fields.emplace_back(std::string(list.name(i)), std::string(list.value(i)));
  }
  return fields;
}

TEST(Http2MetadataReaderTest, ReadsWhatItsOwnSideWrites) {
  Http2MetadataReader reader({.max_bytes = 1000, .max_count = 10});
  const std::string coded = encode_metadata({{"rtt", "100ms"}, {"a", std::string("\0\r\n", 3)}});
  ASSERT_TRUE(reader.take(coded.substr(0, 3)));
  ASSERT_TRUE(reader.take(coded.substr(3)));
  HeaderList read;
  EXPECT_EQ(reader.finish(read), Outcome::Read);
  EXPECT_THAT(fields_of(read),
              ElementsAre(Pair("rtt", "100ms"), Pair("a", std::string("\0\r\n", 3))));
}

TEST(Http2MetadataReaderTest, SharesNoTableBetweenBlocks) {
  Http2MetadataReader reader({.max_bytes = 1000, .max_count = 10});
  HeaderList read;
  ASSERT_TRUE(reader.take(std::string("\x40\x01x\x01y", 5)));  // indexed
  EXPECT_EQ(reader.finish(read), Outcome::Read);
  ASSERT_TRUE(reader.take("\xbe"));
  EXPECT_EQ(reader.finish(read), Outcome::Malformed);
}

TEST(Http2MetadataReaderTest, BoundsWhatAStreamSays) {
  Http2MetadataReader reader({.max_bytes = 200, .max_count = 2});
  HeaderList read;
  EXPECT_FALSE(reader.take(std::string(201, 'x')));
  ASSERT_TRUE(reader.take(block({{"a", "1"}, {"b", "2"}, {"c", "3"}})));
  EXPECT_EQ(reader.finish(read), Outcome::TooLarge);
}

TEST(Http2MetadataReaderTest, CountsWhatIsSmallOnTheWire) {
  Http2MetadataReader reader({.max_bytes = 1000, .max_count = 100});
  HeaderList read;
  // An entry of the static table: a byte each.
  int blocks = 0;
  while (blocks < 100 && reader.take("\x82") && reader.finish(read) == Outcome::Read) ++blocks;
  EXPECT_LT(blocks, 15);
  EXPECT_GT(blocks, 5);
}

TEST(Http2MetadataReaderTest, RefusesWhatIsNoBlock) {
  for (const std::string bad : {"\x80", "\xff\xff\xff\xff\xff\xff", "\x40\x7f", "\x40\x01x"}) {
    Http2MetadataReader reader({.max_bytes = 1000, .max_count = 100});
    HeaderList read;
    ASSERT_TRUE(reader.take(bad));
    EXPECT_EQ(reader.finish(read), Outcome::Malformed) << bad;
  }
}

constexpr int kMetadata = http2_metadata::kFrameType;
constexpr int kEndFlag = http2_metadata::kEndFlag;

ClusterSettings cluster(uint16_t port, bool allowed = true) {
  return {.name = "upstream",
          .endpoints = {{"127.0.0.1", port}},
          .http2 = true,
          .http2_options = {.allow_metadata = allowed}};
}

class Http2MetadataTest : public ::testing::Test {
 protected:
  Upstream upstream;
  Proxy proxy{cluster(upstream.port()),
              {.http2 = {.allow_metadata = true, .max_metadata_bytes = 40'000}}};
  Http2Peer client = Http2Peer::connect(proxy.port());

  // The next METADATA, put together; "" where the connection or the message has ended.
  static std::string next(Http2Peer& peer) {
    std::string coded;
    for (;;) {
      const Frame frame = peer.read_any();
      if (frame.type == kMetadata) coded += frame.payload;
      if (frame.type == kMetadata && (frame.flags & kEndFlag) != 0) return coded;
      if (frame.type == -1 || frame.type == NGHTTP2_RST_STREAM) return "";
      if (frame.ends_stream() && frame.type != NGHTTP2_SETTINGS && frame.type != NGHTTP2_PING) {
        return "";
      }
    }
  }
};

TEST_F(Http2MetadataTest, PassesBothWaysAndInPieces) {
  const std::string large = block({{"large", std::string(20'000, 'x')}});
  client.post(1);
  client.send(frame(kMetadata, 0, 1, large.substr(0, 16'000)));
  client.send(frame(kMetadata, kEndFlag, 1, large.substr(16'000)));
  client.send(frame(kMetadata, kEndFlag, 1, block({{"second", "2"}})));
  Http2Peer server = Http2Peer::accept(upstream);
  EXPECT_EQ(server.read().type, int{NGHTTP2_HEADERS});
  EXPECT_EQ(next(server).size(), encode_metadata({{"large", std::string(20'000, 'x')}}).size());
  EXPECT_EQ(next(server), encode_metadata({{"second", "2"}}));

  server.send(frame(kMetadata, kEndFlag, 1, block({{"before", "headers"}})));
  EXPECT_EQ(next(client), encode_metadata({{"before", "headers"}}));
  server.headers(1, {{":status", "200"}}, false);
  server.send(frame(kMetadata, kEndFlag, 1, block({{"after", "headers"}})));
  server.data(1, "", true);
  EXPECT_EQ(client.read().type, int{NGHTTP2_HEADERS});
  EXPECT_EQ(next(client), encode_metadata({{"after", "headers"}}));
}

TEST_F(Http2MetadataTest, SaysSoInItsSettings) {
  const Frame settings = client.read_any();
  EXPECT_EQ(settings.type, int{NGHTTP2_SETTINGS});
  EXPECT_NE(settings.payload.find(setting(http2_metadata::kEnableSetting, 1)), std::string::npos);
}

TEST_F(Http2MetadataTest, SendsNoneToAPeerThatRefusesIt) {
  Http2Peer quiet = Http2Peer::connect(proxy.port(), setting(http2_metadata::kEnableSetting, 0));
  quiet.post(1);
  Http2Peer server = Http2Peer::accept(upstream);
  server.read();
  server.send(frame(kMetadata, kEndFlag, 1, block({{"a", "b"}})));
  server.headers(1, {{":status", "200"}}, true);
  EXPECT_EQ(next(quiet), "");
}

TEST_F(Http2MetadataTest, ResetsAStreamThatSaysTooMuch) {
  client.post(1);
  for (int i = 0; i < 3; ++i) {
    client.send(frame(kMetadata, 0, 1, std::string(16'000, 'x')));
  }
  const Frame reset = client.read(NGHTTP2_RST_STREAM);
  EXPECT_EQ(reset.error(), uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  EXPECT_EQ(proxy.stats().http2.metadata_overflow.value(), 1U);
}

TEST_F(Http2MetadataTest, ResetsAStreamWhoseBlockIsNone) {
  client.post(1);
  client.send(frame(kMetadata, kEndFlag, 1, "\x80"));
  EXPECT_EQ(client.read(NGHTTP2_RST_STREAM).error(), uint32_t{NGHTTP2_COMPRESSION_ERROR});
}

TEST_F(Http2MetadataTest, LetsBeWhatBelongsToNoStream) {
  client.send(frame(kMetadata, kEndFlag, 0, block({{"a", "b"}})));
  client.send(frame(kMetadata, kEndFlag, 77, block({{"a", "b"}})));
  client.send(frame(kMetadata, kEndFlag, 0));
  client.get(1);
  client.send(frame(kMetadata, kEndFlag, 1, block({{"late", "b"}})));
  Http2Peer server = Http2Peer::accept(upstream);
  const Frame head = server.read();
  EXPECT_EQ(head.type, int{NGHTTP2_HEADERS});
  server.headers(head.id, {{":status", "204"}}, true);
  EXPECT_EQ(client.read().type, int{NGHTTP2_HEADERS});
}

TEST_F(Http2MetadataTest, IsIgnoredUnlessAllowed) {
  Proxy deaf(cluster(upstream.port(), false), ListenerOptions());
  Http2Peer peer = Http2Peer::connect(deaf.port());
  peer.post(1);
  peer.send(frame(kMetadata, kEndFlag, 1, block({{"a", "b"}})));
  peer.data(1, "", true);
  Http2Peer server = Http2Peer::accept(upstream);
  EXPECT_EQ(next(server), "");
  server.send(frame(kMetadata, kEndFlag, 1, block({{"a", "b"}})));
  server.headers(1, {{":status", "200"}}, true);
  EXPECT_EQ(next(peer), "");
}

}  // namespace
}  // namespace weir::serve::test
