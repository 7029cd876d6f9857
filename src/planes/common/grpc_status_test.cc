#include "planes/common/grpc_status.h"

#include <gtest/gtest.h>

namespace weir::planes {
namespace {

TEST(GrpcStatusTest, KnowsGrpcByItsContentType) {
  EXPECT_TRUE(is_grpc_content_type("application/grpc"));
  EXPECT_TRUE(is_grpc_content_type("application/grpc+json"));
  EXPECT_FALSE(is_grpc_content_type("application/grpc-web"));
  EXPECT_FALSE(is_grpc_content_type("text/plain"));
}

TEST(GrpcStatusTest, HasNames) {
  EXPECT_EQ(grpc_status_name(5, false), "NotFound");
  EXPECT_EQ(grpc_status_name(5, true), "NOT_FOUND");
  EXPECT_EQ(grpc_status_name(0, true), "OK");
  EXPECT_EQ(grpc_status_name(77, false), "77");
}

}  // namespace
}  // namespace weir::planes
