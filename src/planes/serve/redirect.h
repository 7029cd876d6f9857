#pragma once
// The answer that sends a client elsewhere.

#include <string>

#include "abi/header_map.h"
#include "config/routes.h"
#include "planes/serve/path_rewriter.h"
#include "planes/serve/request_matcher.h"

namespace weir::serve {

// Where the client is to go, as Envoy makes it: what the redirect does not name is the request's. A
// port that only followed from the request's scheme is left out where the scheme changes, and any
// where a port is named. `request` has :scheme, :authority and :path.
std::string redirect_location(const config::Redirect& redirect, const PathRewriter& rewriter,
                              const RequestMatcher& matcher, const abi::HeaderList& request);

}  // namespace weir::serve
