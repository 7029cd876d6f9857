#pragma once
// The upstreams that plugins may call.

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "config/bootstrap.h"

namespace weir::ats_plane {

// One upstream. Two with the same key are the same, and share connections.
struct CallTarget {
  explicit CallTarget(config::Cluster of);

  config::Cluster cluster;
  std::string key;
};

// Those of one configuration, by name. Immutable once it is in use. Thread: any.
class CallTargets {
 public:
  void add(const std::string& name, config::Cluster cluster);

  // The upstream of that name, or the one that "host:port" names. Null: it is neither.
  std::shared_ptr<const CallTarget> find(std::string_view name) const;

 private:
  std::map<std::string, std::shared_ptr<const CallTarget>, std::less<>> targets_;
};

}  // namespace weir::ats_plane
