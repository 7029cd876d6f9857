#include "fetch/route.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/server_fakes.h"

namespace weir::fetch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

// Answers "/N" with a redirect to what is said for it, and all else with the URL that was asked.
class FakeRoute final : public Route {
 public:
  std::map<std::string, std::string> redirects;
  mutable std::vector<std::string> urls;

  Fetched<HttpResponse> send(const HttpRequest& request,
                             const std::stop_token& /*stop*/) const override {
    EXPECT_FALSE(request.follow_redirects);
    urls.push_back(request.url);
    const auto found = redirects.find(request.url);
    if (found == redirects.end()) return HttpResponse{.status = 200, .body = "by route"};
    return HttpResponse{.status = 302, .redirect = found->second};
  }
};

class RouteTest : public ::testing::Test {
 protected:
  Fetched<HttpResponse> send(const std::string& url, bool follow = true) {
    return send_by(
        route,
        {.url = url, .timeout = Milliseconds(5000), .max_bytes = 100, .follow_redirects = follow},
        http, {});
  }

  FakeServer server{[](const FakeRequest&) { return FakeResponse{.body = "by name"}; }};
  FakeRoute route;
  HttpClient http{{}};
};

TEST_F(RouteTest, RedirectsToTheSameServerStayOnIt) {
  route.redirects = {{"http://a/1", "http://a/2"}, {"http://a/2", "http://a/3"}};
  const auto response = send("http://a/1");
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().body, "by route");
  EXPECT_THAT(route.urls, ElementsAre("http://a/1", "http://a/2", "http://a/3"));
}

TEST_F(RouteTest, RedirectsToOthersLeaveIt) {
  route.redirects = {{"http://a/1", server.url("/2")}};
  const auto response = send("http://a/1");
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().body, "by name");
}

TEST_F(RouteTest, RedirectsAreFollowedWhereThatIsWanted) {
  route.redirects = {{"http://a/1", "http://a/2"}};
  const auto response = send("http://a/1", false);
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().redirect, "http://a/2");
}

TEST_F(RouteTest, NoRedirectLeadsFromHttpsToHttp) {
  route.redirects = {{"https://a/1", "http://a/1"}};
  const auto response = send("https://a/1");
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().error.message,
              HasSubstr("a redirect leads from https to http://a/1"));
}

TEST_F(RouteTest, RedirectsEnd) {
  route.redirects = {{"http://a/1", "http://a/1"}};
  const auto response = send("http://a/1");
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().error.message, EndsWith("more than 5 redirects"));
  EXPECT_EQ(route.urls.size(), 6u);
}

}  // namespace
}  // namespace weir::fetch::test
