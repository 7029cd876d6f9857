#pragma once
// What plugins attach to a connection, in Envoy's filter state.

#include "planes/envoy/network_callbacks.h"
#include "planes/envoy/typed_state.h"
#include "runtime/filter_state.h"

namespace weir::envoy_plane {

class Worker;

// Each value lies in Envoy's filter state as "wasm.NAME", where the connection's other plugins,
// access logs, other filters and the connection's HTTP streams find it. What was declared of a
// value is known to the filter that has set it. Thread: the connection's.
class NetworkFilterState final : public runtime::FilterState {
 public:
  NetworkFilterState(const Worker& worker, EnvoyNetworkFilter* filter)
      : worker_(worker), filter_(filter) {}

  // The filter goes: from now on nothing is there, and nothing can be set.
  void detach() { filter_ = nullptr; }

  // runtime::FilterState
  const Entry* find(std::string_view name) const override;
  abi::Status set(std::string_view name, std::string_view value,
                  runtime::PropertyDeclaration declaration = {}) override;

 private:
  const Worker& worker_;
  EnvoyNetworkFilter* filter_;
  mutable Entry found_;  // the last string that was looked for
  mutable TypedState typed_;
};

}  // namespace weir::envoy_plane
