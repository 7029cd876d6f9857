#pragma once
// Whether a request is one that a route is for, compiled from the configuration.

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "abi/header_map.h"
#include "config/routes.h"
#include "planes/serve/string_matcher.h"

namespace weir::serve {

// Of several headers of one name one is enough to match, each by itself; an inverted match is met
// if none of them matches. A header that is not there matches nothing but a match of its absence,
// inverted or not, unless it counts as empty. (Envoy's rules.) Immutable. Thread: any.
class HeaderMatcher {
 public:
  explicit HeaderMatcher(const config::HeaderMatch& match);

  bool matches(const abi::HeaderList& headers) const;

 private:
  bool matches_value(std::string_view value) const;

  config::HeaderMatch match_;
  std::unique_ptr<const StringMatcher> text_;  // where the match is one of text
};

// A request's path, taken apart.
struct RequestPath {
  explicit RequestPath(std::string_view target);

  std::string_view path;
  std::string_view query;  // with its '?', and what follows; may be empty
};

// Immutable. Thread: any.
class RequestMatcher {
 public:
  explicit RequestMatcher(const config::RouteMatch& match);

  bool matches(const RequestPath& path, const abi::HeaderList& headers) const;

  // Of a path that matches, how many bytes from its start a rewritten prefix takes the place of.
  size_t matched_size(std::string_view path) const;

 private:
  struct Parameter {
    config::QueryMatch match;
    std::unique_ptr<const StringMatcher> value;  // null: none is asked for
  };

  bool matches_path(std::string_view path) const;
  static bool matches_parameter(const Parameter& parameter, std::string_view query);

  config::PathMatch path_;  // its text in lower case where case is ignored
  std::unique_ptr<const Regex> regex_;
  std::vector<HeaderMatcher> headers_;
  std::vector<Parameter> parameters_;
  bool grpc_only_;
};

}  // namespace weir::serve
