#pragma once
// Runs something on each of the server's event threads, which its API does not list.

#include <functional>

namespace weir::ats_plane {

// Soon, once on each. Thread: any of the server's.
void sweep_event_threads(std::function<void()> task);

}  // namespace weir::ats_plane
