#include "planes/serve/cluster_route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "config/bootstrap.h"
#include "config/tls.h"
#include "fetch/route.h"
#include "fetch/server_fakes.h"

namespace weir::serve::test {
namespace {

using fetch::Failure;
using fetch::HttpRequest;
using fetch::test::FakeRequest;
using fetch::test::FakeResponse;
using fetch::test::FakeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::shared_ptr<const config::Cluster> cluster_at(std::vector<uint16_t> ports) {
  config::Cluster cluster{.name = "code"};
  for (const uint16_t port : ports) cluster.endpoints.push_back({"127.0.0.1", port});
  return std::make_shared<const config::Cluster>(std::move(cluster));
}

// One at which nobody listens.
uint16_t dead_port() {
  return FakeServer([](const FakeRequest&) { return FakeResponse{}; }).port();
}

class ClusterRouteTest : public ::testing::Test {
 protected:
  std::shared_ptr<const fetch::Route> route_to(std::vector<uint16_t> ports) {
    return find(cluster_at(std::move(ports))).value();
  }

  HttpRequest request{
      .url = "http://code.invalid/a.wasm?b=c", .timeout = Milliseconds(5000), .max_bytes = 1000};
  planes::CodeSupply::FindRoute find = cluster_routes("");
};

TEST_F(ClusterRouteTest, AsksItsEndpointForWhatTheUrlSays) {
  const FakeServer server([](const FakeRequest& asked) {
    EXPECT_EQ(asked.method, "GET");
    EXPECT_EQ(asked.headers.at("host"), "code.invalid");
    EXPECT_FALSE(asked.headers.contains("authorization"));
    return FakeResponse{.body = "of " + asked.target};
  });
  const auto response = route_to({server.port()})->send(request, {});
  ASSERT_TRUE(response.ok()) << response.error().error.message;
  EXPECT_EQ(response.value().status, 200);
  EXPECT_EQ(response.value().body, "of /a.wasm?b=c");
}

TEST_F(ClusterRouteTest, GivesThePasswordOfTheUrl) {
  const FakeServer server([](const FakeRequest& asked) {
    return FakeResponse{.body = asked.headers.at("authorization")};
  });
  request.url = "http://u:p@code.invalid/";
  EXPECT_EQ(route_to({server.port()})->send(request, {}).value().body, "Basic dTpw");
}

TEST_F(ClusterRouteTest, TellsWhereRedirectsLead) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.status = 302, .headers = {"location: /other"}};
  });
  EXPECT_EQ(route_to({server.port()})->send(request, {}).value().redirect,
            "http://code.invalid/other");
}

TEST_F(ClusterRouteTest, EachTryAsksOneOfItsEndpoints) {
  const auto answer = [](const FakeRequest&) { return FakeResponse{}; };
  const FakeServer one(answer);
  const FakeServer other(answer);
  const auto route = route_to({one.port(), other.port()});
  for (int i = 0; i < 64; ++i) EXPECT_TRUE(route->send(request, {}).ok());
  EXPECT_GT(one.requests().size(), 0u);
  EXPECT_GT(other.requests().size(), 0u);
  EXPECT_EQ(one.requests().size() + other.requests().size(), 64u);
}

TEST_F(ClusterRouteTest, AnEndpointThatRefusesIsPassedOver) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{}; });
  const uint16_t dead = dead_port();
  EXPECT_TRUE(route_to({dead, server.port()})->send(request, {}).ok());
  const auto none = route_to({dead})->send(request, {});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().kind, Failure::Kind::Passing);
  EXPECT_THAT(none.error().error.message,
              StartsWith("http://code.invalid/a.wasm: cluster 'code': connect to 127.0.0.1:" +
                         std::to_string(dead)));
}

TEST_F(ClusterRouteTest, TakesNoMoreThanItMay) {
  const FakeServer server(
      [](const FakeRequest&) { return FakeResponse{.body = std::string(1001, 'x')}; });
  const auto response = route_to({server.port()})->send(request, {});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().error.code, ErrorCode::LimitExceeded);
  EXPECT_EQ(response.error().kind, Failure::Kind::Final);
}

TEST_F(ClusterRouteTest, ABrokenAnswerIsNone) {
  const FakeServer server(
      [](const FakeRequest&) { return FakeResponse{.body = "half", .missing_bytes = 4}; });
  const auto response = route_to({server.port()})->send(request, {});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().kind, Failure::Kind::Passing);
}

TEST_F(ClusterRouteTest, EndsByTimeAndByStop) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer server([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{};
  });
  const auto route = route_to({server.port()});
  request.timeout = Milliseconds(50);
  EXPECT_THAT(route->send(request, {}).error().error.message, HasSubstr("timed out after 50 ms"));

  request.timeout = Milliseconds(60'000);
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(Milliseconds(50));
    stop.request_stop();
  });
  const auto response = route->send(request, stop.get_token());
  EXPECT_THAT(response.error().error.message, HasSubstr("broken off"));
  EXPECT_EQ(response.error().kind, Failure::Kind::Final);
  gate.set_value();
}

TEST_F(ClusterRouteTest, SaysThatTheUrlIsNone) {
  request.url = "http://code.invalid:70000/";
  const auto response = route_to({1})->send(request, {});
  EXPECT_EQ(response.error().kind, Failure::Kind::Final);
  EXPECT_THAT(response.error().error.message, HasSubstr("a part that no URL may have"));
}

TEST_F(ClusterRouteTest, OneClusterHasOneRoute) {
  const auto cluster = cluster_at({1});
  const auto route = find(cluster).value();
  EXPECT_EQ(find(cluster).value(), route);
  EXPECT_NE(find(cluster_at({1})).value(), route);
}

TEST_F(ClusterRouteTest, NamesWhatItsTlsLacks) {
  config::Cluster cluster{.name = "code", .endpoints = {{"127.0.0.1", 1}}, .tls = config::Tls{}};
  cluster.tls->validation = {.trusted_ca = config::LocalFile{"nowhere.pem"}};
  const auto route = find(std::make_shared<const config::Cluster>(std::move(cluster)));
  ASSERT_FALSE(route.ok());
  EXPECT_THAT(route.error().message, AllOf(HasSubstr("trusted_ca"), HasSubstr("nowhere.pem")));
}

}  // namespace
}  // namespace weir::serve::test
