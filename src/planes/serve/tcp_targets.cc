#include "planes/serve/tcp_targets.h"

#include "base/check.h"

namespace weir::serve {
namespace {

std::discrete_distribution<size_t> distribution_of(const std::vector<TcpTargets::Target>& targets) {
  std::vector<double> weights;
  for (const auto& target : targets) weights.push_back(target.weight);
  return {weights.begin(), weights.end()};
}

}  // namespace

TcpTargets::TcpTargets(std::vector<Target> targets, uint32_t seed)
    : targets_(std::move(targets)), random_(seed), by_weight_(distribution_of(targets_)) {
  WEIR_CHECK(!targets_.empty());
}

const TcpTargets::Target& TcpTargets::draw() {
  return targets_.size() == 1 ? targets_.front() : targets_[by_weight_(random_)];
}

}  // namespace weir::serve
