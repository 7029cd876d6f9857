// Configurations may name each function that the ABI's tables have, and no other.

#include "config/capability_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "abi/callbacks.h"
#include "abi/hostcall.h"

namespace weir::planes::test {
namespace {

std::set<std::string> names_of_the_abi() {
  std::set<std::string> names;
  for (const auto table :
       {abi::log_and_time_hostcalls(), abi::header_map_hostcalls(), abi::buffer_hostcalls(),
        abi::stream_hostcalls(), abi::upstream_hostcalls(), abi::shared_hostcalls(),
        abi::metric_hostcalls(), abi::property_hostcalls(), abi::wasi_hostcalls()}) {
    for (const abi::Hostcall& row : table) names.emplace(row.name);
  }
  for (const abi::CallbackType& callback : abi::kCallbacks) names.emplace(callback.name);
  return names;
}

TEST(CapabilityNamesTest, AreThoseOfTheAbi) {
  const auto& names = config::capability_names();
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), names_of_the_abi());
  EXPECT_EQ(names.size(), names_of_the_abi().size()) << "a name is there twice";
}

TEST(CapabilityNamesTest, AreKnownAsSuch) {
  for (const std::string& name : names_of_the_abi()) EXPECT_TRUE(config::is_capability_name(name));
  for (const char* name : {"proxy_on_memory_allocate", "_initialize", "envoy_on_stats_update"}) {
    EXPECT_TRUE(config::is_capability_name(name)) << name;
  }
  for (const char* name : {"proxy_loog", "log", "", "PROXY_LOG"}) {
    EXPECT_FALSE(config::is_capability_name(name)) << name;
  }
}

}  // namespace
}  // namespace weir::planes::test
