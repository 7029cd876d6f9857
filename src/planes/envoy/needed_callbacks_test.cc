#include "planes/envoy/needed_callbacks.h"

#include <gtest/gtest.h>

namespace weir::envoy_plane {
namespace {

// There is no Envoy in this program.
TEST(NeededCallbacksTest, NameWhatAPartLacks) {
  const Done checked = check_callbacks(Part::Cluster);
  ASSERT_FALSE(checked.ok());
  const std::string& message = checked.error().message;
  EXPECT_NE(message.find(" envoy_dynamic_module_callback_cluster_run_on_all_workers"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("_http_filter_"), std::string::npos) << message;
}

}  // namespace
}  // namespace weir::envoy_plane
