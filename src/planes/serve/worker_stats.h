#pragma once
// What one worker counts, by the names that listeners and clusters have in the configuration.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/guarded.h"
#include "planes/serve/cluster.h"
#include "planes/serve/http_counts.h"
#include "planes/serve/listener.h"
#include "planes/serve/router.h"
#include "planes/serve/tcp_session.h"

namespace weir::serve {

struct ClusterCounts {
  ClusterStats connections;
  RouterStats routed;
};

// Counters are made when a name is first used, and stay: what has gone from the configuration keeps
// its totals, and counts on if it comes back. Thread: any makes and reads, the worker's counts.
class WorkerStats {
 public:
  ListenerStats& listener(const std::string& name) const { return (*listeners_.lock())[name]; }
  // By the stat_prefix of an HTTP connection manager.
  HttpCounts& http(const std::string& prefix) const { return (*http_.lock())[prefix]; }
  ClusterCounts& cluster(const std::string& name) const { return (*clusters_.lock())[name]; }

  // By a TCP proxy's stat_prefix.
  TcpStats& tcp(const std::string& prefix) const { return (*tcp_.lock())[prefix]; }

  void add_listeners(std::set<std::string>& names) const { add_names(listeners_, names); }
  void add_http(std::set<std::string>& prefixes) const { add_names(http_, prefixes); }
  void add_clusters(std::set<std::string>& names) const { add_names(clusters_, names); }
  void add_tcp(std::set<std::string>& prefixes) const { add_names(tcp_, prefixes); }

 private:
  template <typename Counts>
  using ByName = Guarded<std::map<std::string, Counts>>;

  template <typename Counts>
  static void add_names(const ByName<Counts>& counts, std::set<std::string>& names) {
    auto locked = counts.lock();
    for (const auto& [name, ignored] : *locked) names.insert(name);
  }

  ByName<ListenerStats> listeners_;
  ByName<HttpCounts> http_;
  ByName<ClusterCounts> clusters_;
  ByName<TcpStats> tcp_;
};

}  // namespace weir::serve
