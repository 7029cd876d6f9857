#include "planes/envoy/connection_bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::envoy_plane {

namespace {

// Envoy's two buffers of a connection, each in pieces.
struct FakeConnection {
  std::vector<std::string> read;
  std::vector<std::string> write;
};

FakeConnection& of(EnvoyNetworkFilter* filter) {
  return *reinterpret_cast<FakeConnection*>(filter);
}

size_t size_of(const std::vector<std::string>& pieces) {
  size_t size = 0;
  for (const auto& piece : pieces) size += piece.size();
  return size;
}

bool give(const std::vector<std::string>& pieces, EnvoyBuffer* chunks) {
  for (const std::string& piece : pieces) *chunks++ = {piece.data(), piece.size()};
  return true;
}

bool drain(std::vector<std::string>& pieces, size_t bytes) {
  while (bytes > 0 && !pieces.empty()) {
    const size_t taken = std::min(bytes, pieces.front().size());
    pieces.front().erase(0, taken);
    if (pieces.front().empty()) pieces.erase(pieces.begin());
    bytes -= taken;
  }
  return true;
}

}  // namespace

extern "C" {
size_t envoy_dynamic_module_callback_network_filter_get_read_buffer_size(EnvoyNetworkFilter* f) {
  return size_of(of(f).read);
}
size_t envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks_size(
    EnvoyNetworkFilter* f) {
  return of(f).read.size();
}
bool envoy_dynamic_module_callback_network_filter_get_read_buffer_chunks(EnvoyNetworkFilter* f,
                                                                         EnvoyBuffer* chunks) {
  return give(of(f).read, chunks);
}
bool envoy_dynamic_module_callback_network_filter_drain_read_buffer(EnvoyNetworkFilter* f,
                                                                    size_t bytes) {
  return drain(of(f).read, bytes);
}
bool envoy_dynamic_module_callback_network_filter_append_read_buffer(EnvoyNetworkFilter* f,
                                                                     ModuleBuffer data) {
  of(f).read.emplace_back(data.data, data.size);
  return true;
}
size_t envoy_dynamic_module_callback_network_filter_get_write_buffer_size(EnvoyNetworkFilter* f) {
  return size_of(of(f).write);
}
size_t envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks_size(
    EnvoyNetworkFilter* f) {
  return of(f).write.size();
}
bool envoy_dynamic_module_callback_network_filter_get_write_buffer_chunks(EnvoyNetworkFilter* f,
                                                                          EnvoyBuffer* chunks) {
  return give(of(f).write, chunks);
}
bool envoy_dynamic_module_callback_network_filter_drain_write_buffer(EnvoyNetworkFilter* f,
                                                                     size_t bytes) {
  return drain(of(f).write, bytes);
}
bool envoy_dynamic_module_callback_network_filter_append_write_buffer(EnvoyNetworkFilter* f,
                                                                      ModuleBuffer data) {
  of(f).write.emplace_back(data.data, data.size);
  return true;
}
}

namespace {

class ConnectionBytesTest : public ::testing::TestWithParam<runtime::Direction> {
 protected:
  ConnectionBytesTest() { bytes.set_max_size(100); }

  // Envoy's bytes of this direction, and of the other, which must stay as they are.
  std::vector<std::string>& envoy() {
    return GetParam() == runtime::Direction::Request ? connection.read : connection.write;
  }
  std::string passed() {
    std::string all;
    for (const auto& piece : envoy()) all += piece;
    envoy().clear();
    return all;
  }
  void event(std::vector<std::string> pieces) {
    envoy() = std::move(pieces);
    bytes.begin_event();
  }
  std::string seen() const {
    std::string all(bytes.size(), '\0');
    bytes.copy_to(0, std::as_writable_bytes(std::span(all)));
    return all;
  }
  bool replace(uint64_t start, uint64_t size, std::string_view with) {
    return bytes.replace(start, size, as_bytes(with));
  }

  FakeConnection connection;
  ConnectionBytes bytes{reinterpret_cast<EnvoyNetworkFilter*>(&connection), GetParam()};
};

TEST_P(ConnectionBytesTest, PassOnAsTheyCame) {
  event({"one ", "two"});
  EXPECT_EQ(seen(), "one two");
  bytes.pass_on();
  EXPECT_EQ(passed(), "one two");
  EXPECT_EQ(bytes.size(), 0u);
}

TEST_P(ConnectionBytesTest, AreTakenFromEnvoyWhenHeld) {
  event({"one ", "two"});
  bytes.hold();
  EXPECT_EQ(passed(), "");
  EXPECT_EQ(seen(), "one two");
  event({" three"});
  EXPECT_EQ(seen(), "one two three");
  bytes.pass_on();
  EXPECT_EQ(passed(), "one two three");
  EXPECT_EQ(bytes.held_bytes(), 0u);
}

TEST_P(ConnectionBytesTest, AreReadAcrossTheBorder) {
  event({"abc"});
  bytes.hold();
  event({"de", "fgh"});
  std::string part(4, '\0');
  bytes.copy_to(2, std::as_writable_bytes(std::span(part)));
  EXPECT_EQ(part, "cdef");
}

TEST_P(ConnectionBytesTest, ChangeAnywhere) {
  for (const bool hold_first : {false, true}) {
    event({"abc"});
    if (hold_first) {
      bytes.hold();
      event({"def"});
    }
    const std::string before = seen();
    for (size_t start = 0; start <= before.size(); ++start) {
      ASSERT_TRUE(replace(start, 0, "+")) << start;
      ASSERT_EQ(seen(), before.substr(0, start) + "+" + before.substr(start));
      ASSERT_TRUE(replace(start, 1, "")) << start;
      ASSERT_EQ(seen(), before);
    }
    bytes.pass_on();
    EXPECT_EQ(passed(), before);
  }
}

TEST_P(ConnectionBytesTest, MayBeTakenAwayWhole) {
  event({"abc"});
  ASSERT_TRUE(replace(0, 3, ""));
  bytes.pass_on();
  EXPECT_EQ(passed(), "");
  event({"abc"});
  bytes.hold();
  event({"def"});
  ASSERT_TRUE(replace(0, 6, ""));
  bytes.pass_on();
  EXPECT_EQ(passed(), "");
}

TEST_P(ConnectionBytesTest, DoNotGrowBeyondTheirBound) {
  event({"abc"});
  EXPECT_FALSE(replace(3, 0, std::string(98, 'x')));
  EXPECT_TRUE(replace(3, 0, std::string(97, 'x')));
  EXPECT_FALSE(replace(0, 1, "yy"));
  EXPECT_TRUE(replace(0, 1, "y"));
}

INSTANTIATE_TEST_SUITE_P(Both, ConnectionBytesTest,
                         ::testing::Values(runtime::Direction::Request,
                                           runtime::Direction::Response));

}  // namespace

}  // namespace weir::envoy_plane
