#include "planes/common/grpc_status.h"

#include <gtest/gtest.h>

namespace weir::planes {
namespace {

TEST(GrpcStatusTest, KnowsGrpcByItsContentType) {
  EXPECT_TRUE(is_grpc_content_type("application/grpc"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc+json"));
  EXPECT_FALSE(is_grpc_content_type("application/grpc-web"));
  EXPECT_FALSE(is_grpc_content_type("application/grpc;x"));
  EXPECT_FALSE(is_grpc_content_type("text/plain"));
}

TEST(GrpcStatusTest, HasNames) {
  EXPECT_EQ(grpc_status_name(5, false), "NotFound");
  EXPECT_EQ(grpc_status_name(5, true), "NOT_FOUND");
  EXPECT_EQ(grpc_status_name(0, true), "OK");
  EXPECT_EQ(grpc_status_name(77, false), "77");
}

TEST(GrpcStatusTest, IsAStatusOfHttpToo) {
  EXPECT_EQ(http_status_of(0), 200u);
  EXPECT_EQ(http_status_of(14), 503u);
  EXPECT_EQ(http_status_of(16), 401u);
  EXPECT_EQ(http_status_of(17), 500u);
  EXPECT_EQ(http_status_of(-1), 500u);
  EXPECT_EQ(parse_grpc_status("14"), 14);
  EXPECT_EQ(parse_grpc_status(""), std::nullopt);
  EXPECT_EQ(parse_grpc_status("1x"), std::nullopt);
}

}  // namespace
}  // namespace weir::planes
