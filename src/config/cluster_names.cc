#include "config/cluster_names.h"

#include <vector>

#include "base/suggestion.h"

namespace weir::config {

Done check_cluster(const std::string& name, const ClusterNames& clusters, const Place& at) {
  if (clusters.contains(name)) return Unit{};
  const std::vector<std::string> known(clusters.begin(), clusters.end());
  const std::string remedy =
      known.empty() ? "static_resources.clusters is empty" : suggest(name, known);
  return at.error("there is no cluster " + quote(name) + "; " + remedy);
}

}  // namespace weir::config
