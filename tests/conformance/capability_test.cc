// Capabilities: hostcalls, WASI functions and callbacks that a configuration withholds.

#include "conformance/machine_test.h"
#include "runtime/shared_data.h"

namespace weir::test {
namespace {

class CapabilityTest : public MachineTest {
 protected:
  // What the machine itself needs is always allowed.
  void allow(std::initializer_list<std::string> names) {
    options.vm.allowed_capabilities = {"proxy_log", "proxy_get_buffer_bytes",
                                       "proxy_on_request_headers"};
    options.vm.allowed_capabilities.insert(names);
  }
};

TEST_P(CapabilityTest, AWithheldHostcallIsAnInternalFailure) {
  allow({"proxy_get_log_level"});
  script.on("proxy_on_request_headers")
      .call("proxy_get_log_level", out32())
      .call("proxy_set_tick_period_milliseconds", 10)
      .call("proxy_get_property", "plugin_name", out_value());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_get_log_level: Ok 1",
                          "proxy_set_tick_period_milliseconds: InternalFailure",
                          "proxy_get_property: InternalFailure -"));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
  EXPECT_TRUE(host.log.has("proxy_get_property: this capability is not allowed"));
}

TEST_P(CapabilityTest, AWithheldWasiFunctionIsNotCapable) {
  allow({"sched_yield"});
  script.on("proxy_on_request_headers")
      .call("sched_yield")
      .call("wasi_unstable.sched_yield")
      .call("random_get", out_bytes(8), 8)
      .call("wasi_unstable.random_get", out_bytes(8), 8)
      .call("fd_write", 1, vectors({"x"}), 1, out_word());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("sched_yield: 0", "wasi_unstable.sched_yield: 0", "random_get: 76 -",
                          "wasi_unstable.random_get: 76 -", "fd_write: 76 -"));
}

TEST_P(CapabilityTest, AWithheldExitIsAnEndAllTheSame) {
  allow({});
  script.on("proxy_on_request_headers").call("proc_exit", 0).say("not reached");
  EXPECT_THAT(reports_of_request_headers(), IsEmpty());
  EXPECT_TRUE(host.log.has("proc_exit, which the configuration does not allow"));
}

TEST_P(CapabilityTest, AWithheldCallbackIsNotCalled) {
  allow({"proxy_on_context_create", "proxy_on_log"});
  start();
  context = plugin->make_http_context(stream);
  context->on_headers(Direction::Request, EndOfStream::No);
  context->on_body(Direction::Request, EndOfStream::No);
  EXPECT_FALSE(context->sees_body(Direction::Request));
  context->on_headers(Direction::Response, EndOfStream::No);
  context->finish();
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(2, 1)",
                                    "proxy_on_request_headers(2, 0, 0)", "proxy_on_log(2)"));
}

TEST_P(CapabilityTest, WhatCompilersAddIsNotWithheld) {
  allow({});
  script.on("proxy_on_request_headers")
      .call("pthread_equal", 7, 8)
      .call("emscripten_notify_memory_growth", 0);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("pthread_equal: Ok", "emscripten_notify_memory_growth: 0"));
  EXPECT_FALSE(host.log.has("not allowed"));
}

TEST_P(CapabilityTest, LoggingCanBeWithheld) {
  allow({"proxy_set_shared_data"});
  options.vm.allowed_capabilities.erase("proxy_log");
  script.on("proxy_on_request_headers").call("proxy_set_shared_data", "reached", "", 0);
  request_headers();
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_TRUE(host.log.has("proxy_log: this capability is not allowed"));
  EXPECT_TRUE(host.host.shared_data().store("")->get("reached").has_value());
}

INSTANTIATE_TEST_SUITE_P(Engines, CapabilityTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
