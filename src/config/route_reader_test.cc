#include "config/route_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "config/loader.h"

namespace weir::config {
namespace {

namespace route_v3 = envoy::config::route::v3;

// The fields of a RouteConfiguration, or of one route in it.
Result<RouteConfiguration> read(const std::string& text) {
  route_v3::RouteConfiguration message;
  SourceMap map("f.yaml");
  WEIR_TRY(load_message(text, "f.yaml", message, map));
  return read_routes(message, {"web", "api"}, {"auth"}, {{"BODY", "from outside"}}, Place(map));
}

std::string host(const std::string& fields) {
  return "virtual_hosts: [{name: h, domains: ['*'], " + fields + "}]";
}
std::string route(const std::string& fields) { return host("routes: [{" + fields + "}]"); }

Route first_route(const std::string& fields) {
  auto routes = read(route(fields));
  EXPECT_TRUE(routes.ok()) << routes.error().message;
  return routes.ok() ? routes.value().virtual_hosts[0].routes[0] : Route();
}

std::string error_of(const std::string& text) {
  auto routes = read(text);
  if (routes.ok()) return "no error";
  const std::string& message = routes.error().message;
  return message.substr(message.find(": ") + 2);
}

// Of a route's match; the path to it is left out.
std::string match_error(const std::string& fields) {
  const std::string error = error_of(route("match: {" + fields + "}, route: {cluster: web}"));
  const std::string at = "virtual_hosts[0].routes[0].match";
  return error.starts_with(at) ? error.substr(at.size()) : error;
}

std::string action_error(const std::string& action, const std::string& match = "prefix: /") {
  const std::string error = error_of(route("match: {" + match + "}, " + action));
  const std::string at = "virtual_hosts[0].routes[0].";
  return error.starts_with(at) ? error.substr(at.size()) : error;
}

TEST(RouteReaderTest, ReadsMatches) {
  const Route read = first_route(
      "match: {path_separated_prefix: /a, case_sensitive: false, grpc: {}, headers: ["
      "{name: X-A, string_match: {contains: B, ignore_case: true}}, "
      "{name: ':method', exact_match: GET, invert_match: true}, "
      "{name: n, range_match: {start: -1, end: 5}}, {name: p}, {name: q, present_match: false}], "
      "query_parameters: [{name: v, string_match: {safe_regex: {regex: '[0-9]+'}}}]}, "
      "route: {cluster: web}");
  EXPECT_EQ(read.match.path.kind, PathMatch::Kind::SeparatedPrefix);
  EXPECT_TRUE(read.match.path.ignore_case);
  EXPECT_TRUE(read.match.grpc_only);
  ASSERT_EQ(read.match.headers.size(), 5u);
  EXPECT_EQ(read.match.headers[0].name, "x-a");
  const auto& contains = std::get<StringMatch>(read.match.headers[0].value);
  EXPECT_EQ(contains.kind, StringMatch::Kind::Contains);
  EXPECT_TRUE(contains.ignore_case);
  EXPECT_TRUE(read.match.headers[1].invert);
  EXPECT_EQ(std::get<HeaderMatch::Range>(read.match.headers[2].value).start, -1);
  EXPECT_TRUE(read.match.headers[3].present);
  EXPECT_FALSE(read.match.headers[4].present);
  EXPECT_EQ(read.match.query[0].value->kind, StringMatch::Kind::Regex);
}

TEST(RouteReaderTest, ReadsForwards) {
  const Route read = first_route(
      "match: {prefix: /}, route: {weighted_clusters: {clusters: [{name: web, weight: 1}, "
      "{name: api, weight: 3, request_headers_to_remove: [X]}]}, prefix_rewrite: /v2, "
      "host_rewrite_literal: other, retry_policy: {retry_on: '5xx, connect-failure', "
      "num_retries: 3, per_try_timeout: 0.5s, retry_back_off: {base_interval: 0.1s}}}, "
      "response_headers_to_add: [{header: {key: X-A, value: '100%%'}, append_action: "
      "ADD_IF_ABSENT}, {header: {key: gone}}, {header: {key: kept}, keep_empty_value: true}]");
  const auto& forward = std::get<Forward>(read.action);
  ASSERT_EQ(forward.clusters.size(), 2u);
  EXPECT_EQ(forward.clusters[1].weight, 3u);
  EXPECT_EQ(forward.clusters[1].edits.request.remove, std::vector<std::string>{"x"});
  EXPECT_EQ(std::get<std::string>(forward.rewrite), "/v2");
  EXPECT_EQ(forward.host_rewrite, "other");
  EXPECT_EQ(forward.retry.conditions, RetryPolicy::Status5xx | RetryPolicy::ConnectFailure);
  EXPECT_EQ(forward.retry.retries, 3u);
  EXPECT_EQ(forward.retry.per_try_timeout, Milliseconds(500));
  EXPECT_EQ(forward.retry.max_interval, Milliseconds(1000));
  ASSERT_EQ(read.edits.response.add.size(), 2u);
  EXPECT_EQ(read.edits.response.add[0].value, "100%");
  EXPECT_EQ(read.edits.response.add[0].action, HeaderEdit::Action::AddIfAbsent);
  EXPECT_EQ(read.edits.response.add[1].name, "kept");
}

TEST(RouteReaderTest, ReadsAnswers) {
  const Route redirect = first_route(
      "match: {prefix: /}, redirect: {https_redirect: true, port_redirect: 8443, "
      "response_code: PERMANENT_REDIRECT, strip_query: true}");
  const auto& to = std::get<Redirect>(redirect.action);
  EXPECT_EQ(to.scheme, "https");
  EXPECT_EQ(to.port, 8443);
  EXPECT_EQ(to.status, 308u);
  EXPECT_TRUE(to.strip_query);
  const auto body = [](const std::string& source) {
    const Route direct =
        first_route("match: {prefix: /}, direct_response: {status: 200, body: {" + source + "}}");
    return std::get<DirectResponse>(direct.action).body;
  };
  EXPECT_EQ(body("inline_string: text"), "text");
  EXPECT_EQ(body("inline_bytes: dGV4dA=="), "text");
  EXPECT_EQ(body("environment_variable: BODY"), "from outside");
}

TEST(RouteReaderTest, GivesTheHostsRetriesToRoutesWithoutAny) {
  auto routes =
      read(host("retry_policy: {retry_on: reset}, routes: ["
                "{match: {prefix: /own}, route: {cluster: web, retry_policy: {retry_on: 5xx}}}, "
                "{match: {prefix: /}, route: {cluster: web}}]"));
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  const auto& hosts = routes.value().virtual_hosts;
  EXPECT_EQ(std::get<Forward>(hosts[0].routes[0].action).retry.conditions, RetryPolicy::Status5xx);
  EXPECT_EQ(std::get<Forward>(hosts[0].routes[1].action).retry.conditions, RetryPolicy::Reset);
}

TEST(RouteReaderTest, RefusesMatchesThatMeanNothing) {
  EXPECT_EQ(match_error("safe_regex: {regex: 'a('}"),
            ".safe_regex.regex: 'a(' is no expression of RE2: missing ): a(");
  EXPECT_EQ(match_error("safe_regex: {regex: a}, case_sensitive: false"),
            ".case_sensitive: an expression says so itself; begin safe_regex with (?i)");
  EXPECT_EQ(match_error("path_separated_prefix: /a/"),
            ".path_separated_prefix: has '/' at its end; leave it out, what follows a match begins "
            "with it");
  EXPECT_EQ(match_error("prefix: /, headers: [{name: 'a b'}]"),
            ".headers[0].name: 'a b' is not a header's name");
  EXPECT_EQ(match_error("prefix: /, headers: [{name: a, prefix_match: ''}]"),
            ".headers[0].prefix_match: empty; it would match everything");
  EXPECT_EQ(match_error("prefix: /, headers: [{name: a, range_match: {start: 5, end: 5}}]"),
            ".headers[0].range_match: holds no number: 'end' is not within the range, and has to "
            "be above 'start'");
  EXPECT_EQ(match_error("prefix: /, headers: [{name: a, string_match: {ignore_case: true, "
                        "safe_regex: {regex: a}}}]"),
            ".headers[0].string_match.ignore_case: an expression says so itself; begin it with "
            "(?i)");
}

TEST(RouteReaderTest, RefusesActionsThatCannotBe) {
  EXPECT_EQ(action_error("route: {weighted_clusters: {clusters: [{name: web, weight: 0}]}}"),
            "route.weighted_clusters: no cluster has a weight above zero");
  EXPECT_EQ(action_error("route: {weighted_clusters: {clusters: [{name: wab, weight: 1}]}}"),
            "route.weighted_clusters.clusters[0].name: there is no cluster 'wab'; did you mean "
            "'web'?");
  EXPECT_EQ(action_error("route: {cluster: web, prefix_rewrite: /}", "safe_regex: {regex: /.*}"),
            "route.prefix_rewrite: the route matches by safe_regex; use regex_rewrite with it");
  EXPECT_EQ(action_error("route: {cluster: web, prefix_rewrite: /, regex_rewrite: {pattern: "
                         "{regex: a}}}"),
            "route.regex_rewrite: not together with prefix_rewrite");
  EXPECT_EQ(action_error("route: {cluster: web, regex_rewrite: {pattern: {regex: a}, "
                         "substitution: '\\1'}}"),
            "route.regex_rewrite.substitution: Rewrite schema requests 1 matches, but the regexp "
            "only has 0 parenthesized subexpressions.");
  EXPECT_EQ(action_error("route: {cluster: web, retry_policy: {retry_on: '5xx,connect-fail'}}"),
            "route.retry_policy.retry_on: 'connect-fail' is no reason to try again; did you mean "
            "'connect-failure'?");
  EXPECT_EQ(action_error("route: {cluster: web, retry_policy: {retry_on: retriable-status-codes, "
                         "retriable_status_codes: [5]}}"),
            "route.retry_policy.retriable_status_codes[0]: not a status; expected a number from "
            "100 to 999");
  EXPECT_EQ(action_error("redirect: {port_redirect: 70000}"),
            "redirect.port_redirect: not a port; expected a number from 1 to 65535");
  EXPECT_EQ(action_error("direct_response: {status: 99}"),
            "direct_response.status: not a status; expected a number from 200 to 599");
  EXPECT_EQ(action_error("direct_response: {status: 200, body: {environment_variable: NONE}}"),
            "direct_response.body.environment_variable: there is no variable 'NONE'");
  EXPECT_EQ(action_error("direct_response: {status: 200, body: {inline_string: '" +
                         std::string(4097, 'a') + "'}}"),
            "direct_response.body: longer than 4096 bytes; serve it from a cluster");
}

TEST(RouteReaderTest, RefusesEditsThatCannotBeMade) {
  const auto edit_error = [](const std::string& option) {
    const std::string error =
        error_of("request_headers_to_add: [{" + option + "}]\n" + host("routes: []"));
    const std::string at = "request_headers_to_add[0].";
    return error.starts_with(at) ? error.substr(at.size()) : error;
  };
  EXPECT_EQ(edit_error("header: {key: ':path', value: /}"),
            "header.key: ':path' cannot be edited here; a route rewrites paths and hosts");
  EXPECT_EQ(edit_error("header: {key: a, value: '%PROTOCOL%'}"),
            "header.value: '%PROTOCOL%' has a command operator, which is not supported here; '%' "
            "itself is written '%%'");
  EXPECT_EQ(edit_error("header: {key: a, value: \"x\\r\\ny\"}"),
            "header.value: holds a control character");
  EXPECT_EQ(edit_error("header: {key: a, value: b}, append: true, append_action: ADD_IF_ABSENT"),
            "append: not together with append_action; keep that one");
  EXPECT_EQ(error_of("response_headers_to_remove: [host]\n" + host("routes: []")),
            "response_headers_to_remove[0]: 'host' cannot be edited here; a route rewrites paths "
            "and hosts");
}

TEST(RouteReaderTest, FiltersAreSwitched) {
  const auto config = [](const std::string& fields) {
    return "typed_per_filter_config: {auth: {'@type': "
           "type.googleapis.com/envoy.config.route.v3.FilterConfig, " +
           fields + "}}";
  };
  const auto routes = read(host(config("disabled: true") +
                                ", routes: [{match: {prefix: /}, route: "
                                "{cluster: web}, " +
                                config("config: {}") + "}]"));
  ASSERT_TRUE(routes.ok()) << routes.error().message;
  const VirtualHost& only = routes.value().virtual_hosts.at(0);
  ASSERT_EQ(only.filters.size(), 1u);
  EXPECT_EQ(only.filters[0].filter, "auth");
  EXPECT_FALSE(only.filters[0].enabled);
  EXPECT_TRUE(only.routes.at(0).filters.at(0).enabled);
}

}  // namespace
}  // namespace weir::config
