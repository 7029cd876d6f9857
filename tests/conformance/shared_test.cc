// Shared data and shared queues (ABI 0.2.1, "Shared Key-Value Store", "Shared Queues").

#include "conformance/machine_test.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"

namespace weir::test {
namespace {

class SharedTest : public MachineTest {
 protected:
  SharedTest() { options.vm.vm_id = "vm"; }

  // A second plugin, in a VM of its own that shares the vm_id or not, on a worker of its own.
  void start_other(const Script& its_script, std::string vm_id) {
    auto others = options;
    others.name = "other";
    others.configuration = its_script.bytes();
    others.vm.vm_id = std::move(vm_id);
    others.vm.configuration = "so that it is another VM";
    other_plugin = other_worker.start(host.load(others));
    other_context = other_plugin->make_http_context(stream);
    host.journal.take();
  }

  ~SharedTest() override {
    other_context.reset();
    other_plugin.reset();
    other_worker.services.run();
  }

  TestWorker other_worker{host};
  std::unique_ptr<runtime::WorkerPlugin> other_plugin;
  std::unique_ptr<runtime::HttpContext> other_context;
};

TEST_P(SharedTest, ASetValueIsReadWithItsCas) {
  script.on("proxy_on_request_headers")
      .call("proxy_get_shared_data", "key", out_value(), out32())
      .call("proxy_set_shared_data", "key", "value", 0)
      .call("proxy_get_shared_data", "key", out_value(), out32_to(1))
      .call("proxy_set_shared_data", "key", "swapped", in_register(1))
      .call("proxy_set_shared_data", "key", "too late", in_register(1))
      .call("proxy_get_shared_data", "key", out_value(), out32_to(2))
      .call("proxy_set_shared_data", "key", "", 0)
      .call("proxy_get_shared_data", "key", out_value(), out32_to(3))
      .call("proxy_set_shared_data", "missing", "", 1);
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_get_shared_data: NotFound - -", "proxy_set_shared_data: Ok",
                  "proxy_get_shared_data: Ok \"value\" *", "proxy_set_shared_data: Ok",
                  "proxy_set_shared_data: CasMismatch", "proxy_get_shared_data: Ok \"swapped\" *",
                  "proxy_set_shared_data: Ok", "proxy_get_shared_data: Ok null *",
                  "proxy_set_shared_data: CasMismatch"));
}

TEST_P(SharedTest, DataIsSharedByVmIdAcrossWorkersAndVms) {
  script.on("proxy_on_request_headers").call("proxy_set_shared_data", "key", "value", 0);
  Script reads;
  reads.on("proxy_on_request_headers")
      .call("proxy_get_shared_data", "key", out_value(), out32_to(1));
  request_headers();
  start_other(reads, "vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(), ::testing::Contains("other:   proxy_get_shared_data: Ok \"value\" *"));
}

TEST_P(SharedTest, AnotherVmIdHasDataOfItsOwn) {
  script.on("proxy_on_request_headers").call("proxy_set_shared_data", "key", "value", 0);
  Script reads;
  reads.on("proxy_on_request_headers").call("proxy_get_shared_data", "key", out_value(), out32());
  request_headers();
  start_other(reads, "another vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(), ::testing::Contains("other:   proxy_get_shared_data: NotFound - -"));
}

TEST_P(SharedTest, AQueueIsFirstInFirstOut) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers")
      .call("proxy_dequeue_shared_queue", in_register(1), out_value())
      .call("proxy_enqueue_shared_queue", in_register(1), "one")
      .call("proxy_enqueue_shared_queue", in_register(1), "")
      .call("proxy_enqueue_shared_queue", in_register(1), "two")
      .call("proxy_dequeue_shared_queue", in_register(1), out_value())
      .call("proxy_dequeue_shared_queue", in_register(1), out_value())
      .call("proxy_dequeue_shared_queue", in_register(1), out_value())
      .call("proxy_dequeue_shared_queue", in_register(1), out_value());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre("proxy_dequeue_shared_queue: Empty -", "proxy_enqueue_shared_queue: Ok",
                  "proxy_enqueue_shared_queue: Ok", "proxy_enqueue_shared_queue: Ok",
                  "proxy_dequeue_shared_queue: Ok \"one\"", "proxy_dequeue_shared_queue: Ok null",
                  "proxy_dequeue_shared_queue: Ok \"two\"", "proxy_dequeue_shared_queue: Empty -"));
}

TEST_P(SharedTest, AQueueIsFoundByVmIdAndName) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers")
      .call("proxy_register_shared_queue", "queue", out32_to(2))
      .call("proxy_enqueue_shared_queue", in_register(2), "same queue")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(3))
      .call("proxy_dequeue_shared_queue", in_register(3), out_value())
      .call("proxy_resolve_shared_queue", "vm", "missing", out32())
      .call("proxy_resolve_shared_queue", "another vm", "queue", out32())
      .call("proxy_resolve_shared_queue", "", "queue", out32())
      .call("proxy_enqueue_shared_queue", 0, "x")
      .call("proxy_enqueue_shared_queue", 0xffffffff, "x")
      .call("proxy_dequeue_shared_queue", 99, out_value());
  EXPECT_THAT(
      reports_of_request_headers(),
      ElementsAre(
          "proxy_register_shared_queue: Ok *", "proxy_enqueue_shared_queue: Ok",
          "proxy_resolve_shared_queue: Ok *", "proxy_dequeue_shared_queue: Ok \"same queue\"",
          "proxy_resolve_shared_queue: NotFound -", "proxy_resolve_shared_queue: NotFound -",
          "proxy_resolve_shared_queue: NotFound -", "proxy_enqueue_shared_queue: NotFound",
          "proxy_enqueue_shared_queue: NotFound", "proxy_dequeue_shared_queue: NotFound -"));
}

TEST_P(SharedTest, TheReceiverIsToldOnItsOwnWorkerAndNotFromWithinTheCall) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_queue_ready").call("proxy_dequeue_shared_queue", param(1), out_value());
  start();
  Script sends;
  sends.on("proxy_on_request_headers")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "hello");
  start_other(sends, "another vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);
  other_worker.services.run();
  EXPECT_THAT(events(), ElementsAre(StartsWith("other: proxy_on_request_headers"),
                                    "other:   proxy_resolve_shared_queue: Ok *",
                                    "other:   proxy_enqueue_shared_queue: Ok"));
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_queue_ready(1, 1)",
                                    "  proxy_dequeue_shared_queue: Ok \"hello\""));
}

TEST_P(SharedTest, TheLastToRegisterReceivesAndTheQueueKeepsItsItems) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers")
      .call("proxy_enqueue_shared_queue", in_register(1), "before");
  script.on("proxy_on_queue_ready").say("the first receiver");
  start();
  request_headers();
  Script takes_over;
  takes_over.on("proxy_on_request_headers")
      .call("proxy_register_shared_queue", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "after");
  takes_over.on("proxy_on_queue_ready").call("proxy_dequeue_shared_queue", param(1), out_value());
  start_other(takes_over, "vm");
  worker.services.run();
  events();
  other_context->on_headers(Direction::Request, EndOfStream::No);
  worker.services.run();
  events();
  other_worker.services.run();
  EXPECT_THAT(events(), ElementsAre("other: proxy_on_queue_ready(1, 1)",
                                    "other:   proxy_dequeue_shared_queue: Ok \"before\""));
}

TEST_P(SharedTest, APluginThatIsTriedOutIsNoReceiver) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  start();
  // Loaded again, and never started.
  auto again = options;
  again.name = "other";
  host.load(again);
  Script sends;
  sends.on("proxy_on_request_headers")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "x");
  start_other(sends, "another vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);
  events();
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_queue_ready(1, 1)"));
}

TEST_P(SharedTest, AQueueWhoseReceiverHasEndedIsStillAQueue) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  start();
  Script sends;
  sends.on("proxy_on_request_headers")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "x")
      .call("proxy_dequeue_shared_queue", in_register(1), out_value());
  start_other(sends, "another vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);  // a wake-up is under way
  const auto kept = host.load(options);  // its VM, and with it the queues of its vm_id
  plugin.reset();
  worker.services.run();
  events();
  other_context->on_headers(Direction::Request, EndOfStream::No);
  worker.services.run();
  EXPECT_THAT(events(), ::testing::Contains("other:   proxy_dequeue_shared_queue: Ok \"x\""));
}

TEST_P(SharedTest, DataOutlivesAVmAsLongAsAnotherHasItsVmId) {
  script.on("proxy_on_request_headers").call("proxy_set_shared_data", "key", "value", 0);
  request_headers();
  Script reads;
  reads.on("proxy_on_request_headers")
      .call("proxy_get_shared_data", "key", out_value(), out32_to(1));
  // As in an update: the next one is there before the last one goes.
  start_other(reads, "vm");
  context.reset();
  plugin.reset();
  worker.services.run();
  events();
  other_context->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(), ::testing::Contains("other:   proxy_get_shared_data: Ok \"value\" *"));
}

TEST_P(SharedTest, DataAndQueuesGoWithTheLastVmOfTheirId) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers")
      .call("proxy_set_shared_data", "key", "value", 0)
      .call("proxy_enqueue_shared_queue", in_register(1), "item");
  request_headers();
  context.reset();
  plugin.reset();
  worker.services.run();
  Script looks;
  looks.on("proxy_on_request_headers")
      .call("proxy_get_shared_data", "key", out_value(), out32())
      .call("proxy_resolve_shared_queue", "vm", "queue", out32());
  start_other(looks, "vm");
  other_context->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(), ElementsAre(StartsWith("other: proxy_on_request_headers"),
                                    "other:   proxy_get_shared_data: NotFound - -",
                                    "other:   proxy_resolve_shared_queue: NotFound -"));
}

TEST_P(SharedTest, AVmThatIsStartedAgainFindsItsData) {
  if (native()) GTEST_SKIP() << "a native plugin that traps ends the process";
  script.on("proxy_on_configure").call("proxy_get_shared_data", "key", out_value(), out32_to(1));
  script.on("proxy_on_request_headers").call("proxy_set_shared_data", "key", "value", 0).trap();
  request_headers();
  worker.services.run();
  events();
  context = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ::testing::Contains("  proxy_get_shared_data: Ok \"value\" *"));
}

TEST_P(SharedTest, WhatATrialEnqueuesReachesNobody) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  start();
  Script tried;
  tried.on("proxy_on_configure")
      .call("proxy_resolve_shared_queue", "vm", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "item");
  auto others = options;
  others.name = "other";
  others.configuration = tried.bytes();
  ASSERT_TRUE(host.host.load(others).ok());
  EXPECT_THAT(events(), ::testing::Contains("other:   proxy_enqueue_shared_queue: Ok"));
  worker.services.run();
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(SharedTest, AnotherBoundHoldsFromTheNextVmOn) {
  Script sets;
  sets.on("proxy_on_configure")
      .call("proxy_set_shared_data", "key", std::string(1'000, 'x'), 0)
      .call("proxy_register_shared_queue", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), std::string(1'000, 'x'));
  options.vm.limits.max_shared_data_bytes = options.vm.limits.max_queue_bytes = 100;
  script = sets;
  start();
  options.vm.limits.max_shared_data_bytes = options.vm.limits.max_queue_bytes = 10'000;
  events();
  start_other(sets, "vm");
  const auto& store = *host.host.shared_data().store("vm");
  EXPECT_TRUE(store.get("key").has_value());
  uint32_t id = 0;
  ASSERT_EQ(host.host.shared_queues().resolve("vm", "queue", id), abi::Status::Ok);
  EXPECT_EQ(host.host.shared_queues().items(id).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Engines, SharedTest, ::testing::ValuesIn(loadable_engines()), engine_name);

}  // namespace
}  // namespace weir::test
