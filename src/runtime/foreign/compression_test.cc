#include <gtest/gtest.h>
#include <zlib.h>

#include "runtime/foreign/foreign_fakes.h"
#include "runtime/foreign/functions.h"

namespace weir::runtime::foreign {
namespace {

using abi::Status;
using test::FakePlugin;

class CompressionTest : public ::testing::Test {
 protected:
  std::string compressed(const std::string& text) {
    EXPECT_EQ(plugin.call("compress", text), Status::Ok);
    return plugin.result;
  }

  FakePlugin plugin;
};

TEST_F(CompressionTest, UncompressesWhatItCompressed) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i * i) + '\0';

  const std::string packed = compressed(text);
  EXPECT_LT(packed.size(), text.size());
  ASSERT_EQ(plugin.call("uncompress", packed), Status::Ok);
  EXPECT_EQ(plugin.result, text);
}

TEST_F(CompressionTest, WritesTheZlibFormat) {
  const std::string packed = compressed("hello hello hello");
  char text[64];
  uLongf size = sizeof(text);
  ASSERT_EQ(::uncompress(reinterpret_cast<Bytef*>(text), &size,
                         reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  EXPECT_EQ(std::string(text, size), "hello hello hello");
}

TEST_F(CompressionTest, UncompressesNothing) {
  // The stream of an empty text, as other hosts write it.
  const std::string packed("\x78\x9c\x03\x00\x00\x00\x00\x01", 8);
  ASSERT_EQ(plugin.call("uncompress", packed), Status::Ok);
  EXPECT_EQ(plugin.result, "");
}

TEST_F(CompressionTest, RefusesEmptyArguments) {
  EXPECT_EQ(plugin.call("compress", ""), Status::BadArgument);
  EXPECT_EQ(plugin.call("uncompress", ""), Status::BadArgument);
  EXPECT_EQ(plugin.result, "");
}

TEST_F(CompressionTest, RefusesDamagedStreams) {
  const std::string packed = compressed("a text that is long enough to be damaged, damaged");
  for (size_t i = 0; i < packed.size(); ++i) {
    std::string damaged = packed;
    damaged[i] = static_cast<char>(~damaged[i]);
    EXPECT_EQ(plugin.call("uncompress", damaged), Status::SerializationFailure) << i;
    EXPECT_EQ(plugin.result, "");
  }
}

TEST_F(CompressionTest, RefusesStreamsThatAreCutOff) {
  const std::string packed = compressed("a text that is long enough to be cut, to be cut");
  for (size_t size = 1; size < packed.size(); ++size) {
    EXPECT_EQ(plugin.call("uncompress", packed.substr(0, size)), Status::SerializationFailure)
        << size;
  }
}

TEST_F(CompressionTest, StopsBombsAtTheLimit) {
  const auto bomb_of = [](size_t bytes) {
    const std::string text(bytes, 'x');
    uLongf size = compressBound(text.size());
    std::string bomb(size, '\0');
    EXPECT_EQ(::compress(reinterpret_cast<Bytef*>(bomb.data()), &size,
                         reinterpret_cast<const Bytef*>(text.data()), text.size()),
              Z_OK);
    bomb.resize(size);
    return bomb;
  };
  EXPECT_EQ(plugin.call("uncompress", bomb_of(kMaxBytes)), Status::Ok);
  EXPECT_EQ(plugin.result.size(), kMaxBytes);
  EXPECT_EQ(plugin.call("uncompress", bomb_of(kMaxBytes + 2)), Status::InternalFailure);
  EXPECT_EQ(plugin.result, "");
}

TEST_F(CompressionTest, RefusesArgumentsBeyondTheLimit) {
  const std::string text(kMaxBytes + 1, 'x');
  EXPECT_EQ(plugin.call("compress", std::string(kMaxCompressedBytes + 1, 'x')),
            Status::BadArgument);
  EXPECT_EQ(plugin.call("uncompress", text), Status::BadArgument);
}

}  // namespace
}  // namespace weir::runtime::foreign
