// Logging, clocks, ticks and look-ups of names (ABI 0.2.1, "Logging", "Clocks", "Timers").

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class ServicesTest : public MachineTest {
 protected:
  // The lines of other loggers than the machine.
  std::vector<std::string> logged() {
    constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error", "critical"};
    std::vector<std::string> lines;
    for (const auto& line : host.log.take()) {
      lines.push_back(std::string(kNames[static_cast<size_t>(line.level)]) + " " + line.text);
    }
    return lines;
  }
};

TEST_P(ServicesTest, ALineIsLoggedAtItsLevelUnderThePluginsName) {
  auto& actions = script.on("proxy_on_request_headers");
  for (uint32_t level = 0; level <= 6; ++level) actions.call("proxy_log", level, "text");
  actions.call("proxy_log", 0xffffffff, "text").call("proxy_log", 2, "");
  host.log.set_level(LogLevel::Trace);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_log: Ok", "proxy_log: Ok", "proxy_log: Ok", "proxy_log: Ok",
                          "proxy_log: Ok", "proxy_log: Ok", "proxy_log: BadArgument",
                          "proxy_log: BadArgument", "proxy_log: Ok"));
  EXPECT_THAT(logged(), ElementsAre("trace wasm [machine]: text", "debug wasm [machine]: text",
                                    "info wasm [machine]: text", "warn wasm [machine]: text",
                                    "error wasm [machine]: text", "critical wasm [machine]: text",
                                    "info wasm [machine]: "));
}

TEST_P(ServicesTest, LinesBelowTheLevelAreDroppedAndTheLevelIsTold) {
  script.on("proxy_on_request_headers")
      .call("proxy_log", 2, "not written")
      .call("proxy_get_log_level", out32())
      .call("proxy_log", 3, "written");
  open();
  host.log.set_level(LogLevel::Warn);
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_log: Ok", "proxy_get_log_level: Ok 3", "proxy_log: Ok"));
  EXPECT_THAT(logged(), ElementsAre("warn wasm [machine]: written"));
}

TEST_P(ServicesTest, TheTimeIsThatOfTheHost) {
  script.on("proxy_on_request_headers").call("proxy_get_current_time_nanoseconds", out64());
  open();
  host.clock.advance(Nanoseconds(7));
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("proxy_get_current_time_nanoseconds: Ok 1700000000000000007"));
}

TEST_P(ServicesTest, TicksComeAtTheirPeriodUntilItIsZero) {
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 100);
  script.on("proxy_on_tick", 3).call("proxy_set_tick_period_milliseconds", 0);
  start();
  worker.services.advance(Milliseconds(99));
  EXPECT_THAT(events(), IsEmpty());
  worker.services.advance(Milliseconds(1));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)"));
  worker.services.advance(Milliseconds(1000));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)", "proxy_on_tick(1)",
                                    "  proxy_set_tick_period_milliseconds: Ok"));
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(ServicesTest, ANewPeriodReplacesTheFormer) {
  script.on("proxy_on_request_headers").call("proxy_set_tick_period_milliseconds", 100);
  script.on("proxy_on_request_body").call("proxy_set_tick_period_milliseconds", 30);
  script.on("proxy_on_tick", 1).call("proxy_set_tick_period_milliseconds", 0xffffffff);
  request_headers();
  request_body();
  EXPECT_EQ(worker.services.armed_timers(), 1u);
  events();
  worker.services.advance(Milliseconds(30));
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_tick(1)", "  proxy_set_tick_period_milliseconds: Ok"));
  worker.services.advance(Milliseconds(1'000'000));
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(ServicesTest, TicksEndWithTheRoot) {
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 100);
  start();
  plugin.reset();
  worker.services.run();
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(ServicesTest, ANameIsLookedUpForTheContextThatAsked) {
  script.on("proxy_on_request_headers").call("envoy_resolve_dns", "a.example", out32());
  script.on("envoy_on_resolve_dns")
      .call("proxy_get_buffer_bytes", BufferType::CallData, 0, 100, out_value());
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("envoy_resolve_dns: Ok 7"));
  const auto lookups = worker.services.take_lookups();
  ASSERT_EQ(lookups.size(), 1u);
  EXPECT_EQ(lookups[0].host, "a.example");
  EXPECT_THAT(events(), IsEmpty());
  lookups[0].answer({"192.0.2.1:0", "[2001:db8::1]:0"});
  const auto lines = events();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "envoy_on_resolve_dns(2, 7, 40)");
  EXPECT_THAT(lines[1], StartsWith("  proxy_get_buffer_bytes: Ok \"\\x02\\x00\\x00\\x00"));
  EXPECT_THAT(lines[1], ::testing::EndsWith("192.0.2.1:0\\x00[2001:db8::1]:0\\x00\""));
}

TEST_P(ServicesTest, AnAnswerForAContextThatIsGoneIsDropped) {
  script.on("proxy_on_request_headers").call("envoy_resolve_dns", "a.example", out32());
  request_headers();
  const auto lookups = worker.services.take_lookups();
  ASSERT_EQ(lookups.size(), 1u);
  context.reset();
  events();
  lookups[0].answer({"192.0.2.1:0"});
  plugin.reset();
  worker.services.run();
  lookups[0].answer({"192.0.2.1:0"});
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)", "proxy_on_delete(1)"));
}

TEST_P(ServicesTest, ANameToLookUpIsNeitherEmptyNorEndless) {
  script.on("proxy_on_request_headers")
      .call("envoy_resolve_dns", "", out32())
      .call("envoy_resolve_dns", std::string(10'000, 'x'), out32());
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("envoy_resolve_dns: BadArgument -", "envoy_resolve_dns: BadArgument -"));
}

TEST_P(ServicesTest, HelpersOfEmscriptenAreThere) {
  script.on("proxy_on_request_headers")
      .call("pthread_equal", 7, 7)
      .call("pthread_equal", 7, 8)
      .call("emscripten_notify_memory_growth", 0);
  // The machine takes any i32 for a status: 1 and 0 here.
  EXPECT_THAT(reports_of_request_headers(),
              ElementsAre("pthread_equal: NotFound", "pthread_equal: Ok",
                          "emscripten_notify_memory_growth: 0"));
}

INSTANTIATE_TEST_SUITE_P(Engines, ServicesTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
