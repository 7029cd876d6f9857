// Several workers, each on a thread of its own, with all that they share. The thread sanitizer runs
// these.

#include <atomic>
#include <thread>

#include "abi/map_codec.h"
#include "conformance/machine_test.h"

namespace weir::test {
namespace {

constexpr int kWorkers = 3;
constexpr int kStreams = 100;

class WorkersTest : public ::testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<const runtime::Plugin> load(const Script& script) {
    auto options = machine_options(GetParam());
    options.vm.vm_id = "vm";
    options.configuration = script.bytes();
    return host.load(options);
  }

  // Runs `work` on so many threads, each with its worker.
  template <typename Work>
  void on_workers(int count, Work work) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([this, work] {
        TestWorker worker(host);
        work(worker);
      });
    }
  }

  // A stream that sends one request's headers.
  void send_request(runtime::WorkerPlugin& plugin) {
    FakeHttpStream stream(host.journal);
    auto context = plugin.make_http_context(stream);
    context->on_headers(Direction::Request, EndOfStream::Yes);
  }

  TestHost host;
};

TEST_P(WorkersTest, MetricsAndSharedDataLoseNothing) {
  Script script;
  script.on("proxy_on_request_headers")
      .call("proxy_define_metric", abi::MetricType::Counter, "requests", out32_to(1))
      .call("proxy_increment_metric", in_register(1), 1)
      .call("proxy_set_shared_data", "key", "value", 0)
      .call("proxy_get_shared_data", "key", out_value(), out32_to(2));
  auto plugin = load(script);
  on_workers(kWorkers, [&](TestWorker& worker) {
    auto running = worker.start(plugin);
    for (int i = 0; i < kStreams; ++i) send_request(*running);
  });
  EXPECT_EQ(host.counter("wasmcustom.requests"), uint64_t{kWorkers * kStreams});
  const auto lines = host.journal.take();
  EXPECT_EQ(std::ranges::count(lines, "  proxy_get_shared_data: Ok \"value\" *"),
            kWorkers * kStreams);
}

TEST_P(WorkersTest, EveryItemOfAQueueReachesTheReceiver) {
  Script sends;
  sends.on("proxy_on_request_headers")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "item");
  Script receives;
  receives.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32());
  receives.on("proxy_on_queue_ready")
      .call("proxy_dequeue_shared_queue", param(1), out_value())
      .call("proxy_define_metric", abi::MetricType::Counter, "received", out32_to(1))
      .call("proxy_increment_metric", in_register(1), 1);
  auto sender = load(sends);
  auto receiver = load(receives);
  TestWorker worker(host);
  auto receiving = worker.start(receiver);
  std::jthread senders([&] {
    on_workers(kWorkers, [&](TestWorker& its_worker) {
      auto running = its_worker.start(sender);
      for (int i = 0; i < kStreams; ++i) send_request(*running);
    });
  });
  EXPECT_TRUE(worker.services.run_until(
      [&] { return host.counter("wasmcustom.received") == uint64_t{kWorkers * kStreams}; }));
  const auto lines = host.journal.take();
  EXPECT_EQ(std::ranges::count(lines, "  proxy_dequeue_shared_queue: Ok \"item\""),
            kWorkers * kStreams);
}

TEST_P(WorkersTest, AReceiverMayEndWhileOthersSend) {
  Script script;
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers")
      .call("proxy_enqueue_shared_queue", in_register(1), "item")
      .call("proxy_dequeue_shared_queue", in_register(1), out_value());
  auto plugin = load(script);
  on_workers(kWorkers, [&](TestWorker& worker) {
    for (int i = 0; i < 20; ++i) {
      // Each start takes the queue over, and each end leaves it.
      auto running = worker.start(plugin);
      for (int k = 0; k < 5; ++k) send_request(*running);
      worker.services.run();
      running.reset();
      worker.services.run();
    }
  });
  const auto lines = host.journal.take();
  EXPECT_EQ(std::ranges::count(lines, "  proxy_enqueue_shared_queue: Ok"), kWorkers * 20 * 5);
}

TEST_P(WorkersTest, ATrapOnOneWorkerIsNoneOnAnother) {
  Script script;
  script.on("proxy_on_request_headers", 10).trap();
  auto plugin = load(script);
  std::atomic<uint64_t> failures = 0;
  on_workers(kWorkers, [&](TestWorker& worker) {
    auto running = worker.start(plugin);
    for (int i = 0; i < kStreams; ++i) {
      send_request(*running);
      worker.services.run();
    }
    failures += running->status().failures;
  });
  EXPECT_EQ(failures, uint64_t{kWorkers} * kStreams / 10);
  EXPECT_EQ(host.counter("wasm.machine.failed.unreachable"), failures);
}

TEST_P(WorkersTest, OverrunsAreStoppedOnTheirOwnWorkers) {
  if (!capabilities_of(GetParam()).interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  auto options = machine_options(GetParam());
  options.vm.limits.call_time = kDeadline;
  Script script;
  script.on("proxy_on_response_headers").loop();
  options.configuration = script.bytes();
  auto plugin = host.load(options);
  std::atomic<uint64_t> failures = 0;
  on_workers(kWorkers, [&](TestWorker& worker) {
    auto running = worker.start(plugin);
    for (int i = 0; i < 3; ++i) {
      FakeHttpStream stream(host.journal);
      auto context = running->make_http_context(stream);
      context->on_headers(Direction::Response, EndOfStream::No);
      worker.services.run();
    }
    failures += running->status().failures;
  });
  EXPECT_EQ(failures, uint64_t{kWorkers} * 3);
}

TEST_P(WorkersTest, PluginsAreLoadedWhileOthersServe) {
  Script script;
  auto plugin = load(script);
  std::atomic<bool> done = false;
  std::jthread loader([&] {
    for (int i = 0; i < 10; ++i) {
      Script other;
      other.on("proxy_on_configure").say(std::to_string(i));
      load(other);
    }
    done = true;
  });
  on_workers(kWorkers, [&](TestWorker& worker) {
    auto running = worker.start(plugin);
    while (!done) send_request(*running);
  });
  EXPECT_EQ(host.counter("wasm.machine.failed.unreachable"), 0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, WorkersTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
