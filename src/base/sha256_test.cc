#include "base/sha256.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

// FIPS 180-2, appendix B.1.
constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

TEST(Sha256Test, IsTheOneOfTheStandard) {
  EXPECT_EQ(to_hex(sha256({as_bytes("abc")})), kAbc);
  EXPECT_EQ(to_hex(sha256({as_bytes("a"), as_bytes(""), as_bytes("bc")})), kAbc);
}

TEST(Sha256Test, ReadsWhatItWrites) {
  EXPECT_EQ(parse_digest(kAbc), sha256({as_bytes("abc")}));
  EXPECT_EQ(parse_digest(std::string(64, 'A')), parse_digest(std::string(64, 'a')));
}

TEST(Sha256Test, RefusesWhatIsNoDigest) {
  EXPECT_EQ(parse_digest(""), std::nullopt);
  EXPECT_EQ(parse_digest(kAbc.substr(1)), std::nullopt);
  EXPECT_EQ(parse_digest(std::string(63, 'a') + "g"), std::nullopt);
  EXPECT_EQ(parse_digest("0x" + std::string(62, 'a')), std::nullopt);
}

}  // namespace
}  // namespace weir
