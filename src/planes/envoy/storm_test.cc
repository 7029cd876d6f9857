// The module among threads that share it, in a stand-in for Envoy: streams, ticks and calls on all
// workers while configurations come and go, and the end.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "engine/engines.h"
#include "fetch/code_fetcher.h"
#include "planes/envoy/envoy_log.h"
#include "planes/envoy/fake_envoy.h"
#include "planes/envoy/module.h"
#include "runtime/host.h"

namespace weir::envoy_plane {
namespace {

constexpr size_t kWorkers = 4;
constexpr int kRequests = 4000;
constexpr int kAtOnce = 60;
constexpr int kUpdates = 100;

// What a process has one of, and never ends.
struct Program {
  EnvoyLog logger;
  SystemClock clock;
  engine::Engines engines{engine::Engines::default_search_path(), {}};
  EnvoyMetrics metrics;
  runtime::Host host{runtime::HostParts{.engines = engines,
                                        .code_cache = nullptr,
                                        .clock = clock,
                                        .logger = logger,
                                        .metrics = metrics}};
  fetch::CodeFetcher fetcher{
      fetch::CodeFetcher::Parts{.cache = nullptr, .logger = logger, .trust = {}}};
  planes::CodeSupply supply{&fetcher, std::filesystem::path()};
  Module module{host, metrics, supply};
};

// One for each test: the module does not begin anew once Envoy has ended. The last is the
// process's.
std::vector<Program*>& programs() {
  static auto& all = *new std::vector<Program*>;
  return all;
}

// A tick that a sanitizer slows down is not to end the plugin.
std::string plugin(int number) {
  return R"({"limits": {"call_cpu_time": "60s"}, "plugin": {"name": "storm", "configuration": {"@type": )"
         R"("type.googleapis.com/google.protobuf.StringValue", "value": ")" +
         std::to_string(number) + R"("}, "vm_config": {"code": {"local": {"filename": ")" +
         std::filesystem::absolute(WEIR_STORM_WASM).string() + R"("}}}}})";
}

class StormTest : public ::testing::Test {
 protected:
  StormTest() { programs().push_back(new Program); }

  void ask(int number) {
    const char letter = "cltp"[number % 4];
    const int right = letter == 'l' ? 403 : 200;
    ++under_way_;
    envoy_.request(static_cast<size_t>(number) % kWorkers, config_, std::string("/") + letter,
                   [this, right](int status) {
                     if (status != right) ++wrong_;
                     --under_way_;
                     ++done_;
                   });
  }

  void run_until(const auto& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
    while (!condition()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << done_ << " are done";
      envoy_.main().run_one(std::chrono::milliseconds(1));
    }
  }

  void update(int number) {
    config_ = envoy_.configure(plugin(number));
    ASSERT_NE(config_, nullptr);
    all_.push_back(config_);
  }

  void storm() {
    update(0);
    for (int i = 0; i < kRequests; ++i) {
      run_until([&] { return under_way_ < kAtOnce; });
      if (i % (kRequests / kUpdates) == kRequests / kUpdates / 2) update(i);
      ask(i);
    }
    // Calls of ticks are under way, some for good. Streams carry ticks.
    int asked = kRequests;
    run_until([&] { return done_ == asked; });
    while (config_->calls.size() < 3 && !HasFatalFailure()) {
      ASSERT_LT(asked, 2 * kRequests) << "no call of a tick stays under way";
      ask(asked++);
      run_until([&] { return done_ == asked; });
    }
    EXPECT_EQ(wrong_, 0);
  }

  void TearDown() override {
    envoy_.remove_cluster();
    config_.reset();
    // Those of the past have gone with their streams.
    for (const auto& weak : all_) EXPECT_TRUE(weak.expired());
  }

  FakeEnvoy envoy_{kWorkers};
  std::shared_ptr<EnvoyHttpConfig> config_;
  std::vector<std::weak_ptr<EnvoyHttpConfig>> all_;
  std::atomic<int> under_way_ = 0;
  std::atomic<int> done_ = 0;
  std::atomic<int> wrong_ = 0;
};

TEST_F(StormTest, WithTheClusterForIdleWorkers) {
  envoy_.add_cluster();
  storm();
  envoy_.stop_workers();
  EXPECT_EQ(envoy_.calls(), 0);
}

TEST_F(StormTest, WithFiltersAlone) {
  storm();
  envoy_.stop_workers();
  ASSERT_GT(envoy_.calls(), 1);
  // A pool closes the connection of its first call.
  const uint64_t first = config_->calls.begin()->first;
  ASSERT_TRUE(config_->end_call(first));
  envoy_dynamic_module_on_http_filter_config_http_stream_reset(config_.get(), config_->module,
                                                               first, 0);
  EXPECT_EQ(envoy_.calls(), 0);
}

}  // namespace

Module& Module::get() { return programs().back()->module; }

}  // namespace weir::envoy_plane
