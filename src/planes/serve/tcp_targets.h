#pragma once
// Which cluster a TCP connection goes to.

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "config/bootstrap.h"
#include "planes/serve/exchange.h"

namespace weir::serve {

// The targets of one TCP proxy on one worker. Thread: its worker's.
class TcpTargets final {
 public:
  struct Target {
    std::string name;
    Cluster* cluster;
    uint32_t weight;
  };

  // At least one, of a weight of at least one; the weights add up to no more than 2^32 - 1. The
  // clusters outlive it. Draws are alike for the same `seed`.
  TcpTargets(std::vector<Target> targets, uint32_t seed);

  // One of them, by weight. Valid as long as this is.
  const Target& draw();

 private:
  const std::vector<Target> targets_;
  std::mt19937 random_;
  std::discrete_distribution<size_t> by_weight_;
};

}  // namespace weir::serve
