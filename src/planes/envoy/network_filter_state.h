#pragma once
// What plugins attach to a connection, in Envoy's filter state.

#include "planes/envoy/network_callbacks.h"
#include "runtime/filter_state.h"

namespace weir::envoy_plane {

// Each value lies in Envoy's filter state as "wasm.NAME", where the connection's other plugins,
// access logs, other filters and the connection's HTTP streams find it. What was declared of a
// value is known to the filter that has set it. Thread: the connection's.
class NetworkFilterState final : public runtime::FilterState {
 public:
  explicit NetworkFilterState(EnvoyNetworkFilter* filter) : filter_(filter) {}

  // The filter goes: from now on nothing is there, and nothing can be set.
  void detach() { filter_ = nullptr; }

  // runtime::FilterState
  const Entry* find(std::string_view name) const override;
  abi::Status set(std::string_view name, std::string_view value,
                  runtime::PropertyDeclaration declaration = {}) override;

 private:
  EnvoyNetworkFilter* filter_;
  mutable Entry found_;  // the last value that was looked for
};

}  // namespace weir::envoy_plane
