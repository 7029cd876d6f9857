#include "fetch/code_fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>
#include <utility>

#include "base/log_fakes.h"
#include "fetch/server_fakes.h"

namespace weir::fetch {
namespace {

using test::FakeRequest;
using test::FakeResponse;
using test::FakeServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
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

// Answers when it is told to, and at its end.
class GatedServer {
 public:
  ~GatedServer() { open(); }
  void open() {
    if (!std::exchange(is_open_, true)) gate_.set_value();
  }
  std::string url(const std::string& path) const { return server_.url(path); }
  void wait_until_asked(size_t times) const {
    while (server_.requests().size() < times) std::this_thread::sleep_for(Milliseconds(1));
  }
  size_t asked() const { return server_.requests().size(); }

 private:
  bool is_open_ = false;
  std::promise<void> gate_;
  std::shared_future<void> opened_ = gate_.get_future().share();
  const FakeServer server_{[this](const FakeRequest&) {
    opened_.wait();
    return FakeResponse{.body = "code"};
  }};
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
  ASSERT_TRUE(cache.store(sha256({as_bytes("code")}), as_bytes("code")).ok());
  EXPECT_TRUE(fetcher.wait_for(source("http://127.0.0.1:1/")).ok());
}

TEST_F(CodeFetcherTest, UsesNothingOfAnotherHashThatLiesInTheCache) {
  const FakeServer server(answer);
  const Source from = source(server.url("/"));
  ASSERT_TRUE(cache.store(from.sha256, as_bytes("forged")).ok());
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

// The code may be on its way to the server, as a configuration that names it may be the first to
// come.
TEST_F(CodeFetcherTest, TriesAgainWhereSomethingElseIs) {
  std::atomic<int> asked = 0;
  const FakeServer server([&](const FakeRequest&) {
    const int number = ++asked;
    if (number == 1) return FakeResponse{.status = 404};
    return FakeResponse{.body = number == 2 ? "other" : "code"};
  });
  Source often = source(server.url("/a.wasm"));
  often.retries = 2;
  EXPECT_TRUE(fetcher.wait_for(often).ok());
}

TEST_F(CodeFetcherTest, GivesUpOnWhatIsWrong) {
  const FakeServer server([](const FakeRequest&) {
    return FakeResponse{.status = 302, .headers = {"location: /there"}};
  });
  Source often = source(server.url("/a.wasm?key=secret"));
  often.retries = 5;
  EXPECT_THAT(error(often),
              HasSubstr(server.url("/a.wasm") + ": the server answers with status 302"));
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
    fetcher.fetch(source(server.url("/a.wasm")), [&fetched, i](const Result<std::string>& code) {
      fetched[i].set_value(code.ok() && code.value() == "code");
    });
  }
  gate.set_value();
  for (auto& each : fetched) EXPECT_TRUE(each.get_future().get());
  EXPECT_EQ(server.requests().size(), 1u);
}

// A plugin stayed out whose own uri had failed, with its code in the cache.
TEST_F(CodeFetcherTest, WhatOneSourceBringsIsForAllOfItsHash) {
  const FakeServer server([](const FakeRequest& asked) {
    if (asked.target == "/gone") return FakeResponse{.status = 302, .headers = {"location: /a"}};
    if (asked.target == "/late") return FakeResponse{.status = 503};
    return FakeResponse{.body = "code"};
  });
  Source small = source(server.url("/small"));
  small.max_bytes = 3;
  Source late = source(server.url("/late"));
  late.retries = 9;
  late.retry_base = late.retry_max = std::chrono::hours(1);
  const std::vector<Source> all = {source(server.url("/gone")), small, late,
                                   source(server.url("/code"))};
  CodeFetcher without({.cache = nullptr, .logger = logger, .max_threads = 1});
  for (CodeFetcher* each : {&without, &fetcher}) {
    std::vector<std::promise<std::string>> come(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      each->fetch(all[i], [&come, i](const Result<std::string>& code) {
        come[i].set_value(code.ok() ? code.value() : code.error().message);
      });
    }
    // Whether it is in the cache or not.
    EXPECT_THAT(come[1].get_future().get(), HasSubstr("larger than 3 bytes"));
    for (const size_t i : {0u, 2u, 3u}) EXPECT_EQ(come[i].get_future().get(), "code") << i;
    EXPECT_FALSE(each->is_fetching());
    EXPECT_THAT(each->wait_for(small).error().message, HasSubstr("larger than 3 bytes"));
  }
}

TEST_F(CodeFetcherTest, JoinsThoseWhoWantOneHashInDifferentWays) {
  GatedServer server;
  CodeFetcher patient({.cache = &cache, .logger = logger, .beside = std::chrono::hours(1)});
  std::vector<Source> all(5, source(server.url("/")));
  all[1].timeout += Milliseconds(1);
  all[2].retries += 1;
  all[3].max_bytes += 1;
  all[4].uri += "?x=1";
  std::vector<std::promise<bool>> come(all.size());
  for (size_t i = 0; i < all.size(); ++i) {
    patient.fetch(all[i],
                  [&come, i](const Result<std::string>& code) { come[i].set_value(code.ok()); });
  }
  server.wait_until_asked(1);
  server.open();
  for (auto& one : come) EXPECT_TRUE(one.get_future().get());
  EXPECT_EQ(server.asked(), 1u);
}

TEST_F(CodeFetcherTest, TellsEachItsOwnFailureWhereAllOfAHashFail) {
  const FakeServer server([](const FakeRequest& asked) {
    return FakeResponse{.status = asked.target == "/a" ? 404 : 410};
  });
  std::promise<std::string> a;
  std::promise<std::string> b;
  const auto into = [](std::promise<std::string>& told) {
    return [&told](const Result<std::string>& code) { told.set_value(code.error().message); };
  };
  fetcher.fetch(source(server.url("/a")), into(a));
  fetcher.fetch(source(server.url("/b")), into(b));
  EXPECT_THAT(a.get_future().get(), HasSubstr("/a: the server answers with status 404"));
  EXPECT_THAT(b.get_future().get(), HasSubstr("/b: the server answers with status 410"));
}

// The one that others wait for may be given up.
TEST_F(CodeFetcherTest, TellsOfAFailureWhenNobodyWantsTheOtherSource) {
  const FakeServer server([](const FakeRequest& asked) {
    return FakeResponse{.status = asked.target == "/a" ? 404 : 503};
  });
  Source other = source(server.url("/b"));
  other.retries = 1000;
  std::atomic<int> asked = 0;
  fetcher.fetch(
      other, [](const Result<std::string>&) {}, [&] { return ++asked < 4; });
  EXPECT_THAT(error(source(server.url("/a"))), HasSubstr("status 404"));
  fetcher.finish();
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

TEST_F(CodeFetcherTest, FetchesOthersWhileManyServersHang) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer hanging([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{.status = 404};
  });
  for (int i = 0; i < 10; ++i) {
    const std::string name = std::to_string(i);
    fetcher.fetch(source(hanging.url("/" + name), name), [](const Result<std::string>&) {});
  }
  const FakeServer server(answer);
  EXPECT_TRUE(fetcher.wait_for(source(server.url("/"))).ok());
  gate.set_value();
  fetcher.finish();
}

TEST_F(CodeFetcherTest, HasABoundOnWhatItFetchesAtOnce) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const FakeServer server([&](const FakeRequest&) {
    most = std::max<int>(most, ++now);
    std::this_thread::sleep_for(Milliseconds(5));
    --now;
    return FakeResponse{.status = 404};
  });
  CodeFetcher small({.cache = nullptr, .logger = logger, .max_threads = 2});
  for (int i = 0; i < 10; ++i) {
    small.fetch(source(server.url("/"), std::to_string(i)), [](const Result<std::string>&) {});
  }
  small.finish();
  EXPECT_EQ(server.requests().size(), 10u);
  EXPECT_LE(most, 2);
}

TEST_F(CodeFetcherTest, TriesNoMoreWhenNobodyWaits) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.status = 503}; });
  Source from = source(server.url("/"));
  from.retries = UINT32_MAX;
  std::atomic<int> asked = 0;
  fetcher.fetch(
      from, [](const Result<std::string>&) {}, [&] { return ++asked < 4; });
  fetcher.finish();
  EXPECT_LE(server.requests().size(), 4u);
}

TEST_F(CodeFetcherTest, TriesOnForThoseWhoStillWait) {
  std::atomic<int> asked = 0;
  const FakeServer server([&](const FakeRequest&) {
    return ++asked < 3 ? FakeResponse{.status = 503} : FakeResponse{.body = "code"};
  });
  Source from = source(server.url("/"));
  from.retries = UINT32_MAX;
  fetcher.fetch(
      from, [](const Result<std::string>&) {}, [] { return false; });
  EXPECT_TRUE(fetcher.wait_for(from).ok());
}

TEST_F(CodeFetcherTest, KeepsInMemoryWhatTheCacheDoesNotTake) {
  const FileCache tiny(
      {.folder = "/nowhere", .suffix = ".wasm", .name = "fetched code", .max_bytes = 1}, logger);
  const FakeServer server(answer);
  CodeFetcher other({.cache = &tiny, .logger = logger});
  const Source from = source(server.url("/a.wasm"));
  EXPECT_FALSE(other.find_or_start(from).ok());
  EXPECT_THAT(other.finish().failure,
              HasSubstr("exceeds the whole cache; give the cache a folder"));
  EXPECT_EQ(other.find_or_start(from).value(), "code");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(CodeFetcherTest, SaysThatWhatItHasFetchedIsNotKept) {
  const FileCache tiny(
      {.folder = "/nowhere", .suffix = ".wasm", .name = "fetched code", .max_bytes = 1}, logger);
  const FakeServer server(answer);
  CodeFetcher other({.cache = &tiny, .logger = logger, .max_kept_bytes = 3});
  const Source from = source(server.url("/a.wasm"));
  EXPECT_FALSE(other.find_or_start(from).ok());
  EXPECT_NE(other.finish().failure, "");
  const auto again = other.find_or_start(from);
  ASSERT_FALSE(again.ok());
  EXPECT_THAT(again.error().message, HasSubstr("what was fetched cannot be kept: a file of 4"));
}

TEST_F(CodeFetcherTest, TellsNobodyThePasswordsOfUris) {
  const FakeServer server([](const FakeRequest& asked) {
    EXPECT_EQ(asked.headers.at("authorization"), "Basic dXNlcjpzZWNyZXQ=");
    return FakeResponse{.status = 503};
  });
  Source from = source("http://user:secret@" + server.host() + "/a.wasm");
  from.retries = 1;
  EXPECT_EQ(error(from), "http://***@" + server.host() +
                             "/a.wasm: the server answers with status 503, after 2 tries");
  for (const std::string& line : logger.lines()) EXPECT_THAT(line, Not(HasSubstr("secret")));
}

// Errors of one fetch stood in the log twice beside the one of the start that waited for it.
TEST_F(CodeFetcherTest, LeavesErrorsToThoseWhoWait) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.status = 503}; });
  Source from = source(server.url("/a.wasm"));
  from.retries = 1;
  error(from);
  EXPECT_THAT(logger.lines_from(LogLevel::Warn), IsEmpty());
  EXPECT_THAT(logger.lines(), SizeIs(2));
  EXPECT_FALSE(fetcher.find_or_start(from).ok());
  fetcher.finish();
  EXPECT_THAT(logger.lines_from(LogLevel::Warn), ElementsAre(HasSubstr("status 503, after 2")));
}

TEST_F(CodeFetcherTest, AStopEndsTheWaitingForTheBackground) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.status = 503}; });
  Source from = source(server.url("/a.wasm"));
  from.retries = 1000;
  from.retry_base = from.retry_max = Milliseconds(60'000);
  EXPECT_FALSE(fetcher.find_or_start(from).ok());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(fetcher.finish(stop.get_token()).fetched, 0u);
  EXPECT_TRUE(fetcher.is_fetching());
}

TEST_F(CodeFetcherTest, FetchesInTheBackgroundForTheNextTry) {
  const FakeServer server(answer);
  const Source from = source(server.url("/a.wasm"));
  const auto missed = fetcher.find_or_start(from);
  ASSERT_FALSE(missed.ok());
  EXPECT_EQ(missed.error().code, ErrorCode::NotFound);
  EXPECT_EQ(missed.error().message,
            server.url("/a.wasm") + ": not in the cache; a fetch for the next try has begun");
  const auto background = fetcher.finish();
  EXPECT_EQ(background.fetched, 1u);
  EXPECT_EQ(background.failure, "");
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
  EXPECT_THAT(fetcher.finish().failure, HasSubstr("status 404"));
  EXPECT_THAT(fetcher.find_or_start(from).error().message, HasSubstr("status 404"));
  fetcher.finish();
  status = 200;
  EXPECT_FALSE(fetcher.find_or_start(from).ok());
  fetcher.finish();
  EXPECT_TRUE(fetcher.find_or_start(from).ok());
}

TEST_F(CodeFetcherTest, WaitsForWhatHasBegunForOneSource) {
  const GatedServer hanging;
  const FakeServer server([](const FakeRequest& asked) {
    return FakeResponse{.status = asked.target == "/a" ? 200 : 404, .body = "code"};
  });
  Source late = source(hanging.url("/"), "other");
  late.timeout = Milliseconds(20);
  late.retries = 1000;
  late.retry_base = late.retry_max = std::chrono::hours(1);
  EXPECT_FALSE(fetcher.find_or_start(late).ok());
  EXPECT_FALSE(fetcher.find_or_start(source(server.url("/a"))).ok());
  const auto come = fetcher.finish(source(server.url("/a")));
  EXPECT_EQ(come.fetched, 1u);
  EXPECT_EQ(come.failure, "");
  EXPECT_THAT(fetcher.finish(source(server.url("/b"), "none")).failure, HasSubstr("status 404"));
  EXPECT_EQ(fetcher.finish(late).failure, "it has not come within 20 ms");
  EXPECT_TRUE(fetcher.is_fetching());
}

// An update that was refused for one uri told of the error of another that had the same hash.
TEST_F(CodeFetcherTest, TellsOfNoOtherUrisFailure) {
  const FakeServer server([&](const FakeRequest& asked) {
    return FakeResponse{.status = asked.target == "/gone" ? 410 : 404};
  });
  const Source gone = source(server.url("/gone"));
  const Source other = source(server.url("/other"));
  EXPECT_FALSE(fetcher.find_or_start(gone).ok());
  fetcher.finish();
  EXPECT_THAT(fetcher.find_or_start(other).error().message, Not(HasSubstr("the last one")));
  fetcher.finish();
  EXPECT_THAT(fetcher.find_or_start(gone).error().message,
              HasSubstr("/gone: the server answers with status 410"));
  EXPECT_THAT(fetcher.find_or_start(other).error().message,
              HasSubstr("/other: the server answers with status 404"));
  fetcher.finish();
}

TEST_F(CodeFetcherTest, AsksForThePasswordThatAServerWants) {
  const FakeServer server([](const FakeRequest& asked) {
    // "u:p"
    const auto found = asked.headers.find("authorization");
    const bool let_in = found != asked.headers.end() && found->second == "Basic dTpw";
    return FakeResponse{.status = let_in ? 200 : 401, .body = "code"};
  });
  EXPECT_THAT(fetcher.wait_for(source(server.url("/"))).error().message,
              HasSubstr("status 401; write name and password into the uri"));
  EXPECT_EQ(fetcher.wait_for(source("http://u:p@" + server.host() + "/")).value(), "code");
}

TEST_F(CodeFetcherTest, TellsThatAServerTakesNotThePasswordThatItHas) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.status = 401}; });
  EXPECT_THAT(error(source("http://user:secret@" + server.host() + "/a.wasm")),
              HasSubstr("status 401; the name and the password in the uri do not open it"));
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

// What nobody wanted any more held back what was wanted.
TEST_F(CodeFetcherTest, BreaksOffWhatNobodyWantsAnyMore) {
  CodeFetcher hasty(
      {.cache = nullptr, .logger = logger, .max_threads = 1, .linger = Milliseconds(0)});
  const GatedServer hanging;
  Source from = source(hanging.url("/"));
  from.timeout = std::chrono::hours(1);
  std::atomic<bool> wanted = true;
  bool told = false;
  hasty.fetch(
      from, [&](const Result<std::string>&) { told = true; }, [&] { return wanted.load(); });
  hanging.wait_until_asked(1);
  wanted = false;
  hasty.finish();
  EXPECT_FALSE(told);
  EXPECT_THAT(logger.lines(), ElementsAre(HasSubstr("given up, nobody waits for it any more")));
  EXPECT_EQ(hasty.stats().fetch_failures, 0u);
  const FakeServer server(answer);
  EXPECT_TRUE(hasty.wait_for(source(server.url("/"))).ok());
}

TEST_F(CodeFetcherTest, BreaksOffWhatHasNotBegunAndNobodyWants) {
  CodeFetcher small(
      {.cache = nullptr, .logger = logger, .max_threads = 1, .linger = Milliseconds(0)});
  GatedServer hanging;
  Source from = source(hanging.url("/"));
  from.timeout = std::chrono::hours(1);
  std::promise<void> told;
  small.fetch(from, [&](const Result<std::string>&) { told.set_value(); });
  hanging.wait_until_asked(1);
  std::atomic<int> asked = 0;
  small.fetch(
      source(hanging.url("/other"), "other"), [](const Result<std::string>&) {},
      [&] {
        ++asked;
        return false;
      });
  while (logger.lines().empty()) std::this_thread::sleep_for(Milliseconds(1));
  hanging.open();
  told.get_future().get();
  small.finish();
  EXPECT_EQ(hanging.asked(), 1u);
}

TEST_F(CodeFetcherTest, GoesOnForWhoeverWantsItAnewSoon) {
  CodeFetcher patient({.cache = nullptr, .logger = logger, .linger = std::chrono::hours(1)});
  GatedServer server;
  const Source from = source(server.url("/"));
  std::atomic<int> looked = 0;
  patient.fetch(
      from, [](const Result<std::string>&) {},
      [&] {
        ++looked;
        return false;
      });
  server.wait_until_asked(1);
  const int before = looked;
  while (looked == before) std::this_thread::sleep_for(Milliseconds(1));
  std::promise<bool> come;
  patient.fetch(from, [&](const Result<std::string>& code) { come.set_value(code.ok()); });
  server.open();
  EXPECT_TRUE(come.get_future().get());
  EXPECT_EQ(server.asked(), 1u);
}

TEST_F(CodeFetcherTest, AsksTheSourcesOfAHashBesideEachOther) {
  const GatedServer hanging;
  const FakeServer server(answer);
  Source first = source(hanging.url("/"));
  first.timeout = std::chrono::hours(1);
  std::promise<std::string> told;
  fetcher.fetch(first, [&](const Result<std::string>& code) { told.set_value(code.value()); });
  hanging.wait_until_asked(1);
  EXPECT_EQ(fetcher.wait_for(source(server.url("/"))).value(), "code");
  EXPECT_EQ(told.get_future().get(), "code");
  EXPECT_FALSE(fetcher.is_fetching());
}

TEST_F(CodeFetcherTest, AStopEndsTheWaitingAndThenTheFetch) {
  const GatedServer hanging;
  Source from = source(hanging.url("/"));
  from.timeout = std::chrono::hours(1);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(fetcher.wait_for(from, stop.get_token()).ok());
  fetcher.finish();
  EXPECT_FALSE(fetcher.find(from).has_value());
}

TEST_F(CodeFetcherTest, TellsWhoeverComesAfterTheEnd) {
  fetcher.end();
  const FakeServer server(answer);
  EXPECT_THAT(error(source(server.url("/"))), HasSubstr("broken off"));
  EXPECT_FALSE(fetcher.find_or_start(source(server.url("/"))).ok());
  EXPECT_FALSE(fetcher.is_fetching());
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
