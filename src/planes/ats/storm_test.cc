// The plane among threads that share it, in a stand-in for the server: transactions of every kind
// while its plugins are loaded anew.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/ats/fake_server.h"
#include "planes/ats/plane.h"
#include "planes/ats/transaction.h"
#include "planes/common/temporary_folder.h"
#include "runtime/host.h"
#include "runtime/metrics.h"

namespace weir::ats_plane {
namespace {

constexpr size_t kThreads = 4;
constexpr int kRequests = 3000;
constexpr int kAtOnce = 100;
constexpr int kReloads = 25;

class QuietLogger final : public Logger {
 public:
  LogLevel level() const override { return LogLevel::Error; }
  void write(LogLevel, std::string_view line) override {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  }
};

// What a process has one of, and never ends: so it has no threads that fetch.
struct Program {
  QuietLogger logger;
  SystemClock clock;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  runtime::MetricStore metrics;
  runtime::Host host{runtime::HostParts{.engines = engines,
                                        .code_cache = nullptr,
                                        .clock = clock,
                                        .logger = logger,
                                        .metrics = metrics}};
  fetch::CodeFetcher fetcher{
      fetch::CodeFetcher::Parts{.cache = nullptr, .logger = logger, .trust = {}}};
  Plane plane{host, fetcher};
};

int on_transaction(TSCont hook, TSEvent, void* data) {
  const auto& set = *static_cast<std::shared_ptr<PluginSet>*>(TSContDataGet(hook));
  Transaction::begin(set, static_cast<TSHttpTxn>(data), Transaction::Begin::Now);
  return 0;
}

// A tick that a sanitizer slows down is not to end the plugin.
std::string plugin_file(int number) {
  return "limits: {call_cpu_time: 60s}\nplugin:\n  name: storm\n  fail_open: false\n"
         "  configuration: {\"@type\": type.googleapis.com/google.protobuf.StringValue, value: \"" +
         std::to_string(number) + "\"}\n  vm_config: {code: {local: {filename: \"" +
         std::filesystem::absolute(WEIR_STORM_WASM).string() + "\"}}}\n";
}

class StormTest : public ::testing::Test {
 protected:
  // What the answer to a request of that letter must be.
  static bool is_right(char letter, const FakeServer::Response& response) {
    if (letter == 'l') return response.status == 403 && response.body == "end";
    if (response.aborted || response.status != 200) return false;
    return letter != 'b' || response.body.empty() || response.body.ends_with("end");
  }

  void ask(int number) {
    const char letter = "cltbp"[number % 5];
    FakeServer::get().request(letter + std::to_string(number),
                              [this, letter](const FakeServer::Response& response) {
                                if (!is_right(letter, response)) ++wrong_;
                                --under_way_;
                                ++done_;
                              });
  }

  void wait(const auto& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << done_ << " are done";
      std::this_thread::sleep_for(Milliseconds(1));
    }
  }

  std::atomic<int> under_way_ = 0;
  std::atomic<int> done_ = 0;
  std::atomic<int> wrong_ = 0;
};

TEST_F(StormTest, TransactionsEndRightlyWhilePluginsChange) {
  const planes::test::TemporaryFolder folder;
  folder.write("plugin.yaml", plugin_file(0));
  FakeServer& server = FakeServer::get();
  server.start(kThreads);
  auto set = Plane::get().add({"plugin.yaml"}, (folder / "").string());
  ASSERT_TRUE(set.ok()) << set.error().message;
  TSCont hook = TSContCreate(&on_transaction, nullptr);
  TSContDataSet(hook, &set.value());
  server.set_global_hook(hook);

  std::thread reloader([&] {
    for (int i = 1; i <= kReloads; ++i) {
      wait([&] { return done_ >= i * kRequests / (kReloads + 2); });
      folder.write("plugin.yaml", plugin_file(i));
      Plane::get().reload();
    }
  });
  for (int i = 0; i < kRequests; ++i) {
    wait([&] { return under_way_ < kAtOnce; });
    ++under_way_;
    ask(i);
  }
  wait([&] { return done_ == kRequests; });
  reloader.join();
  EXPECT_EQ(wrong_, 0);
  EXPECT_EQ(set.value()->version(), 1u + kReloads);
  server.stop();
}

}  // namespace

Plane& Plane::get() {
  static auto* program = new Program;
  return program->plane;
}

}  // namespace weir::ats_plane
