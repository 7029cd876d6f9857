#pragma once
// What HTTP/2 sessions count, of the connections of one listener or to one cluster.

#include "planes/serve/counter.h"

namespace weir::serve {

// By Envoy's names (http2.*). Thread: its worker's changes it, any reads it.
struct Http2Stats {
  Counter empty_frames_flood;
  Counter priority_frames_flood;
  Counter window_updates_flood;
  Counter outbound_flood;
  Counter outbound_control_flood;
  Counter header_overflow;    // header blocks that were more than anybody can mean
  Counter metadata_overflow;  // messages with more METADATA than is allowed
  Counter too_many_resets;    // connections on which most requests were reset early
  Counter messaging_errors;   // malformed messages
  Counter received_resets;
  Counter sent_resets;
  Counter sent_goaways;  // with an error
  Counter keepalive_timeouts;
  Counter stalled_streams;  // reset since the peer took nothing for too long
  Counter empty_metadata;   // frames of METADATA that said nothing
};

}  // namespace weir::serve
