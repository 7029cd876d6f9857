#include "planes/common/code_supply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "base/log_fakes.h"
#include "fetch/server_fakes.h"
#include "planes/common/code_gathering.h"
#include "planes/common/temporary_folder.h"
#include "runtime/metrics.h"

namespace weir::planes::test {
namespace {

using fetch::test::FakeRequest;
using fetch::test::FakeResponse;
using fetch::test::FakeServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CodeSupplyTest : public ::testing::Test {
 protected:
  static config::PluginSettings plugin(config::CodeSource code) {
    config::PluginSettings settings;
    settings.name = "a";
    settings.vm.code = std::move(code);
    return settings;
  }
  static config::PluginSettings remote(const std::string& uri, std::string_view code = "code") {
    return plugin(config::RemoteFile{.uri = uri,
                                     .sha256 = to_hex(sha256({as_bytes(code)})),
                                     .timeout = Milliseconds(5000),
                                     .retries = 0,
                                     .retry_base = Milliseconds(1)});
  }

  const TemporaryFolder folder;
  weir::test::RecordingLogger logger;
  FileCache cache{
      {.folder = folder / "cache", .suffix = ".wasm", .name = "fetched code", .max_bytes = 1 << 20},
      logger};
  fetch::CodeFetcher fetcher{{.cache = &cache, .logger = logger}};
  CodeSupply supply{&fetcher, folder / ""};
};

TEST_F(CodeSupplyTest, FindsWhatIsAtHand) {
  folder.write("a.wasm", "code");
  EXPECT_EQ(supply.find(plugin(config::LocalFile{"a.wasm"})).value(), "code");
  EXPECT_EQ(supply.find(plugin(config::InlineBytes{"inline"})).value(), "inline");
  EXPECT_THAT(supply.find(plugin(config::LocalFile{"missing.wasm"})).error().message,
              AllOf(HasSubstr("plugin 'a': "), HasSubstr("missing.wasm")));
}

TEST_F(CodeSupplyTest, LeavesRemoteCodeToBeFetched) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.body = "code"}; });
  const auto wanted = remote(server.url("/a.wasm"));
  EXPECT_EQ(supply.find(wanted).value(), std::nullopt);
  EXPECT_EQ(supply.wait_for(wanted).value(), "code");
  EXPECT_EQ(supply.find(wanted).value(), "code");
}

TEST_F(CodeSupplyTest, RefusesAMissWhereAskedTo) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.body = "code"}; });
  auto wanted = remote(server.url("/a.wasm"));
  wanted.vm.nack_on_code_cache_miss = true;
  EXPECT_THAT(supply.find(wanted).error().message,
              HasSubstr("plugin 'a': " + server.url("/a.wasm")));
  EXPECT_TRUE(supply.is_fetching());
  EXPECT_EQ(supply.finish({}).failure, "");
  EXPECT_EQ(supply.find(wanted).value(), "code");
}

TEST_F(CodeSupplyTest, RefusesRemoteCodeWithoutAFetcher) {
  const CodeSupply without(nullptr, "");
  EXPECT_THAT(without.find(remote("http://127.0.0.1:1/")).error().message,
              HasSubstr("code is not fetched here"));
}

TEST_F(CodeSupplyTest, NamesAPullSecretThatCannotBeRead) {
  auto wanted = remote("http://127.0.0.1:1/");
  std::get<config::RemoteFile>(wanted.vm.code).pull_secret = config::LocalFile{"secret.json"};
  EXPECT_THAT(
      supply.find(wanted).error().message,
      AllOf(HasSubstr("plugin 'a': cannot read pull secret from "), HasSubstr("secret.json")));
}

TEST_F(CodeSupplyTest, ReportsAsEnvoyDoes) {
  const FakeServer server([](const FakeRequest&) { return FakeResponse{.body = "code"}; });
  EXPECT_TRUE(supply.wait_for(remote(server.url("/a.wasm"))).ok());
  EXPECT_TRUE(supply.wait_for(remote(server.url("/a.wasm"))).ok());
  runtime::MetricStore metrics;
  supply.report(metrics);
  EXPECT_THAT(metrics.to_text(), AllOf(HasSubstr("wasm.remote_load_cache_entries: 1\n"),
                                       HasSubstr("wasm.remote_load_cache_hits: 1\n"),
                                       HasSubstr("wasm.remote_load_fetch_successes: 1\n")));
}

TEST_F(CodeSupplyTest, GathersTheCodeOfManyPlugins) {
  folder.write("a.wasm", "local");
  const FakeServer server([](const FakeRequest& asked) {
    if (asked.target == "/bad") return FakeResponse{.status = 404};
    return FakeResponse{.body = asked.target};
  });
  std::promise<void> told;
  CodeGathering codes;
  EXPECT_EQ(codes.add(supply, plugin(config::LocalFile{"a.wasm"})).value(), 0u);
  EXPECT_TRUE(codes.complete());
  EXPECT_EQ(codes.add(supply, remote(server.url("/good"), "/good")).value(), 1u);
  EXPECT_EQ(codes.add(supply, remote(server.url("/bad"))).value(), 2u);
  EXPECT_THAT(codes.missing(), ElementsAre(server.url("/good"), server.url("/bad")));
  EXPECT_FALSE(codes.complete());
  codes.start(supply, [&] { told.set_value(); });
  told.get_future().get();
  EXPECT_TRUE(codes.complete());
  EXPECT_EQ(codes.take(0).value(), "local");
  EXPECT_EQ(codes.take(1).value(), "/good");
  EXPECT_THAT(codes.take(2).error().message, HasSubstr("status 404"));
}

TEST_F(CodeSupplyTest, AGatheringThatIsGivenUpHearsNothing) {
  std::promise<void> gate;
  auto opened = gate.get_future().share();
  const FakeServer server([&](const FakeRequest&) {
    opened.wait();
    return FakeResponse{.body = "code"};
  });
  bool told = false;
  {
    CodeGathering codes;
    EXPECT_TRUE(codes.add(supply, remote(server.url("/"))).ok());
    codes.start(supply, [&] { told = true; });
  }
  gate.set_value();
  supply.finish({});
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace weir::planes::test
