#include "fetch/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "fetch/server_fakes.h"

namespace weir::fetch {
namespace {

using test::FakeRequest;
using test::FakeResponse;
using test::FakeServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HttpClientTest : public ::testing::Test {
 protected:
  Fetched<HttpResponse> get(const std::string& url) {
    request.url = url;
    return client.send(request);
  }

  // The reason why there is no answer, and of which kind it is.
  Failure failure(const std::string& url) {
    auto response = get(url);
    EXPECT_FALSE(response.ok());
    return response.ok() ? Failure{} : response.error();
  }

  HttpRequest request{.max_bytes = 100};
  HttpClient client{{}};
};

TEST_F(HttpClientTest, GetsAnAnswer) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.status = 404,
                        .headers = {"content-type: text/plain", "WWW-Authenticate: Basic a=b",
                                    "www-authenticate: Bearer c=d"},
                        .body = "body"};
  });
  request.headers = {"x-one: 1", "x-two: 2"};
  const auto response = get(server.url("/path?query"));
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().status, 404);
  EXPECT_EQ(response.value().body, "body");
  EXPECT_EQ(response.value().content_type, "text/plain");
  EXPECT_THAT(response.value().challenges, ElementsAre("Basic a=b", "Bearer c=d"));
  const FakeRequest seen = server.requests().at(0);
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/path?query");
  EXPECT_EQ(seen.headers.at("x-two"), "2");
}

TEST_F(HttpClientTest, PostsAForm) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{}; });
  request.form = "a=b&c=d";
  ASSERT_TRUE(get(server.url("/")).ok());
  EXPECT_EQ(server.requests().at(0).method, "POST");
  EXPECT_EQ(server.requests().at(0).body, "a=b&c=d");
}

TEST_F(HttpClientTest, FollowsRedirectsOnlyWhereAllowed) {
  const FakeServer server([](const FakeRequest& asked) {
    if (asked.target == "/there") return FakeResponse{.body = "found"};
    return FakeResponse{.status = 302, .headers = {"location: /there"}};
  });
  const auto refused = get(server.url("/here"));
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused.value().status, 302);
  EXPECT_EQ(refused.value().redirect, server.url("/there"));
  request.follow_redirects = true;
  const auto followed = get(server.url("/here"));
  ASSERT_TRUE(followed.ok());
  EXPECT_EQ(followed.value().body, "found");
}

TEST_F(HttpClientTest, FollowsNoRedirectToAnotherProtocol) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.status = 302, .headers = {"location: file:///etc/passwd"}};
  });
  request.follow_redirects = true;
  EXPECT_EQ(failure(server.url("/")).kind, Failure::Kind::Final);
}

TEST_F(HttpClientTest, EndsARingOfRedirects) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.status = 302, .headers = {"location: /again"}};
  });
  request.follow_redirects = true;
  EXPECT_EQ(failure(server.url("/")).kind, Failure::Kind::Final);
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST_F(HttpClientTest, KeepsCredentialsFromOtherHosts) {
  const FakeServer other([](const FakeRequest&) { return FakeResponse{.body = "found"}; });
  const FakeServer server([&](const FakeRequest&) {
    return FakeResponse{.status = 307, .headers = {"location: " + other.url("/")}};
  });
  request.headers = {"authorization: Bearer secret"};
  request.follow_redirects = true;
  ASSERT_TRUE(get(server.url("/")).ok());
  EXPECT_TRUE(server.requests().at(0).headers.contains("authorization"));
  EXPECT_FALSE(other.requests().at(0).headers.contains("authorization"));
}

TEST_F(HttpClientTest, RefusesAnAnswerThatIsTooLarge) {
  const FakeServer server([](const FakeRequest& asked) {
    return FakeResponse{.body = std::string(asked.target == "/full" ? 100 : 101, 'x')};
  });
  EXPECT_TRUE(get(server.url("/full")).ok());
  const Failure announced = failure(server.url("/over"));
  EXPECT_THAT(announced.error.message, HasSubstr("larger than 100 bytes"));
  EXPECT_EQ(announced.kind, Failure::Kind::Final);
}

TEST_F(HttpClientTest, RefusesATooLargeAnswerOfUnknownLength) {
  const FakeServer server([](const FakeRequest&) {
    // Two chunks of 64 bytes; the length that the server adds does not count beside them.
    const std::string chunk = "40\r\n" + std::string(64, 'x') + "\r\n";
    return FakeResponse{.headers = {"transfer-encoding: chunked"},
                        .body = chunk + chunk + "0\r\n\r\n"};
  });
  EXPECT_THAT(failure(server.url("/")).error.message, HasSubstr("larger than 100 bytes"));
}

TEST_F(HttpClientTest, TakesABoundThatNoAnswerReaches) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.body = "body"}; });
  for (const uint64_t bound : {uint64_t{1} << 63, std::numeric_limits<uint64_t>::max()}) {
    request.max_bytes = bound;
    const auto response = get(server.url("/"));
    ASSERT_TRUE(response.ok());
    EXPECT_EQ(response.value().body, "body");
  }
}

TEST_F(HttpClientTest, TellsWhatMayPass) {
  std::string gone;
  {
    const FakeServer server([](const FakeRequest&) { return FakeResponse{}; });
    gone = server.url("/");
  }
  EXPECT_EQ(failure(gone).kind, Failure::Kind::Passing);
  const FakeServer cutting(
      [](const FakeRequest&) { return FakeResponse{.body = "half", .missing_bytes = 4}; });
  EXPECT_EQ(failure(cutting.url("/")).kind, Failure::Kind::Passing);
  EXPECT_EQ(failure("ftp://127.0.0.1/").kind, Failure::Kind::Final);
  EXPECT_EQ(failure("http://").kind, Failure::Kind::Final);
}

// libcurl calls that "Out of memory".
TEST_F(HttpClientTest, TellsOfAHeaderThatIsTooLong) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.headers = {"x: " + std::string(200'000, 'x')}, .body = "body"};
  });
  EXPECT_THAT(failure(server.url("/")).error.message,
              HasSubstr("of the answer's head is too long; see"));
}

TEST_F(HttpClientTest, NamesTheUrlWithoutItsQuery) {
  EXPECT_THAT(failure("ftp://host/a?token=secret").error.message,
              ::testing::AllOf(HasSubstr("ftp://host/a: "), Not(HasSubstr("secret"))));
}

TEST(ExpectOkTest, TellsWhatMayPass) {
  EXPECT_TRUE(expect_ok("http://host/", {.status = 200}).ok());
  for (const long status : {204, 401, 404, 429, 500, 503}) {
    const auto ok = expect_ok("http://host/", {.status = status});
    EXPECT_EQ(ok.error().kind, Failure::Kind::Passing) << status;
  }
  const auto elsewhere = expect_ok("http://host/", {.status = 302, .redirect = "http://there/"});
  EXPECT_EQ(elsewhere.error().kind, Failure::Kind::Final);
}

}  // namespace
}  // namespace weir::fetch
