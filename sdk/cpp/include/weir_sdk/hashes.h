#pragma once
// Hashes for unordered containers with pairs and triples as keys.

#include <cstddef>
#include <functional>
#include <tuple>
#include <utility>

namespace weir_sdk {

// Tells (a, b) from (b, a).
inline size_t combined_hash(size_t first, size_t second) {
  constexpr size_t kGoldenRatio = static_cast<size_t>(0x9e3779b97f4a7c15ULL);
  return first ^ (second + kGoldenRatio + (first << 6) + (first >> 2));
}

}  // namespace weir_sdk

struct PairHash {
  template <typename First, typename Second>
  size_t operator()(const std::pair<First, Second>& pair) const {
    return weir_sdk::combined_hash(std::hash<First>()(pair.first),
                                   std::hash<Second>()(pair.second));
  }
};

struct Tuple3Hash {
  template <typename First, typename Second, typename Third>
  size_t operator()(const std::tuple<First, Second, Third>& triple) const {
    const size_t two = weir_sdk::combined_hash(std::hash<First>()(std::get<0>(triple)),
                                               std::hash<Second>()(std::get<1>(triple)));
    return weir_sdk::combined_hash(two, std::hash<Third>()(std::get<2>(triple)));
  }
};
