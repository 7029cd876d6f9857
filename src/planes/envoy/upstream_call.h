#pragma once
// A plugin's HTTP stream to a cluster, as both ways of making one have it in common.

#include <string>
#include <vector>

#include "planes/common/call_events.h"
#include "planes/envoy/dynamic_module.h"
#include "runtime/upstream.h"

namespace weir::envoy_plane {

// `headers` as Envoy takes them: views of it.
std::vector<ModuleHeader> module_headers(const abi::HeaderList& headers);

// A copy of what an event brought.
abi::HeaderList header_list(const EnvoyHeader* headers, size_t count);

// Calls of one request and one answer cannot be taken back. The time-out that a plugin wants is the
// runtime's; Envoy's comes after it, so that an answer that nobody waits for is not waited for.
uint64_t unary_milliseconds(Milliseconds patience);

// A call of this kind has ended, as Envoy tells it.
struct CalloutEnd {
  CalloutResult result;
  const EnvoyHeader* headers;
  size_t header_count;
  const EnvoyBuffer* pieces;
  size_t piece_count;
};

// Why a call could not be started.
runtime::OpenError open_error(CallStart start);

// What became of a stream that Envoy reset: it does not say more.
inline constexpr std::string_view kStreamReset = "the stream was reset";
inline constexpr std::string_view kAnswerTooLarge = "the answer is larger than Envoy holds";

// With the calls of one request and one answer.
class CallEvents : public planes::CallEvents {
 public:
  using planes::CallEvents::CallEvents;

  // The whole answer, or that there is none. The body is `pieces` put together.
  void answer(CalloutResult result, abi::HeaderList headers, const std::string& body);
};

// The bytes of an event, in one piece.
std::string joined(const EnvoyBuffer* pieces, size_t count);

}  // namespace weir::envoy_plane
