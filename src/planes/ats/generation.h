#pragma once
// What one reading of a set's files has come to.

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "fetch/code_fetcher.h"
#include "planes/ats/call_targets.h"
#include "runtime/host.h"

namespace weir::ats_plane {

// Where no file says otherwise.
inline constexpr uint64_t kMaxRequestBodyBytes = 16 << 20;

// Immutable. Transactions end on the one that they began with. Thread: any.
struct Generation {
  // In the order of the files. One that may fail open and could not be loaded is left out.
  std::vector<std::shared_ptr<const runtime::Plugin>> plugins;
  CallTargets targets;
  // What may wait of a request whose body the plugins see: the least that a file of theirs says.
  uint64_t max_request_body_bytes = kMaxRequestBodyBytes;
};

// When plugins are loaded. At the start the server ends where one that has to be there cannot be;
// in place of others none is left out, even if it may fail open.
enum class Occasion : uint8_t { Start, NewRule, Reload };

// Reads the files, relative ones from `folder`, where the paths in them start too, and loads their
// plugins, whose code may have to be fetched first; a stop breaks that off, and is an error. What
// operators should know is logged; the error is of the first plugin that has to be there and
// cannot. Thread: any; it takes a while.
Result<std::shared_ptr<const Generation>> load_generation(
    runtime::Host& host, fetch::CodeFetcher& fetcher, const std::vector<std::string>& files,
    const std::string& folder, Occasion occasion, const std::stop_token& stop);

}  // namespace weir::ats_plane
