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

// What stands before the names that a plugin of that file calls (PluginOptions::upstream_scope):
// files may give upstreams the same names.
std::string scope_of(const std::string& file);

// Those of one line's files, by scope and name. Immutable once it is in use. Thread: any.
class CallTargets {
 public:
  void add(const std::string& name, config::Cluster cluster);

  // The upstream of that scope and name, or the one that "host:port" names in any scope. Null: it
  // is neither.
  std::shared_ptr<const CallTarget> find(std::string_view name) const;

 private:
  std::map<std::string, std::shared_ptr<const CallTarget>, std::less<>> targets_;
};

}  // namespace weir::ats_plane
