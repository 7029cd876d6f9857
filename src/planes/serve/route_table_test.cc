#include "planes/serve/route_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::serve {
namespace {

using config::Route;
using ::testing::HasSubstr;

class RouteTableTest : public ::testing::Test {
 protected:
  void host(std::vector<std::string> domains, const std::string& cluster) {
    host(std::move(domains), {{Route::Match::Prefix, "/", cluster}});
  }
  void host(std::vector<std::string> domains, std::vector<Route> routes) {
    for (const Route& route : routes) settings.clusters.push_back({.name = route.cluster});
    listener.virtual_hosts.push_back({.name = "host" + std::to_string(next_++),
                                      .domains = std::move(domains),
                                      .routes = std::move(routes)});
  }
  std::string cluster_for(std::string_view authority, std::string_view path = "/") {
    const RouteTable table = RouteTable::make(listener, settings).value();
    const RouteTarget* target = table.find(authority, path);
    return target == nullptr ? "none" : target->cluster_name;
  }

  config::Listener listener{.name = "main"};
  config::ServeSettings settings;

 private:
  int next_ = 0;
};

TEST_F(RouteTableTest, TakesTheFirstRouteThatMatches) {
  host({"*"}, {{Route::Match::Path, "/exact", "exact"},
               {Route::Match::Prefix, "/api", "api"},
               {Route::Match::Prefix, "/", "rest"}});
  EXPECT_EQ(cluster_for("a", "/exact"), "exact");
  EXPECT_EQ(cluster_for("a", "/exact?x=1"), "exact");
  EXPECT_EQ(cluster_for("a", "/exactly"), "rest");
  EXPECT_EQ(cluster_for("a", "/api/v1"), "api");
  EXPECT_EQ(cluster_for("a", "*"), "none");
}

TEST_F(RouteTableTest, PrefersTheMostExactDomain) {
  host({"*"}, "any");
  host({"*.example.com"}, "suffix");
  host({"*.a.example.com"}, "longer suffix");
  host({"www.*"}, "prefix");
  host({"www.example.com"}, "exact");
  EXPECT_EQ(cluster_for("www.example.com"), "exact");
  EXPECT_EQ(cluster_for("WWW.Example.com:8080"), "exact");
  EXPECT_EQ(cluster_for("b.example.com"), "suffix");
  EXPECT_EQ(cluster_for("b.a.example.com:1"), "longer suffix");
  EXPECT_EQ(cluster_for("www.else.org"), "prefix");
  EXPECT_EQ(cluster_for("example.com"), "any");
  EXPECT_EQ(cluster_for("[::1]:80"), "any");
}

TEST_F(RouteTableTest, FindsNothingForUnknownHosts) {
  host({"known"}, "known");
  EXPECT_EQ(cluster_for("unknown"), "none");
}

TEST_F(RouteTableTest, NamesAnUnknownCluster) {
  host({"*"}, "there");
  listener.virtual_hosts[0].routes[0].cluster = "missing";
  const auto table = RouteTable::make(listener, settings);
  ASSERT_FALSE(table.ok());
  EXPECT_THAT(table.error().message,
              HasSubstr("listener 'main': virtual host 'host0': unknown cluster 'missing'"));
}

TEST_F(RouteTableTest, RefusesADomainTwice) {
  host({"a.example"}, "one");
  host({"a.example"}, "two");
  const auto table = RouteTable::make(listener, settings);
  ASSERT_FALSE(table.ok());
  EXPECT_THAT(table.error().message, HasSubstr("another one has the domain 'a.example'"));
}

}  // namespace
}  // namespace weir::serve
