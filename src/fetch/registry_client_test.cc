#include "fetch/registry_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fetch/layer_fakes.h"
#include "fetch/server_fakes.h"

namespace weir::fetch {
namespace {

using test::FakeRequest;
using test::FakeResponse;
using test::FakeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string digest_of(std::string_view bytes) {
  return "sha256:" + to_hex(sha256({as_bytes(bytes)}));
}

// A registry with one image, as its files are.
class RegistryClientTest : public ::testing::Test {
 protected:
  RegistryClientTest() {
    blob = "code";
    manifest = R"({"layers": [{"mediaType": "application/wasm", "size": 4, "digest": ")" +
               digest_of("code") + R"("}]})";
  }

  Source source(const std::string& version) const {
    return {.uri = "oci://" + server.host() + "/team/p" + version,
            .sha256 = sha256({as_bytes("code")}),
            .plain_http = true,
            .pull_secret = secret};
  }
  Fetched<std::string> fetch(const Source& from) {
    HttpClient http({});
    return RegistryClient(from, http).fetch_code();
  }
  std::string error(const Source& from) {
    auto code = fetch(from);
    return code.ok() ? "" : code.error().error.message;
  }
  std::string secret_for(const std::string& registry, const std::string& entry) {
    return R"({"auths": {")" + registry + R"(": )" + entry + "}}";
  }

  FakeResponse serve(const FakeRequest& asked) const {
    if (asked.target == "/v2/team/p/manifests/v1" ||
        asked.target == "/v2/team/p/manifests/" + digest_of(manifest)) {
      return {.body = manifest};
    }
    if (asked.target == "/v2/team/p/blobs/" + digest_of("code")) return {.body = blob};
    return {.status = 404};
  }

  std::string manifest;
  std::string blob;
  std::string secret;
  std::function<FakeResponse(const FakeRequest&)> respond = [this](const FakeRequest& asked) {
    return serve(asked);
  };
  FakeServer server{[this](const FakeRequest& asked) { return respond(asked); }};
};

TEST_F(RegistryClientTest, FetchesByTagAndByDigest) {
  EXPECT_EQ(fetch(source(":v1")).value(), "code");
  Source by_digest = source("@" + digest_of(manifest));
  EXPECT_EQ(fetch(by_digest).value(), "code");
  by_digest.sha256 = sha256({as_bytes(manifest)});
  EXPECT_EQ(fetch(by_digest).value(), "code");
  EXPECT_THAT(server.requests()[0].headers.at("accept"),
              HasSubstr("application/vnd.oci.image.manifest.v1+json"));
}

TEST_F(RegistryClientTest, UsesNothingThatIsNotWhatItsDigestSays) {
  const std::string right = manifest;
  const Source by_digest = source("@" + digest_of(right));
  blob = "evil";
  EXPECT_THAT(error(source(":v1")), HasSubstr("the sha256 of the layer is "));
  // Another hash in the configuration would not help.
  EXPECT_NE(fetch(source(":v1")).error().error.code, ErrorCode::BadModule);
  blob = "code";
  manifest += " ";
  respond = [&](const FakeRequest& asked) {
    return asked.target.find("manifests") != std::string::npos ? FakeResponse{.body = manifest}
                                                               : serve(asked);
  };
  EXPECT_THAT(error(by_digest), HasSubstr("the sha256 of the manifest is "));
  Source other = source(":v1");
  other.sha256 = {};
  EXPECT_THAT(error(other), HasSubstr("the sha256 of the code, as that of the manifest, is "));
}

TEST_F(RegistryClientTest, BoundsWhatItReads) {
  Source small = source(":v1");
  small.max_bytes = 3;
  EXPECT_THAT(error(small), HasSubstr("the layer is larger than 3 bytes"));
  blob = "code and more";
  EXPECT_THAT(error(source(":v1")),
              HasSubstr("the layer is larger than the 4 bytes that the manifest says; push"));
  // It is asked for with TLS first, which is not what is wrong here.
  respond = [](const FakeRequest&) { return FakeResponse{.body = std::string(5 << 20, ' ')}; };
  Source tried = source(":v1");
  tried.plain_http = false;
  tried.timeout = Milliseconds(300);
  EXPECT_THAT(error(tried), HasSubstr("the manifest is larger than 4194304 bytes; push"));
}

TEST_F(RegistryClientTest, FollowsABlobElsewhereWithoutItsCredentials) {
  const FakeServer storage([](const FakeRequest&) { return FakeResponse{.body = "code"}; });
  secret = secret_for(server.host(), R"({"username": "u", "password": "p"})");
  respond = [&](const FakeRequest& asked) {
    if (!asked.headers.contains("authorization")) {
      return FakeResponse{.status = 401, .headers = {"WWW-Authenticate: Basic realm=\"r\""}};
    }
    if (asked.target.find("/blobs/") == std::string::npos) return serve(asked);
    return FakeResponse{.status = 307, .headers = {"Location: " + storage.url("/there")}};
  };
  EXPECT_EQ(fetch(source(":v1")).value(), "code");
  EXPECT_EQ(server.requests().back().headers.at("authorization"), "Basic dTpw");
  ASSERT_EQ(storage.requests().size(), 1u);
  EXPECT_FALSE(storage.requests()[0].headers.contains("authorization"));
}

TEST_F(RegistryClientTest, GetsATokenForWhatItPulls) {
  FakeRequest asked_for_token;
  const FakeServer tokens([&](const FakeRequest& asked) {
    asked_for_token = asked;
    return FakeResponse{.body = R"({"access_token": "abc"})"};
  });
  respond = [&](const FakeRequest& asked) {
    const auto found = asked.headers.find("authorization");
    if (found != asked.headers.end() && found->second == "Bearer abc") return serve(asked);
    return FakeResponse{
        .status = 401,
        .headers = {"WWW-Authenticate: Bearer realm=\"" + tokens.url("/t") + "\",service=\"s\""}};
  };
  EXPECT_EQ(fetch(source(":v1")).value(), "code");
  EXPECT_EQ(asked_for_token.target, "/t?service=s&scope=repository%3Ateam%2Fp%3Apull");
  secret = secret_for(server.host(), R"({"identitytoken": "id+t"})");
  EXPECT_EQ(fetch(source(":v1")).value(), "code");
  EXPECT_EQ(asked_for_token.method, "POST");
  EXPECT_THAT(asked_for_token.body,
              AllOf(HasSubstr("grant_type=refresh_token"), HasSubstr("refresh_token=id%2Bt")));
}

TEST_F(RegistryClientTest, SaysWhyItIsNotLetIn) {
  respond = [](const FakeRequest&) {
    return FakeResponse{.status = 401, .headers = {"WWW-Authenticate: Basic realm=\"r\""}};
  };
  EXPECT_THAT(error(source(":v1")),
              HasSubstr("it needs a pull secret, and there is none for it; give one by "
                        "fetch.pull_secret of weir.v1.PluginOptions"));
  secret = secret_for("elsewhere", R"({"username": "u", "password": "hidden"})");
  EXPECT_THAT(error(source(":v1")),
              HasSubstr("the pull secret has no entry for " + server.host() + "; add one"));
  secret = secret_for(server.host(), "{}");
  EXPECT_THAT(error(source(":v1")),
              HasSubstr("entry for " + server.host() + " has no 'auth', as where a credsStore"));
  secret = secret_for(server.host(), R"({"username": "u", "password": "hidden"})");
  EXPECT_THAT(error(source(":v1")),
              AllOf(HasSubstr("the pull secret does not open it"), Not(HasSubstr("hidden"))));
  respond = [](const FakeRequest&) {
    return FakeResponse{.status = 401, .headers = {"WWW-Authenticate: Negotiate"}};
  };
  EXPECT_THAT(error(source(":v1")), HasSubstr("other than Basic or Bearer"));
  respond = [](const FakeRequest&) {
    return FakeResponse{.status = 401, .headers = {"WWW-Authenticate: Bearer realm=\"file:///x\""}};
  };
  EXPECT_THAT(error(source(":v1")), HasSubstr("which is no https:// uri"));
}

TEST_F(RegistryClientTest, TriesAgainWhatMayPassAlone) {
  respond = [](const FakeRequest&) { return FakeResponse{.status = 503}; };
  EXPECT_EQ(fetch(source(":v1")).error().kind, Failure::Kind::Passing);
  respond = [](const FakeRequest&) { return FakeResponse{.status = 404}; };
  EXPECT_EQ(fetch(source(":v1")).error().kind, Failure::Kind::Passing);
  respond = [](const FakeRequest&) { return FakeResponse{.body = "[]"}; };
  EXPECT_EQ(fetch(source(":v1")).error().kind, Failure::Kind::Final);
}

}  // namespace
}  // namespace weir::fetch
