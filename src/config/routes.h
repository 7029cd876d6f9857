#pragma once
// The routes of a listener as plain values, checked: which requests each is for, and what becomes
// of them.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace weir::config {

struct StringMatch {
  enum class Kind : uint8_t { Exact, Prefix, Suffix, Contains, Regex };

  Kind kind = Kind::Exact;
  std::string text;          // a regular expression is RE2's, and has to match as a whole
  bool ignore_case = false;  // not for regular expressions

  friend bool operator==(const StringMatch&, const StringMatch&) = default;
};

struct HeaderMatch {
  struct Range {
    int64_t start;
    int64_t end;  // not within it
  };

  std::string name;  // in lower case
  // Where there is neither: whether the header is there.
  std::variant<std::monostate, StringMatch, Range> value;
  bool present = true;  // for a match without value
  bool invert = false;
  bool missing_is_empty = false;
};

struct QueryMatch {
  std::string name;
  std::optional<StringMatch> value;  // absent: whether the parameter is there
  bool present = true;
};

struct PathMatch {
  enum class Kind : uint8_t {
    Prefix,
    Path,
    SeparatedPrefix,  // this path and those below it
    Regex,            // of the whole path
    Connect,          // of CONNECT requests, which have none
  };

  Kind kind = Kind::Prefix;
  std::string text;  // compared with the request's path, without its query
  bool ignore_case = false;
};

struct RouteMatch {
  PathMatch path;
  std::vector<HeaderMatch> headers;
  std::vector<QueryMatch> query;
  bool grpc_only = false;
};

struct HeaderEdit {
  enum class Action : uint8_t { Append, AddIfAbsent, Overwrite, OverwriteIfPresent };

  std::string name;  // in lower case
  std::string value;
  Action action = Action::Append;
};

struct HeaderEdits {
  std::vector<std::string> remove;  // before the others; in lower case
  std::vector<HeaderEdit> add;

  bool empty() const { return remove.empty() && add.empty(); }
};

// Of a request on its way to the upstream, and of the response to it.
struct MessageEdits {
  HeaderEdits request;
  HeaderEdits response;
};

struct RegexRewrite {
  std::string pattern;
  std::string substitution;
};

// In the place of what the route's path matched, or of what the expression matches; neither: the
// path stays.
using PathRewrite = std::variant<std::monostate, std::string, RegexRewrite>;

struct RetryPolicy {
  enum Condition : uint32_t {
    Status5xx = 1,
    GatewayError = 2,  // 502, 503, 504
    Reset = 4,         // no response, or not all of its headers
    ResetBeforeRequest = 8,
    ConnectFailure = 16,
    RefusedStream = 32,
    Retriable4xx = 64,  // 409
    RetriableStatusCodes = 128,
    RetriableHeaders = 256,
    GrpcCancelled = 1 << 9,
    GrpcDeadlineExceeded = 1 << 10,
    GrpcResourceExhausted = 1 << 11,
    GrpcInternal = 1 << 12,
    GrpcUnavailable = 1 << 13,
  };

  uint32_t conditions = 0;         // Condition bits; none: nothing is tried again
  uint32_t retries = 1;            // after the first try
  Milliseconds per_try_timeout{};  // zero: none
  Milliseconds base_interval{25};
  Milliseconds max_interval{250};
  std::vector<uint32_t> status_codes;
  std::vector<HeaderMatch> headers;
};

struct WeightedCluster {
  std::string name;
  uint32_t weight = 1;
  MessageEdits edits;
};

// Sends the request to an upstream.
struct Forward {
  std::vector<WeightedCluster> clusters;  // one or more; none where a header names the cluster
  std::string cluster_header;
  uint32_t unknown_cluster_status = 503;  // for a cluster_header without a cluster
  PathRewrite rewrite;
  std::string host_rewrite;         // empty: none
  std::string host_rewrite_header;  // likewise
  // For the whole response, from the end of the request on; zero: none.
  Milliseconds timeout{15'000};
  // Of a request on which nothing moves; zero: never. Absent: what is said for all.
  std::optional<Milliseconds> idle_timeout;
  RetryPolicy retry;
};

struct Redirect {
  uint32_t status = 301;
  std::string scheme;  // these three: as the request's, where empty or zero
  std::string host;
  uint16_t port = 0;
  std::string path;  // the whole path; empty: as `rewrite` says
  PathRewrite rewrite;
  bool strip_query = false;
};

struct DirectResponse {
  uint32_t status = 200;
  std::string body;
};

// Whether requests pass a filter, which says otherwise of itself, or something around does.
struct FilterSwitch {
  std::string filter;  // its name
  bool enabled = true;
};

struct Route {
  std::string name;  // for properties; may be empty
  RouteMatch match;
  std::variant<Forward, Redirect, DirectResponse> action;
  MessageEdits edits;
  std::vector<FilterSwitch> filters;
};

struct VirtualHost {
  std::string name;
  // "*", "example.com", "*.example.com", "example.*"; in lower case. The most exact match of a
  // request's authority wins: a whole name, the longest suffix, the longest prefix, "*".
  std::vector<std::string> domains;
  std::vector<Route> routes;  // the first that matches is taken
  MessageEdits edits;
  std::vector<FilterSwitch> filters;
};

struct RouteConfiguration {
  std::string name;
  std::vector<VirtualHost> virtual_hosts;
  MessageEdits edits;
  std::vector<FilterSwitch> filters;
  // Edits are made in this order: weighted cluster, route, virtual host, all. True: the other way
  // round.
  bool most_specific_edits_last = false;
};

}  // namespace weir::config
