#include "planes/envoy/body.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace weir::envoy_plane {

namespace {

// Envoy's two buffers of one body, each in pieces.
struct FakeBodies {
  std::map<BodyType, std::vector<std::string>> pieces;

  size_t size(BodyType type) const {
    size_t size = 0;
    for (const auto& piece : pieces.at(type)) size += piece.size();
    return size;
  }
};

FakeBodies& of(EnvoyHttpFilter* filter) { return *reinterpret_cast<FakeBodies*>(filter); }

}  // namespace

extern "C" {
size_t envoy_dynamic_module_callback_http_get_body_size(EnvoyHttpFilter* filter, BodyType type) {
  return of(filter).size(type);
}
size_t envoy_dynamic_module_callback_http_get_body_chunks_size(EnvoyHttpFilter* filter,
                                                               BodyType type) {
  return of(filter).pieces[type].size();
}
bool envoy_dynamic_module_callback_http_get_body_chunks(EnvoyHttpFilter* filter, BodyType type,
                                                        EnvoyBuffer* chunks) {
  for (const std::string& piece : of(filter).pieces[type]) {
    *chunks++ = {piece.data(), piece.size()};
  }
  return true;
}
bool envoy_dynamic_module_callback_http_append_body(EnvoyHttpFilter* filter, BodyType type,
                                                    ModuleBuffer data) {
  of(filter).pieces[type].emplace_back(data.data, data.size);
  return true;
}
bool envoy_dynamic_module_callback_http_drain_body(EnvoyHttpFilter* filter, BodyType type,
                                                   size_t bytes) {
  auto& pieces = of(filter).pieces[type];
  while (bytes > 0 && !pieces.empty()) {
    const size_t taken = std::min(bytes, pieces.front().size());
    pieces.front().erase(0, taken);
    if (pieces.front().empty()) pieces.erase(pieces.begin());
    bytes -= taken;
  }
  return true;
}
}

namespace {

class EnvoyBodyTest : public ::testing::Test {
 protected:
  EnvoyBodyTest() {
    fake.pieces[BodyType::BufferedRequest] = {"ab", "cde"};
    fake.pieces[BodyType::ReceivedRequest] = {"f", "ghi"};
  }

  std::string read(uint64_t start, uint64_t size) const {
    std::string text(size, '?');
    body.copy_to(start, std::as_writable_bytes(std::span(text)));
    return text;
  }
  std::string whole() const { return read(0, body.size()); }

  FakeBodies fake;
  EnvoyBody body{reinterpret_cast<EnvoyHttpFilter*>(&fake), runtime::Direction::Request};
};

TEST_F(EnvoyBodyTest, ShowsWhatWasBufferedAndThenWhatCame) {
  body.show(true, true);
  EXPECT_EQ(whole(), "abcdefghi");
  EXPECT_EQ(read(3, 4), "defg");
  body.show(true, false);
  EXPECT_EQ(whole(), "fghi");
  body.show(false, true);
  EXPECT_EQ(whole(), "abcde");
  body.show(false, false);
  EXPECT_FALSE(body.is_shown());
  EXPECT_EQ(body.size(), 0u);
}

TEST_F(EnvoyBodyTest, EveryReplacementIsTheOneOfAString) {
  const std::string before = "abcdefghi";
  for (size_t start = 0; start <= before.size(); ++start) {
    for (size_t size = 0; start + size <= before.size(); ++size) {
      for (std::string_view with : {"", "X", "long text"}) {
        fake.pieces[BodyType::BufferedRequest] = {"ab", "cde"};
        fake.pieces[BodyType::ReceivedRequest] = {"f", "ghi"};
        body.show(true, true);
        EXPECT_TRUE(body.replace(start, size, as_bytes(with)));
        std::string expected = before;
        EXPECT_EQ(whole(), expected.replace(start, size, with)) << start << ' ' << size;
        body.commit();
        EXPECT_EQ(whole(), expected) << start << ' ' << size;
      }
    }
  }
}

TEST_F(EnvoyBodyTest, ChangesOfChangesAreThoseOfAString) {
  uint32_t random = 1;
  const auto below = [&](size_t bound) {
    random = random * 1664525 + 1013904223;
    return (random >> 8) % bound;
  };
  for (int round = 0; round < 2000; ++round) {
    fake.pieces[BodyType::BufferedRequest] = {"ab", "cde"};
    fake.pieces[BodyType::ReceivedRequest] = {"f", "ghi"};
    const bool received = below(3) > 0;
    body.show(received, !received || below(3) > 0);
    std::string expected = whole();
    for (int change = 0; change < 4; ++change) {
      const size_t start = below(expected.size() + 1);
      const size_t size = below(expected.size() - start + 1);
      const std::string with(below(4), static_cast<char>('A' + change));
      ASSERT_TRUE(body.replace(start, size, as_bytes(with)));
      expected.replace(start, size, with);
      ASSERT_EQ(whole(), expected);
      const size_t from = below(expected.size() + 1);
      ASSERT_EQ(read(from, expected.size() - from), expected.substr(from));
    }
    body.commit();
    ASSERT_EQ(whole(), expected);
    body.show(false, false);
  }
}

TEST_F(EnvoyBodyTest, EnvoyIsNotToldBeforeTheCommit) {
  body.show(true, true);
  ASSERT_TRUE(body.replace(0, 9, as_bytes("new")));
  EXPECT_EQ(fake.size(BodyType::BufferedRequest), 5u);
  EXPECT_EQ(fake.size(BodyType::ReceivedRequest), 4u);
  body.commit();
  EXPECT_EQ(fake.size(BodyType::BufferedRequest), 0u);
  EXPECT_EQ(fake.size(BodyType::ReceivedRequest), 3u);
}

TEST_F(EnvoyBodyTest, DoesNotGrowWithoutEnd) {
  body.show(true, true);
  const std::string large(EnvoyBody::kMaxGrowth, 'x');
  EXPECT_TRUE(body.replace(0, 0, as_bytes(large)));
  EXPECT_FALSE(body.replace(0, 0, as_bytes("y")));
  EXPECT_EQ(body.size(), 9 + large.size());
}

TEST_F(EnvoyBodyTest, AnEndIsPutOnWithoutTouchingTheRest) {
  body.show(true, true);
  ASSERT_TRUE(body.replace(9, 0, as_bytes("jk")));
  body.commit();
  EXPECT_EQ(fake.pieces[BodyType::BufferedRequest], (std::vector<std::string>{"ab", "cde"}));
  EXPECT_EQ(fake.pieces[BodyType::ReceivedRequest], (std::vector<std::string>{"f", "ghi", "jk"}));
}

TEST_F(EnvoyBodyTest, AHeldBodyIsChangedWhereItIsHeld) {
  body.show(false, true);
  ASSERT_TRUE(body.replace(0, 5, as_bytes("new")));
  body.commit();
  EXPECT_EQ(fake.size(BodyType::BufferedRequest), 3u);
  EXPECT_EQ(fake.size(BodyType::ReceivedRequest), 4u);
  EXPECT_EQ(whole(), "new");
}

}  // namespace
}  // namespace weir::envoy_plane
