#include "config/route_action_reader.h"

#include "base/suggestion.h"
#include "config/cluster_names.h"
#include "config/durations.h"
#include "config/header_edit_reader.h"
#include "config/match_reader.h"

namespace weir::config {
namespace {

namespace route_v3 = envoy::config::route::v3;

// As in Envoy (max_direct_response_body_size_bytes).
constexpr size_t kMaxDirectBody = 4096;

Result<std::vector<WeightedCluster>> read_weighted(const route_v3::WeightedCluster& message,
                                                   const ClusterNames& clusters, const Place& at) {
  std::vector<WeightedCluster> out;
  uint64_t sum = 0;
  for (int i = 0; i < message.clusters_size(); ++i) {
    const auto& cluster = message.clusters(i);
    const Place here = at.field("clusters").item(static_cast<size_t>(i));
    WEIR_TRY(check_cluster(cluster.name(), clusters, here.field("name")));
    WeightedCluster weighted{.name = cluster.name(), .weight = cluster.weight().value()};
    WEIR_TRY(weighted.edits, read_message_edits(cluster, here));
    sum += weighted.weight;
    out.push_back(std::move(weighted));
  }
  if (sum == 0) return at.error("no cluster has a weight above zero");
  if (sum > UINT32_MAX) return at.error("the weights come to more than 4294967295");
  return out;
}

// An expression has no part of the path that a text could take the place of.
Result<PathRewrite> read_prefix_rewrite(const std::string& text, const PathMatch& path,
                                        const Place& at) {
  if (path.kind == PathMatch::Kind::Regex) {
    return at.error("the route matches by safe_regex; use regex_rewrite with it");
  }
  return PathRewrite(text);
}

struct ConditionName {
  std::string_view name;
  RetryPolicy::Condition condition;
};

constexpr ConditionName kConditions[] = {
    {"5xx", RetryPolicy::Status5xx},
    {"gateway-error", RetryPolicy::GatewayError},
    {"reset", RetryPolicy::Reset},
    {"reset-before-request", RetryPolicy::ResetBeforeRequest},
    {"connect-failure", RetryPolicy::ConnectFailure},
    {"refused-stream", RetryPolicy::RefusedStream},
    {"retriable-4xx", RetryPolicy::Retriable4xx},
    {"retriable-status-codes", RetryPolicy::RetriableStatusCodes},
    {"retriable-headers", RetryPolicy::RetriableHeaders},
    {"cancelled", RetryPolicy::GrpcCancelled},
    {"deadline-exceeded", RetryPolicy::GrpcDeadlineExceeded},
    {"resource-exhausted", RetryPolicy::GrpcResourceExhausted},
    {"internal", RetryPolicy::GrpcInternal},
    {"unavailable", RetryPolicy::GrpcUnavailable},
};

Result<uint32_t> read_condition(std::string_view name, const Place& at) {
  std::vector<std::string> known;
  for (const ConditionName& condition : kConditions) {
    if (condition.name == name) return static_cast<uint32_t>(condition.condition);
    known.emplace_back(condition.name);
  }
  return at.error(quote(name) + " is no reason to try again; " + suggest(name, known));
}

Result<uint32_t> read_conditions(std::string_view text, const Place& at) {
  uint32_t conditions = 0;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view name = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    while (name.starts_with(' ')) name.remove_prefix(1);
    while (name.ends_with(' ')) name.remove_suffix(1);
    WEIR_TRY(uint32_t condition, read_condition(name, at));
    conditions |= condition;
  }
  return conditions;
}

Result<std::vector<WeightedCluster>> read_clusters_of(const route_v3::RouteAction& message,
                                                      const ClusterNames& clusters,
                                                      const Place& at) {
  switch (message.cluster_specifier_case()) {
    case route_v3::RouteAction::kCluster:
      WEIR_TRY(check_cluster(message.cluster(), clusters, at.field("cluster")));
      return std::vector{WeightedCluster{.name = message.cluster()}};
    case route_v3::RouteAction::kWeightedClusters:
      return read_weighted(message.weighted_clusters(), clusters, at.field("weighted_clusters"));
    default:
      return std::vector<WeightedCluster>();
  }
}

uint32_t read_unknown_cluster_status(route_v3::RouteAction::ClusterNotFoundResponseCode code) {
  if (code == route_v3::RouteAction::NOT_FOUND) return 404;
  return code == route_v3::RouteAction::INTERNAL_SERVER_ERROR ? 500 : 503;
}

uint32_t read_redirect_status(route_v3::RedirectAction::RedirectResponseCode code) {
  constexpr uint32_t kStatuses[] = {301, 302, 303, 307, 308};
  return static_cast<size_t>(code) < std::size(kStatuses) ? kStatuses[code] : 301;
}

}  // namespace

Result<RetryPolicy> read_retry_policy(const route_v3::RetryPolicy& message, const Place& at) {
  RetryPolicy policy;
  WEIR_TRY(policy.conditions, read_conditions(message.retry_on(), at.field("retry_on")));
  if (message.has_num_retries()) policy.retries = message.num_retries().value();
  if (message.has_per_try_timeout()) {
    policy.per_try_timeout = to_milliseconds(message.per_try_timeout());
  }
  if (message.has_retry_back_off()) {
    const auto& back_off = message.retry_back_off();
    policy.base_interval = to_milliseconds(back_off.base_interval());
    policy.max_interval = back_off.has_max_interval() ? to_milliseconds(back_off.max_interval())
                                                      : 10 * policy.base_interval;
    if (policy.max_interval < policy.base_interval) {
      return at.field("retry_back_off").field("max_interval").error("shorter than base_interval");
    }
  }
  for (int i = 0; i < message.retriable_status_codes_size(); ++i) {
    const uint32_t status = message.retriable_status_codes(i);
    if (status < 100 || status > 999) {
      return at.field("retriable_status_codes")
          .item(static_cast<size_t>(i))
          .error("not a status; expected a number from 100 to 999");
    }
    policy.status_codes.push_back(status);
  }
  for (int i = 0; i < message.retriable_headers_size(); ++i) {
    const Place here = at.field("retriable_headers").item(static_cast<size_t>(i));
    WEIR_TRY(HeaderMatch header, read_header_match(message.retriable_headers(i), here));
    policy.headers.push_back(std::move(header));
  }
  return policy;
}

Result<Forward> read_forward(const route_v3::RouteAction& message, const PathMatch& path,
                             const ClusterNames& clusters, const Place& at) {
  Forward forward;
  WEIR_TRY(forward.clusters, read_clusters_of(message, clusters, at));
  if (message.has_cluster_header()) {
    WEIR_TRY(forward.cluster_header,
             read_header_name(message.cluster_header(), at.field("cluster_header")));
  }
  forward.unknown_cluster_status =
      read_unknown_cluster_status(message.cluster_not_found_response_code());
  if (!message.prefix_rewrite().empty()) {
    WEIR_TRY(forward.rewrite,
             read_prefix_rewrite(message.prefix_rewrite(), path, at.field("prefix_rewrite")));
  }
  if (message.has_regex_rewrite()) {
    const Place here = at.field("regex_rewrite");
    if (!message.prefix_rewrite().empty()) return here.error("not together with prefix_rewrite");
    WEIR_TRY(forward.rewrite, read_regex_rewrite(message.regex_rewrite(), here));
  }
  WEIR_TRY(forward.host_rewrite,
           read_header_text(message.host_rewrite_literal(), at.field("host_rewrite_literal")));
  if (message.has_host_rewrite_header()) {
    WEIR_TRY(forward.host_rewrite_header,
             read_header_name(message.host_rewrite_header(), at.field("host_rewrite_header")));
  }
  if (message.has_idle_timeout()) forward.idle_timeout = to_milliseconds(message.idle_timeout());
  if (message.has_timeout()) forward.timeout = to_milliseconds(message.timeout());
  if (message.has_retry_policy()) {
    WEIR_TRY(forward.retry, read_retry_policy(message.retry_policy(), at.field("retry_policy")));
  }
  return forward;
}

Result<Redirect> read_redirect(const route_v3::RedirectAction& message, const PathMatch& path,
                               const Place& at) {
  Redirect redirect{.status = read_redirect_status(message.response_code()),
                    .scheme = message.https_redirect() ? "https" : message.scheme_redirect(),
                    .host = message.host_redirect(),
                    .path = message.path_redirect(),
                    .strip_query = message.strip_query()};
  if (message.port_redirect() > 65'535) {
    return at.field("port_redirect").error("not a port; expected a number from 1 to 65535");
  }
  redirect.port = static_cast<uint16_t>(message.port_redirect());
  if (message.has_prefix_rewrite()) {
    WEIR_TRY(redirect.rewrite,
             read_prefix_rewrite(message.prefix_rewrite(), path, at.field("prefix_rewrite")));
  }
  if (message.has_regex_rewrite()) {
    WEIR_TRY(redirect.rewrite,
             read_regex_rewrite(message.regex_rewrite(), at.field("regex_rewrite")));
  }
  return redirect;
}

Result<DirectResponse> read_direct_response(const route_v3::DirectResponseAction& message,
                                            const Environment& environment, const Place& at) {
  using envoy::config::core::v3::DataSource;
  if (message.status() < 200 || message.status() > 599) {
    return at.field("status").error("not a status; expected a number from 200 to 599");
  }
  DirectResponse response{.status = message.status()};
  if (!message.has_body()) return response;
  const DataSource& body = message.body();
  const Place here = at.field("body");
  switch (body.specifier_case()) {
    case DataSource::kInlineBytes:
      response.body = body.inline_bytes();
      break;
    case DataSource::kEnvironmentVariable: {
      const auto found = environment.find(body.environment_variable());
      if (found == environment.end()) {
        return here.field("environment_variable")
            .error("there is no variable " + quote(body.environment_variable()));
      }
      response.body = found->second;
      break;
    }
    case DataSource::kFilename:
      return here.field("filename").error("files are not read here; write inline_string");
    default:
      response.body = body.inline_string();
  }
  if (response.body.size() > kMaxDirectBody) {
    return here.error("longer than 4096 bytes; serve it from a cluster");
  }
  return response;
}

}  // namespace weir::config
