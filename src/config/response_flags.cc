#include "config/response_flags.h"

#include <algorithm>
#include <vector>

namespace weir::config {
namespace {

constexpr ResponseFlagName kFlags[] = {
    {0x1, "LH", "FailedLocalHealthCheck"},
    {0x2, "UH", "NoHealthyUpstream"},
    {0x4, "UT", "UpstreamRequestTimeout"},
    {0x8, "LR", "LocalReset"},
    {0x10, "UR", "UpstreamRemoteReset"},
    {0x20, "UF", "UpstreamConnectionFailure"},
    {0x40, "UC", "UpstreamConnectionTermination"},
    {0x80, "UO", "UpstreamOverflow"},
    {0x100, "NR", "NoRouteFound"},
    {0x200, "DI", "DelayInjected"},
    {0x400, "FI", "FaultInjected"},
    {0x800, "RL", "RateLimited"},
    {0x1000, "UAEX", "UnauthorizedExternalService"},
    {0x2000, "RLSE", "RateLimitServiceError"},
    {0x4000, "DC", "DownstreamConnectionTermination"},
    {0x8000, "URX", "UpstreamRetryLimitExceeded"},
    {0x10000, "SI", "StreamIdleTimeout"},
    {0x20000, "IH", "InvalidEnvoyRequestHeaders"},
    {0x40000, "DPE", "DownstreamProtocolError"},
    {0x80000, "UMSDR", "UpstreamMaxStreamDurationReached"},
    {0x100000, "RFCF", "ResponseFromCacheFilter"},
    {0x200000, "NFCF", "NoFilterConfigFound"},
    {0x400000, "DT", "DurationTimeout"},
    {0x800000, "UPE", "UpstreamProtocolError"},
    {0x1000000, "NC", "NoClusterFound"},
    {0x2000000, "OM", "OverloadManagerTerminated"},
    {0x4000000, "DF", "DnsResolutionFailed"},
    {0x8000000, "DO", "DropOverLoad"},
};

}  // namespace

std::span<const ResponseFlagName> response_flags() { return kFlags; }

std::optional<uint32_t> find_response_flag(std::string_view name) {
  const auto found = std::ranges::find(kFlags, name, &ResponseFlagName::name);
  return found == std::end(kFlags) ? std::nullopt : std::optional(found->bit);
}

std::span<const std::string> response_flag_names() {
  static const auto kNames = [] {
    std::vector<std::string> names;
    for (const ResponseFlagName& flag : kFlags) names.emplace_back(flag.name);
    return names;
  }();
  return kNames;
}

}  // namespace weir::config
