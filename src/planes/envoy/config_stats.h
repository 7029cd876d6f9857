#pragma once
// How stats are defined and changed through each kind of configuration.

#include <memory>
#include <optional>
#include <string_view>

#include "abi/types.h"
#include "planes/envoy/dynamic_module.h"

namespace weir::envoy_plane {

enum class StatChange : uint8_t { Add, Subtract, Set };

// Envoy's functions for the stats of one configuration. Ids are the configuration's own.
class ConfigStats {
 public:
  virtual ~ConfigStats() = default;

  // With a label it is a family, of which each value of the label is a member. False: Envoy takes
  // none, or none with a label. Thread: main, while the configuration is made.
  virtual bool define(abi::MetricType, std::string_view name, std::optional<std::string_view> label,
                      size_t& id) = 0;

  // Of a counter, Add; of a gauge, any; of a histogram, Set is a record. It fails only for an id or
  // a label that Envoy does not know. Thread: any of Envoy's.
  virtual void change(abi::MetricType, size_t id, std::optional<std::string_view> label, StatChange,
                      uint64_t value) = 0;
};

std::unique_ptr<ConfigStats> stats_of(EnvoyHttpConfig* config);
std::unique_ptr<ConfigStats> stats_of(EnvoyNetworkConfig* config);
std::unique_ptr<ConfigStats> stats_of(EnvoyLoggerConfig* config);
std::unique_ptr<ConfigStats> stats_of(EnvoyBootstrapConfig* config);

}  // namespace weir::envoy_plane
