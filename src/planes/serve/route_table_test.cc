#include "planes/serve/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "planes/serve/header_edits.h"

namespace weir::serve {
namespace {

using abi::HeaderList;
using config::Forward;
using config::HeaderMatch;
using config::PathMatch;
using config::StringMatch;
using Kind = config::PathMatch::Kind;
using ::testing::HasSubstr;

config::Route to(std::string cluster, PathMatch path = {.text = "/"}) {
  return {.match = {.path = std::move(path)},
          .action = Forward{.clusters = {{.name = std::move(cluster)}}}};
}

StringMatch text(StringMatch::Kind kind, std::string what) {
  return {.kind = kind, .text = std::move(what)};
}

class RouteTableTest : public ::testing::Test {
 protected:
  void host(std::vector<std::string> domains, const std::string& cluster) {
    host(std::move(domains), std::vector{to(cluster)});
  }
  void host(std::vector<std::string> domains, std::vector<config::Route> routes) {
    for (const config::Route& route : routes) {
      const auto* forward = std::get_if<Forward>(&route.action);
      if (forward == nullptr) continue;
      for (const auto& cluster : forward->clusters)
        settings.clusters.push_back({.name = cluster.name});
    }
    hosts().push_back({.name = "host" + std::to_string(hosts().size()),
                       .domains = std::move(domains),
                       .routes = std::move(routes)});
  }
  std::vector<config::VirtualHost>& hosts() { return configuration.virtual_hosts; }

  RouteTable table() const { return RouteTable::make(configuration, settings).value(); }
  std::string error() const {
    const auto made = RouteTable::make(configuration, settings);
    return made.ok() ? "" : made.error().message;
  }
  std::string cluster_for(std::string_view authority, std::string_view path = "/") const {
    return cluster_for(HeaderList{{":authority", authority}, {":path", path}});
  }
  std::string cluster_for(const HeaderList& headers, uint64_t random = 0) const {
    const RouteTable routes = table();
    const RouteChoice choice = routes.choose(headers, random);
    if (choice.route == nullptr) return "none";
    return choice.cluster == nullptr ? "no cluster" : choice.cluster->name;
  }

  config::RouteConfiguration configuration;
  config::ServeSettings settings;
};

TEST_F(RouteTableTest, TakesTheFirstRouteThatMatches) {
  host({"*"}, std::vector{to("exact", {.kind = Kind::Path, .text = "/exact"}),
                          to("api", {.text = "/api"}), to("rest")});
  EXPECT_EQ(cluster_for("a", "/exact"), "exact");
  EXPECT_EQ(cluster_for("a", "/exact?x=1"), "exact");
  EXPECT_EQ(cluster_for("a", "/exactly"), "rest");
  EXPECT_EQ(cluster_for("a", "/api/v1"), "api");
  EXPECT_EQ(cluster_for("a", "*"), "none");
}

TEST_F(RouteTableTest, ComparesPathsInEveryWay) {
  host({"*"}, std::vector{to("below", {.kind = Kind::SeparatedPrefix, .text = "/dir"}),
                          to("digits", {.kind = Kind::Regex, .text = "/[0-9]+"}),
                          to("any case", {.text = "/Case", .ignore_case = true})});
  EXPECT_EQ(cluster_for("a", "/dir"), "below");
  EXPECT_EQ(cluster_for("a", "/dir/x?y"), "below");
  EXPECT_EQ(cluster_for("a", "/directory"), "none");
  EXPECT_EQ(cluster_for("a", "/12?x"), "digits");
  EXPECT_EQ(cluster_for("a", "/12/x"), "none");
  EXPECT_EQ(cluster_for("a", "/cASE/x"), "any case");
}

TEST_F(RouteTableTest, ComparesHeaders) {
  const std::map<std::string, HeaderMatch> matches = {
      {"exact", {.name = "x", .value = text(StringMatch::Kind::Exact, "a,b")}},
      {"contains", {.name = "x", .value = text(StringMatch::Kind::Contains, "ell")}},
      {"range", {.name = "x", .value = HeaderMatch::Range{1, 10}}},
      {"not there", {.name = "x", .present = false}},
      {"not this", {.name = "x", .value = text(StringMatch::Kind::Prefix, "p"), .invert = true}},
      {"empty",
       {.name = "x", .value = text(StringMatch::Kind::Exact, ""), .missing_is_empty = true}},
  };
  const auto matching = [&](std::vector<std::string_view> values) {
    HeaderList headers{{":path", "/"}};
    for (const auto value : values) EXPECT_TRUE(headers.add("x", value));
    std::set<std::string> names;
    for (const auto& [name, match] : matches) {
      if (HeaderMatcher(match).matches(headers)) names.insert(name);
    }
    return names;
  };
  using Names = std::set<std::string>;
  EXPECT_EQ(matching({"a,b"}), (Names{"exact", "not this"}));
  // Each by itself, and one is enough.
  EXPECT_EQ(matching({"a", "b"}), (Names{"not this"}));
  EXPECT_EQ(matching({"hello", "a,b"}), (Names{"contains", "exact", "not this"}));
  EXPECT_EQ(matching({"50", "3"}), (Names{"range", "not this"}));
  EXPECT_EQ(matching({"a", "p"}), (Names{}));
  EXPECT_EQ(matching({"p", "a"}), (Names{}));
  EXPECT_EQ(matching({"", "a"}), (Names{"empty", "not this"}));
  EXPECT_EQ(matching({"hello"}), (Names{"contains", "not this"}));
  EXPECT_EQ(matching({"9"}), (Names{"range", "not this"}));
  EXPECT_EQ(matching({"10"}), (Names{"not this"}));
  EXPECT_EQ(matching({"p"}), (Names{}));
  EXPECT_EQ(matching({""}), (Names{"empty", "not this"}));
  // A match of a value, inverted too, needs one.
  EXPECT_EQ(matching({}), (Names{"not there", "empty"}));
}

TEST_F(RouteTableTest, TheHostIsTheAuthority) {
  const HeaderMatcher host({.name = "host", .value = text(StringMatch::Kind::Exact, "a.test")});
  EXPECT_TRUE(host.matches(HeaderList{{":authority", "a.test"}}));
  EXPECT_FALSE(host.matches(HeaderList{{":authority", "b.test"}}));
}

TEST_F(RouteTableTest, ComparesQueriesAndGrpc) {
  config::Route grpc = to("grpc");
  grpc.match.grpc_only = true;
  config::Route query = to("query");
  query.match.query = {{.name = "v", .value = text(StringMatch::Kind::Exact, "2")},
                       {.name = "debug"}};
  host({"*"}, std::vector{grpc, query});
  EXPECT_EQ(cluster_for(HeaderList{{":path", "/"}, {"content-type", "application/grpc+proto"}}),
            "grpc");
  EXPECT_EQ(cluster_for("a", "/?debug&v=2"), "query");
  EXPECT_EQ(cluster_for("a", "/?v=2&debug=#v"), "query");
  EXPECT_EQ(cluster_for("a", "/?v=20&debug"), "none");
  EXPECT_EQ(cluster_for("a", "/?v=2"), "none");
}

TEST_F(RouteTableTest, ChoosesWeightedClustersByTheNumber) {
  config::Route route{.match = {.path = {.text = "/"}},
                      .action = Forward{.clusters = {{.name = "one", .weight = 1},
                                                     {.name = "none", .weight = 0},
                                                     {.name = "three", .weight = 3}}}};
  host({"*"}, std::vector{route});
  const HeaderList headers{{":path", "/"}};
  std::map<std::string, int> counts;
  for (uint64_t random = 0; random < 400; ++random) ++counts[cluster_for(headers, random)];
  EXPECT_EQ(counts, (std::map<std::string, int>{{"one", 100}, {"three", 300}}));
}

TEST_F(RouteTableTest, TakesTheClusterThatAHeaderNames) {
  host({"*"}, std::vector{config::Route{.match = {.path = {.text = "/"}},
                                        .action = Forward{.cluster_header = "x-to"}}});
  settings.clusters = {{.name = "a"}, {.name = "b"}};
  EXPECT_EQ(cluster_for(HeaderList{{":path", "/"}, {"x-to", "b"}}), "b");
  EXPECT_EQ(cluster_for(HeaderList{{":path", "/"}, {"x-to", "c"}}), "no cluster");
  EXPECT_EQ(cluster_for(HeaderList{{":path", "/"}}), "no cluster");
}

TEST_F(RouteTableTest, PrefersTheMostExactDomain) {
  host({"*"}, "any");
  host({"*.example.com"}, "suffix");
  host({"*.a.example.com"}, "longer suffix");
  host({"www.*"}, "prefix");
  host({"www.example.com"}, "exact");
  EXPECT_EQ(cluster_for("www.example.com"), "exact");
  EXPECT_EQ(cluster_for("WWW.Example.com"), "exact");
  EXPECT_EQ(cluster_for("b.example.com"), "suffix");
  EXPECT_EQ(cluster_for("b.a.example.com"), "longer suffix");
  EXPECT_EQ(cluster_for("www.else.org"), "prefix");
  EXPECT_EQ(cluster_for("example.com"), "any");
  EXPECT_EQ(cluster_for("[::1]:80"), "any");
}

TEST_F(RouteTableTest, APortIsAPartOfTheHost) {
  host({"example.com"}, "without");
  host({"*.example.com"}, "suffix");
  host({"other.*", "example.com:8080"}, "with");
  EXPECT_EQ(cluster_for("example.com"), "without");
  EXPECT_EQ(cluster_for("example.com:8080"), "with");
  EXPECT_EQ(cluster_for("example.com:80"), "none");
  EXPECT_EQ(cluster_for("a.example.com:80"), "none");
  EXPECT_EQ(cluster_for("other.com:80"), "with");
}

TEST_F(RouteTableTest, FindsNothingForUnknownHosts) {
  host({"known"}, "known");
  EXPECT_EQ(cluster_for("unknown"), "none");
}

TEST_F(RouteTableTest, NamesAnUnknownCluster) {
  host({"*"}, "there");
  settings.clusters.clear();
  EXPECT_EQ(error(), "virtual host 'host0': unknown cluster 'there'");
}

TEST_F(RouteTableTest, RefusesADomainTwice) {
  host({"a.example"}, "one");
  host({"a.example"}, "two");
  EXPECT_THAT(error(), HasSubstr("another one has the domain 'a.example'"));
}

// What becomes of a request and its response on the way through a route.
class RouteEditsTest : public RouteTableTest {
 protected:
  static std::string fields(const HeaderList& headers) {
    std::string out;
    headers.for_each([&](std::string_view name, std::string_view value) {
      if (name != ":authority" || value != "h")
        out += std::string(name) + "=" + std::string(value) + " ";
    });
    return out;
  }
  std::string request(std::string_view path, const Forward& forward, PathMatch match) {
    hosts().clear();
    config::Route route{.match = {.path = std::move(match)}, .action = forward};
    std::get<Forward>(route.action).clusters = {{.name = "c"}};
    host({"*"}, std::vector{route});
    HeaderList headers{{":authority", "h"}, {":path", path}, {"x-host", "named"}};
    const RouteTable routes = table();
    const RouteChoice choice = routes.choose(headers, 0);
    if (choice.route == nullptr) return "none";
    choice.route->finish_request(headers, *choice.cluster);
    headers.remove("x-host");
    return fields(headers);
  }
};

TEST_F(RouteEditsTest, RewritesPathsAndHosts) {
  const PathMatch api{.text = "/api"};
  EXPECT_EQ(request("/api/x?q", {.rewrite = std::string("/v2")}, api),
            ":path=/v2/x?q x-envoy-original-path=/api/x?q ");
  EXPECT_EQ(request("/api", {.rewrite = std::string("/")}, {.kind = Kind::Path, .text = "/api"}),
            ":path=/ x-envoy-original-path=/api ");
  EXPECT_EQ(request("/a/7/b/8?7", {.rewrite = config::RegexRewrite{"([0-9])", "<\\1>"}},
                    {.kind = Kind::Regex, .text = "/a/.*"}),
            ":path=/a/<7>/b/<8>?7 x-envoy-original-path=/a/7/b/8?7 ");
  EXPECT_EQ(request("/api", {.host_rewrite = "other"}, api),
            ":authority=other :path=/api x-envoy-original-host=h ");
  EXPECT_EQ(request("/api", {.host_rewrite_header = "x-host"}, api),
            ":authority=named :path=/api x-envoy-original-host=h ");
  EXPECT_EQ(request("/api", {.host_rewrite_header = "x-missing"}, api), ":path=/api ");
}

TEST_F(RouteEditsTest, EditsTheMostSpecificFirst) {
  const auto set = [](std::string value) {
    return config::HeaderEdits{.add = {{.name = "x",
                                        .value = std::move(value),
                                        .action = config::HeaderEdit::Action::Overwrite}}};
  };
  config::Route route{
      .match = {.path = {.text = "/"}},
      .action = Forward{.clusters = {{.name = "c", .edits = {.request = set("c")}}}},
      .edits = {.request = set("route")}};
  host({"*"}, std::vector{route});
  hosts()[0].edits.request = set("host");
  configuration.edits.request = set("all");
  const auto result = [&] {
    HeaderList headers{{":path", "/"}};
    const RouteTable routes = table();
    const RouteChoice choice = routes.choose(headers, 0);
    choice.route->finish_request(headers, *choice.cluster);
    return std::string(headers.find("x").value_or(""));
  };
  EXPECT_EQ(result(), "all");
  configuration.most_specific_edits_last = true;
  EXPECT_EQ(result(), "c");
}

TEST_F(RouteEditsTest, EditsAsEachActionSays) {
  using Action = config::HeaderEdit::Action;
  const auto edited = [](std::string_view before, Action action) {
    HeaderList headers;
    EXPECT_TRUE(before.empty() || headers.add("x", before));
    edit(headers, {.add = {{.name = "x", .value = "new", .action = action}}});
    return fields(headers);
  };
  EXPECT_EQ(edited("old", Action::Append), "x=old x=new ");
  EXPECT_EQ(edited("old", Action::AddIfAbsent), "x=old ");
  EXPECT_EQ(edited("", Action::AddIfAbsent), "x=new ");
  EXPECT_EQ(edited("old", Action::Overwrite), "x=new ");
  EXPECT_EQ(edited("", Action::Overwrite), "x=new ");
  EXPECT_EQ(edited("old", Action::OverwriteIfPresent), "x=new ");
  EXPECT_EQ(edited("", Action::OverwriteIfPresent), "");
  HeaderList headers{{"x", "1"}, {"y", "2"}};
  edit(headers, {.remove = {"x"}});
  EXPECT_EQ(fields(headers), "y=2 ");
}

TEST_F(RouteEditsTest, RedirectsToWhatIsNamed) {
  const auto location = [&](const config::Redirect& redirect, std::string_view authority = "h:80",
                            std::string_view path = "/old/x?q") {
    hosts().clear();
    host({"*"},
         std::vector{config::Route{.match = {.path = {.text = "/old"}}, .action = redirect}});
    const RouteTable routes = table();
    const HeaderList request{{":scheme", "http"}, {":authority", authority}, {":path", path}};
    return routes.choose(request, 0).route->location(request);
  };
  EXPECT_EQ(location({.host = "new"}), "http://new/old/x?q");
  EXPECT_EQ(location({.scheme = "https"}), "https://h/old/x?q");
  EXPECT_EQ(location({.scheme = "https"}, "h:8080"), "https://h:8080/old/x?q");
  EXPECT_EQ(location({.scheme = "https"}, "[::1]"), "https://[::1]/old/x?q");
  EXPECT_EQ(location({.port = 81}, "h:8080"), "http://h:81/old/x?q");
  EXPECT_EQ(location({.path = "/new"}), "http://h:80/new?q");
  EXPECT_EQ(location({.path = "/new?own", .strip_query = true}), "http://h:80/new?own");
  EXPECT_EQ(location({.rewrite = std::string("/new"), .strip_query = true}), "http://h:80/new/x");
  EXPECT_EQ(location({.rewrite = config::RegexRewrite{"old", "o"}}), "http://h:80/o/x?q");
}

}  // namespace
}  // namespace weir::serve
