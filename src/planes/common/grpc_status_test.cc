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

}  // namespace
}  // namespace weir::planes
