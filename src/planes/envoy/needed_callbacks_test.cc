#include "planes/envoy/needed_callbacks.h"

#include <gtest/gtest.h>

namespace weir::envoy_plane {
namespace {

// The stand-in for Envoy in this program has no connections.
TEST(NeededCallbacksTest, NameWhatAPartLacks) {
  EXPECT_TRUE(check_callbacks(Part::Cluster).ok());
  const Done checked = check_callbacks(Part::NetworkFilter);
  ASSERT_FALSE(checked.ok());
  const std::string& message = checked.error().message;
  EXPECT_NE(message.find(" envoy_dynamic_module_callback_network_filter_http_callout"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find("_http_filter_"), std::string::npos) << message;
}

}  // namespace
}  // namespace weir::envoy_plane
