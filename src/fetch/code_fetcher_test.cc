#include "fetch/code_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "base/log_fakes.h"
#include "fetch/server_fakes.h"

namespace weir::fetch {
namespace {

using test::FakeRequest;
using test::FakeResponse;
using test::FakeServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using weir::test::RecordingLogger;

class CodeFetcherTest : public ::testing::Test {
 protected:
  ~CodeFetcherTest() override { std::filesystem::remove_all(folder_); }

  static Source source(const std::string& url, std::string_view code = "code") {
    return {.uri = url,
            .sha256 = sha256({as_bytes(code)}),
            .retries = 0,
            .retry_base = Milliseconds(1)};
  }

  std::string error(const Source& from) {
    auto code = fetcher.wait_for(from);
    EXPECT_FALSE(code.ok());
    return code.ok() ? "" : code.error().message;
  }

  static FakeResponse answer(const FakeRequest&) { return {.body = "code"}; }

 private:
  static std::filesystem::path make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-fetch-XXXXXX").string();
    WEIR_CHECK(mkdtemp(name.data()) != nullptr);
    return name;
  }
  std::filesystem::path folder_ = make_folder();

 protected:
  RecordingLogger logger;
  FileCache cache{
      {.folder = folder_, .suffix = ".wasm", .name = "fetched code", .max_bytes = 1 << 20}, logger};
  CodeFetcher fetcher{{.cache = &cache, .logger = logger}};
};

TEST_F(CodeFetcherTest, FetchesOnceAndKeeps) {
  const FakeServer server(answer);
  for (int i = 0; i < 3; ++i) {
    const auto code = fetcher.wait_for(source(server.url("/a.wasm")));
    ASSERT_TRUE(code.ok());
    EXPECT_EQ(code.value(), "code");
  }
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CodeFetcherTest, NeedsNoCache) {
  const FakeServer server(answer);
  CodeFetcher without({.cache = nullptr, .logger = logger});
  EXPECT_TRUE(without.wait_for(source(server.url("/"))).ok());
  EXPECT_TRUE(without.wait_for(source(server.url("/"))).ok());
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST_F(CodeFetcherTest, FindsWhatAnotherProcessFetched) {
  cache.store(sha256({as_bytes("code")}), as_bytes("code"));
  EXPECT_TRUE(fetcher.wait_for(source("http://127.0.0.1:1/")).ok());
}

TEST_F(CodeFetcherTest, UsesNothingOfAnotherHashThatLiesInTheCache) {
  const FakeServer server(answer);
  const Source from = source(server.url("/"));
  cache.store(from.sha256, as_bytes("forged"));
  EXPECT_FALSE(fetcher.find(from).has_value());
  EXPECT_EQ(fetcher.wait_for(from).value(), "code");
  EXPECT_EQ(fetcher.find(from), "code");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CodeFetcherTest, UsesNothingOfAnotherHash) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.body = "other"}; });
  EXPECT_THAT(
      error(source(server.url("/a.wasm"))),
      AllOf(HasSubstr("the sha256 of what is there is " + to_hex(sha256({as_bytes("other")}))),
            HasSubstr("not " + to_hex(sha256({as_bytes("code")})))));
  EXPECT_EQ(cache.find(sha256({as_bytes("other")})), std::nullopt);
}

TEST_F(CodeFetcherTest, TriesAgainWhatMayPass) {
  std::atomic<int> asked = 0;
  const FakeServer server([&](const FakeRequest&) {
    return ++asked < 3 ? FakeResponse{.status = 503} : FakeResponse{.body = "code"};
  });
  Source twice = source(server.url("/"));
  twice.retries = 1;
  EXPECT_THAT(error(twice), HasSubstr("status 503, after 2 tries"));
  EXPECT_TRUE(fetcher.wait_for(twice).ok());
  EXPECT_EQ(asked, 3);
}

TEST_F(CodeFetcherTest, GivesUpOnWhatIsWrong) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.status = 404}; });
  Source often = source(server.url("/a.wasm?key=secret"));
  often.retries = 5;
  EXPECT_EQ(error(often), server.url("/a.wasm") + ": the server answers with status 404");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CodeFetcherTest, FollowsRedirectsOnlyWhereAllowed) {
  const FakeServer server([](const FakeRequest& asked) {
    if (asked.target == "/there") return FakeResponse{.body = "code"};
    return FakeResponse{.status = 302, .headers = {"location: /there"}};
  });
  Source from = source(server.url("/here"));
  EXPECT_THAT(error(from), HasSubstr("a redirect to " + server.url("/there")));
  from.follow_redirects = true;
  EXPECT_TRUE(fetcher.wait_for(from).ok());
}

TEST_F(CodeFetcherTest, RefusesCodeThatIsTooLarge) {
  const FakeServer server(answer);
  Source from = source(server.url("/"));
  from.max_bytes = 3;
  EXPECT_THAT(error(from), HasSubstr("larger than 3 bytes"));
}

TEST_F(CodeFetcherTest, RefusesOtherProtocols) {
  const auto code = fetcher.wait_for(source("file:///etc/passwd"));
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, ErrorCode::BadConfig);
}

TEST_F(CodeFetcherTest, JoinsThoseWhoWantTheSame) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer server([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{.body = "code"};
  });
  std::vector<std::promise<bool>> fetched(20);
  for (size_t i = 0; i < fetched.size(); ++i) {
    // Other addresses of the same hash are joined too.
    const std::string path = i % 2 == 0 ? "/a.wasm" : "/b.wasm";
    fetcher.fetch(source(server.url(path)), [&fetched, i](const Result<std::string>& code) {
      fetched[i].set_value(code.ok() && code.value() == "code");
    });
  }
  gate.set_value();
  for (auto& each : fetched) EXPECT_TRUE(each.get_future().get());
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CodeFetcherTest, FetchesOthersWhileAServerHangs) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer hanging([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{.body = "slow"};
  });
  const FakeServer server(answer);
  std::promise<void> slow;
  fetcher.fetch(source(hanging.url("/"), "slow"),
                [&](const Result<std::string>&) { slow.set_value(); });
  EXPECT_TRUE(fetcher.wait_for(source(server.url("/"))).ok());
  gate.set_value();
  slow.get_future().get();
}

TEST_F(CodeFetcherTest, FetchesInTheBackgroundForTheNextTry) {
  const FakeServer server(answer);
  const Source from = source(server.url("/a.wasm"));
  const auto missed = fetcher.find_or_start(from);
  ASSERT_FALSE(missed.ok());
  EXPECT_EQ(missed.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missed.error().message,
            server.url("/a.wasm") + ": not in the cache, and being fetched for the next try");
  fetcher.finish();
  const auto found = fetcher.find_or_start(from);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found.value(), "code");
}

TEST_F(CodeFetcherTest, TellsWhyTheLastFetchInTheBackgroundFailed) {
  std::atomic<int> status = 404;
  const FakeServer server(
      [&](const FakeRequest&) { return FakeResponse{.status = status, .body = "code"}; });
  const Source from = source(server.url("/"));
  EXPECT_FALSE(fetcher.find_or_start(from).ok());
  fetcher.finish();
  EXPECT_THAT(fetcher.find_or_start(from).error().message, HasSubstr("status 404"));
  fetcher.finish();
  status = 200;
  EXPECT_FALSE(fetcher.find_or_start(from).ok());
  fetcher.finish();
  EXPECT_TRUE(fetcher.find_or_start(from).ok());
}

TEST_F(CodeFetcherTest, CountsWhatItDoes) {
  std::atomic<int> status = 404;
  const FakeServer server(
      [&](const FakeRequest&) { return FakeResponse{.status = status, .body = "code"}; });
  const Source from = source(server.url("/"));
  EXPECT_FALSE(fetcher.find(from).has_value());
  EXPECT_FALSE(fetcher.wait_for(from).ok());
  status = 200;
  EXPECT_TRUE(fetcher.wait_for(from).ok());
  EXPECT_TRUE(fetcher.find(from).has_value());
  const CodeFetcher::Stats& stats = fetcher.stats();
  EXPECT_EQ(stats.cache_hits, 1u);
  EXPECT_EQ(stats.cache_misses, 3u);
  EXPECT_EQ(stats.cache_negative_hits, 1u);
  EXPECT_EQ(stats.fetch_failures, 1u);
  EXPECT_EQ(stats.fetch_successes, 1u);
  EXPECT_EQ(fetcher.cache_entries(), 1u);
}

TEST_F(CodeFetcherTest, AStopEndsTheWaitingAlone) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer server([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{.body = "code"};
  });
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(fetcher.wait_for(source(server.url("/")), stop.get_token()).ok());
  gate.set_value();
  fetcher.finish();
  EXPECT_TRUE(fetcher.find_or_start(source(server.url("/"))).ok());
}

TEST_F(CodeFetcherTest, TellsThoseWhoWaitThatItEnds) {
  const FakeServer server([&](const FakeRequest&) { return FakeResponse{.status = 503}; });
  std::promise<std::string> told;
  {
    CodeFetcher short_lived({.cache = nullptr, .logger = logger});
    Source from = source(server.url("/"));
    from.retries = 1'000'000;
    from.retry_base = from.retry_max = std::chrono::hours(1);
    short_lived.fetch(
        from, [&](const Result<std::string>& code) { told.set_value(code.error().message); });
  }
  EXPECT_THAT(told.get_future().get(), HasSubstr("broken off"));
}

}  // namespace
}  // namespace weir::fetch
