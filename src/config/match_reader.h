#pragma once
// From the messages that choose requests to their settings.

#include "base/result.h"
#include "config/routes.h"
#include "config/source_map.h"
#include "weir/envoy/route.pb.h"

namespace weir::config {

// An expression that RE2 takes.
Result<std::string> read_regex(const envoy::type::matcher::v3::RegexMatcher& message,
                               const Place& at);

Result<StringMatch> read_string_match(const envoy::type::matcher::v3::StringMatcher& message,
                                      const Place& at);

Result<RegexRewrite> read_regex_rewrite(
    const envoy::type::matcher::v3::RegexMatchAndSubstitute& message, const Place& at);

Result<HeaderMatch> read_header_match(const envoy::config::route::v3::HeaderMatcher& message,
                                      const Place& at);

Result<RouteMatch> read_route_match(const envoy::config::route::v3::RouteMatch& message,
                                    const Place& at);

}  // namespace weir::config
