// Which cluster a guest means. What a call does, the conformance tests tell.

#include "runtime/grpc_call.h"

#include <gtest/gtest.h>

namespace weir::runtime {
namespace {

using namespace std::string_literals;

TEST(GrpcUpstreamTest, APlainNameIsTheCluster) { EXPECT_EQ(grpc_upstream("cluster"), "cluster"); }

TEST(GrpcUpstreamTest, ASerializedServiceNamesItsCluster) {
  EXPECT_EQ(grpc_upstream("\x0a\x05\x0a\x03"
                          "abc"s),
            "abc");
}

TEST(GrpcUpstreamTest, WhatIsCutShortOrOverlongIsTakenForAName) {
  for (const std::string& named : {"\x0a"s, "\x0a\x05"s,
                                   "\x0a\x05\x0a\x09"
                                   "abc"s,
                                   "\x0a\xff\xff\xff\xff\xff\x01"s, ""s}) {
    EXPECT_EQ(grpc_upstream(named), named);
  }
}

}  // namespace
}  // namespace weir::runtime
