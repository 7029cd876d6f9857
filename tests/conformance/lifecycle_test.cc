// The life of root and stream contexts: the order of callbacks, and endings that wait for
// proxy_done (ABI 0.2.1, "Context lifecycle").

#include "abi/map_codec.h"
#include "conformance/machine_test.h"
#include "runtime/done_waits.h"

namespace weir::test {
namespace {

class LifecycleTest : public MachineTest {
 protected:
  // As start(), without forgetting.
  void start_aloud() {
    options.configuration = script.bytes();
    auto loaded = host.load(options);
    plugin = worker.start(std::move(loaded));
  }
  std::string size_of_script() const { return std::to_string(options.configuration.size()); }
};

TEST_P(LifecycleTest, StartsARootInTheOrderOfTheSpecification) {
  options.vm.configuration = "vm conf";
  start_aloud();
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(1, 0)", "proxy_on_vm_start(1, 7)",
                                    "proxy_validate_configuration(1, " + size_of_script() + ")",
                                    "proxy_on_configure(1, " + size_of_script() + ")"));
}

TEST_P(LifecycleTest, TriesAPluginOutWhenItIsLoadedAndEndsItAgain) {
  options.configuration = script.bytes();
  ASSERT_TRUE(host.host.load(options).ok());
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(1, 0)", "proxy_on_vm_start(1, 0)",
                                    "proxy_validate_configuration(1, " + size_of_script() + ")",
                                    "proxy_on_configure(1, " + size_of_script() + ")",
                                    "proxy_on_done(1)", "proxy_on_delete(1)"));
}

TEST_P(LifecycleTest, EndsARootOnceItsStreamsAreGone) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  open();
  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(), IsEmpty());
  context.reset();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)",
                                    "proxy_on_done(1)", "proxy_on_delete(1)"));
}

TEST_P(LifecycleTest, WaitsForTheRootsProxyDone) {
  script.on("proxy_on_done").answer(0);
  script.on("proxy_on_tick").call("proxy_done");
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 10);
  start();
  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)"));
  worker.services.advance(Milliseconds(10));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)", "  proxy_done: Ok", "proxy_on_delete(1)"));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(LifecycleTest, DropsARootThatNeverSaysDone) {
  script.on("proxy_on_done").answer(0);
  start();
  plugin.reset();
  worker.services.advance(Milliseconds(10'000));
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)"));
  EXPECT_TRUE(host.log.has("has not called proxy_done in time"));
}

TEST_P(LifecycleTest, DoneInsideOnDoneIsEnough) {
  script.on("proxy_on_done").call("proxy_done").answer(0);
  start();
  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)", "  proxy_done: Ok", "proxy_on_delete(1)"));
}

TEST_P(LifecycleTest, DoneInsideOnDeleteChangesNothing) {
  script.on("proxy_on_delete").call("proxy_done");
  start();
  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_done(1)", "proxy_on_delete(1)", "  proxy_done: NotFound"));
}

TEST_P(LifecycleTest, WhatARootStartsWhileItIsDeletedComesToNothing) {
  worker.services.upstreams().add("cluster");
  const std::string request =
      abi::encode_property_map(HeaderList{{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
  script.on("proxy_on_delete")
      .call("proxy_set_tick_period_milliseconds", 1)
      .call("proxy_http_call", "cluster", request, "", "", 1, out32());
  start();
  plugin.reset();
  worker.services.advance(Milliseconds(100));
  EXPECT_THAT(events(), ::testing::Not(::testing::Contains(StartsWith("proxy_on_tick"))));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(LifecycleTest, AStreamIsCreatedLoggedAndDeleted) {
  start();
  context = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(2, 1)"));
  EXPECT_TRUE(context->finish());
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)"));
  context.reset();
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(LifecycleTest, AStreamThatIsNotFinishedEndsWithItsContext) {
  open();
  context.reset();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)"));
}

TEST_P(LifecycleTest, AStreamThatNeverSaysDoneEndsWithoutIt) {
  script.on("proxy_on_done").answer(0);
  open();
  EXPECT_FALSE(context->finish());
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)"));
  worker.services.advance(runtime::DoneWaits::kLongest);
  EXPECT_THAT(events(), ElementsAre("proxy_on_log(2)", "proxy_on_delete(2)", "finished"));
  EXPECT_TRUE(host.log.has("proxy_done has not been called"));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(LifecycleTest, OnlySoManyStreamsWaitForDone) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  script.on("proxy_on_done").answer(0);
  open();
  events();
  std::vector<std::unique_ptr<runtime::HttpContext>> waiting;
  for (size_t i = 0; i < runtime::DoneWaits::kMostStreams; ++i) {
    waiting.push_back(plugin->make_http_context(stream));
    ASSERT_FALSE(waiting.back()->finish());
  }
  events();
  EXPECT_TRUE(context->finish());
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)"));
}

TEST_P(LifecycleTest, IdsAreNotUsedAgain) {
  start();
  for (std::string id : {"2", "3", "4"}) {
    context = plugin->make_http_context(stream);
    EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(" + id + ", 1)"));
    context.reset();
    events();
  }
}

TEST_P(LifecycleTest, AStreamWaitsForProxyDone) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  script.on("proxy_on_done", 1).answer(0);
  script.on("proxy_on_tick").call("proxy_set_effective_context", 2).call("proxy_done");
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 10);
  open();
  EXPECT_FALSE(context->finish());
  EXPECT_FALSE(context->finish());
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)"));
  worker.services.advance(Milliseconds(10));
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_tick(1)", "  proxy_set_effective_context: Ok",
                          "  proxy_done: Ok", "proxy_on_log(2)", "proxy_on_delete(2)", "finished"));
  EXPECT_TRUE(context->finish());
  context.reset();
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(LifecycleTest, AStreamThatIsGivenUpWhileItWaitsIsLoggedAndDeleted) {
  script.on("proxy_on_done", 1).answer(0);
  open();
  EXPECT_FALSE(context->finish());
  context.reset();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)"));
}

TEST_P(LifecycleTest, AStreamsDoneInsideOnDoneIsEnough) {
  script.on("proxy_on_done", 1).call("proxy_done").answer(0);
  open();
  EXPECT_TRUE(context->finish());
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "  proxy_done: Ok", "proxy_on_log(2)",
                                    "proxy_on_delete(2)"));
}

TEST_P(LifecycleTest, DoneIsNotFoundWhereNothingWaitsForIt) {
  script.on("proxy_on_request_headers").call("proxy_done");
  script.on("proxy_on_log").call("proxy_done");
  script.on("proxy_on_delete").call("proxy_done");
  script.on("proxy_on_configure").call("proxy_done");
  start_aloud();
  EXPECT_THAT(reports(), ElementsAre("proxy_done: NotFound"));
  request_headers();
  EXPECT_THAT(reports(), ElementsAre("proxy_done: NotFound"));
  context->finish();
  EXPECT_THAT(reports(), ElementsAre("proxy_done: NotFound", "proxy_done: NotFound"));
}

TEST_P(LifecycleTest, TheVmsConfigurationIsThereWhileItStartsAndLaterThePluginsToo) {
  options.vm.configuration = "vm conf";
  script.on("proxy_on_vm_start")
      .call("proxy_get_buffer_bytes", BufferType::VmConfiguration, 0, 100, out_value())
      .call("proxy_get_buffer_status", BufferType::VmConfiguration, out_word(), out32())
      .call("proxy_get_buffer_bytes", BufferType::PluginConfiguration, 0, 8, out_value());
  script.on("proxy_on_configure")
      .call("proxy_get_buffer_bytes", BufferType::VmConfiguration, 3, 4, out_value())
      .call("proxy_get_buffer_bytes", BufferType::PluginConfiguration, 0, 8, out_value())
      .call("proxy_set_buffer_bytes", BufferType::PluginConfiguration, 0, 1, "x");
  start_aloud();
  EXPECT_THAT(
      reports(),
      ElementsAre("proxy_get_buffer_bytes: Ok \"vm conf\"", "proxy_get_buffer_status: Ok 7 0",
                  "proxy_get_buffer_bytes: NotFound -", "proxy_get_buffer_bytes: Ok \"conf\"",
                  "proxy_get_buffer_bytes: Ok \"machine:\"",
                  "proxy_set_buffer_bytes: BadArgument"));
}

TEST_P(LifecycleTest, AVmStartThatAnswersFalseRefusesThePlugin) {
  script.on("proxy_on_vm_start").answer(0);
  options.configuration = script.bytes();
  EXPECT_EQ(host.refusal(options),
            "plugin 'machine': the plugin refused to start: proxy_on_vm_start returned false");
}

TEST_P(LifecycleTest, AConfigureThatAnswersFalseRefusesThePlugin) {
  script.on("proxy_on_configure").answer(0);
  options.configuration = script.bytes();
  EXPECT_EQ(host.refusal(options),
            "plugin 'machine': the plugin refused its configuration: proxy_on_configure returned "
            "false");
}

TEST_P(LifecycleTest, AValidateThatAnswersFalseRefusesThePlugin) {
  script.on("proxy_validate_configuration").answer(0);
  options.configuration = script.bytes();
  EXPECT_THAT(host.refusal(options), HasSubstr("proxy_validate_configuration returned false"));
}

TEST_P(LifecycleTest, ATrapRefusesThePluginAndTellsWhere) {
  script.on("proxy_on_configure").trap();
  options.configuration = script.bytes();
  EXPECT_THAT(host.refusal(options),
              StartsWith("plugin 'machine': proxy_on_configure: unreachable"));
}

// What is tried out is not what serves, and may be refused.
TEST_P(LifecycleTest, ATrapWhileAPluginIsTriedOutIsNotCounted) {
  const auto counted = [&] { return host.counter("wasm.machine.failed.unreachable"); };
  script.on("proxy_on_configure").trap();
  options.configuration = script.bytes();
  EXPECT_THAT(host.refusal(options), HasSubstr("unreachable"));
  EXPECT_EQ(counted(), 0u);
  for (const std::string_view callback : {"proxy_on_done", "proxy_on_delete"}) {
    Script ending;
    ending.on(callback).trap();
    options.configuration = ending.bytes();
    EXPECT_TRUE(host.host.load(options).ok());
    EXPECT_THAT(events(), ::testing::Contains(HasSubstr(std::string(callback))));
    EXPECT_EQ(counted(), 0u) << callback;
  }
}

TEST_P(LifecycleTest, ARefusalOnAWorkerLeavesOtherPluginsOfTheVmAlone) {
  if (isolated()) GTEST_SKIP() << "its streams share no instance";
  start();
  auto other = options;
  Script refusing;
  // The trial at load() is its first call.
  refusing.on("proxy_on_configure").call("proxy_set_shared_data", "tried", "", 1).answer(1);
  refusing.on("proxy_on_vm_start").call("proxy_get_shared_data", "tried", out_value(), out32());
  other.name = "other";
  other.configuration = refusing.bytes();
  auto second = worker.start(host.load(other));
  second.reset();
  EXPECT_THAT(events(), ::testing::Contains("other: proxy_on_delete(2)"));
  request_headers();
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(3, 0, 0)"));
}

INSTANTIATE_TEST_SUITE_P(Engines, LifecycleTest, ::testing::ValuesIn(engines_and_isolations()),
                         engine_name);

}  // namespace
}  // namespace weir::test
