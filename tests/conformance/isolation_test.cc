// Streams that have an instance each: what one does, no other sees.

#include "abi/map_codec.h"
#include "conformance/machine_test.h"
#include "module/module_bytes.h"
#include "runtime/shared_data.h"
#include "support/temporary_folder.h"

namespace weir::test {
namespace {

using runtime::FailurePolicy;

class IsolationTest : public MachineTest {
 protected:
  IsolationTest() {
    options.vm.isolation = runtime::Isolation::Stream;
    worker.services.upstreams().add("cluster");
  }

  // One more stream of the plugin.
  struct Stream {
    Stream(Journal& journal, runtime::WorkerPlugin& of)
        : http(journal), context(of.make_http_context(http)) {
      journal.take();
    }
    HeadersAction request_headers() {
      return context->on_headers(Direction::Request, EndOfStream::No);
    }

    FakeHttpStream http;
    std::unique_ptr<runtime::HttpContext> context;
  };
  std::unique_ptr<Stream> another() {
    if (!plugin) start();
    return std::make_unique<Stream>(host.journal, *plugin);
  }

  uint64_t live_instances() {
    auto* gauge = host.metrics.define(abi::MetricType::Gauge,
                                      "wasm." + std::string(adapter_of(GetParam())) + ".active");
    return gauge->value();
  }

  std::string request_map() {
    return abi::encode_property_map(
        HeaderList{{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
  }
};

TEST_P(IsolationTest, EachStreamBeginsWithTheStateAfterConfigure) {
  // The machine counts its calls in its memory.
  script.on("proxy_on_request_headers", 1).answer(1);
  script.on("proxy_on_request_headers", 2).say("again");
  auto first = another();
  auto second = another();
  EXPECT_EQ(first->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  EXPECT_EQ(second->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  events();
  first->request_headers();
  EXPECT_THAT(reports(), ElementsAre("again"));
}

TEST_P(IsolationTest, NoTwoStreamsOfAWorkerHaveOneId) {
  start();
  auto first = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(2, 1)"));
  FakeHttpStream other(host.journal);
  auto second = plugin->make_http_context(other);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 1)"));
}

TEST_P(IsolationTest, ATrapCostsOneStream) {
  const engine::Capabilities can = capabilities_of(GetParam());
  options.vm.limits.max_memory_bytes = 4 << 20;
  for (const char* fault : {"trap", "loop", "recurse", "memory", "exit"}) {
    start_over();
    const std::string_view name = fault;
    Actions& actions = script.on("proxy_on_response_headers");
    if (name == "trap") actions.trap();
    options.vm.limits.call_time = name == "loop" ? kDeadline : kAmpleTime;
    if (name == "loop") actions.loop();
    if (name == "recurse") actions.recurse();
    if (name == "exit") actions.call("proc_exit", 3);
    if (name == "memory") {
      for (int page = 0; page < 64; ++page) actions.grow(1);
      actions.trap();
    }
    if ((name == "loop" && !can.interrupt) || (name == "recurse" && !can.stack_limit)) continue;
    script.on("proxy_on_request_headers").answer(1);
    script.on("proxy_on_request_body").say("alive");
    auto paused = another();
    paused->request_headers();
    auto failing = another();
    events();
    failing->context->on_headers(Direction::Response, EndOfStream::No);
    EXPECT_THAT(events().back(), StartsWith("fail: plugin 'machine': proxy_on_response_headers"));
    EXPECT_TRUE(failing->context->finish());
    paused->context->on_body(Direction::Request, EndOfStream::Yes);
    EXPECT_THAT(reports(), ElementsAre("alive")) << fault;
    EXPECT_TRUE(plugin->status().running);
    EXPECT_EQ(plugin->status().failures, 1u);
    // The next one begins as the first did.
    EXPECT_EQ(another()->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  }
  EXPECT_EQ(host.counter("wasm.machine.failed.proc_exit"), 1u);
  EXPECT_EQ(host.counter("wasm.machine.failed.out_of_memory"), 1u);
}

TEST_P(IsolationTest, TrapsWithoutEndMakeNoStreamWait) {
  script.on("proxy_on_request_headers", 1).trap();
  for (int i = 0; i < 100; ++i) {
    another()->request_headers();
    EXPECT_THAT(events(), ElementsAre(StartsWith("proxy_on_request_headers("),
                                      StartsWith("fail: plugin 'machine'")));
  }
  EXPECT_EQ(host.counter("wasm.machine.failed.unreachable"), 100u);
}

// Whoever can make a plugin trap could fill a disk otherwise.
TEST_P(IsolationTest, TheLogTellsOfABurstOfFailuresAndThenOfOneASecond) {
  script.on("proxy_on_request_headers", 1).trap();
  const auto fail = [&](int times) {
    for (int i = 0; i < times; ++i) another()->request_headers();
    std::vector<std::string> lines;
    for (const auto& line : host.log.take()) {
      if (line.level == LogLevel::Error) lines.push_back(line.text);
    }
    return lines;
  };
  EXPECT_THAT(fail(20), ::testing::SizeIs(20));
  EXPECT_THAT(fail(100), IsEmpty());
  host.clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(fail(50),
              ElementsAre(::testing::EndsWith(" (100 failures before this one were not logged)")));
  host.clock.advance(std::chrono::seconds(60));
  const auto burst = fail(30);
  ASSERT_EQ(burst.size(), 20u);
  EXPECT_THAT(burst[0], HasSubstr(" (49 failures "));
  EXPECT_THAT(burst[1], ::testing::Not(HasSubstr("not logged")));
  EXPECT_EQ(host.counter("wasm.machine.failed.unreachable"), 200u);
}

TEST_P(IsolationTest, TheMemoryOfAFailedInstanceIsFreeAtOnce) {
  script.on("proxy_on_request_headers").grow(16).trap();
  options.failure_policy = FailurePolicy::FailOpen;
  auto bypassed = another();
  const uint64_t before = plugin->status().stream_memory_bytes;
  EXPECT_GT(before, 0u);
  bypassed->request_headers();
  EXPECT_EQ(plugin->status().stream_instances, 1u);
  EXPECT_EQ(plugin->status().stream_memory_bytes, 0u);
}

TEST_P(IsolationTest, TicksAndQueuesOfConfigureAreTheRootInstances) {
  script.on("proxy_on_configure")
      .call("proxy_set_tick_period_milliseconds", 10)
      .call("proxy_register_shared_queue", "queue", out32_to(1))
      .call("proxy_enqueue_shared_queue", in_register(1), "item");
  auto one = another();
  worker.services.advance(Milliseconds(10));
  const auto lines = events();
  EXPECT_EQ(std::ranges::count(lines, "proxy_on_tick(1)"), 1);
  EXPECT_THAT(lines, ::testing::Contains(StartsWith("proxy_on_queue_ready(1, ")));
}

TEST_P(IsolationTest, WhatARootDoesLaterNoStreamSees) {
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 10);
  script.on("proxy_on_tick").grow(16);
  auto before = another();
  worker.services.advance(Milliseconds(10));
  const uint64_t of_one = plugin->status().stream_memory_bytes;
  auto after = another();
  EXPECT_EQ(plugin->status().stream_memory_bytes, 2 * of_one);
}

TEST_P(IsolationTest, StreamsGoOnWhereTheRootInstanceFails) {
  script.on("proxy_on_configure").call("proxy_set_tick_period_milliseconds", 10);
  script.on("proxy_on_tick").trap();
  script.on("proxy_on_request_headers").answer(1);
  auto one = another();
  worker.services.advance(Milliseconds(10));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)"));
  EXPECT_FALSE(plugin->status().running);
  EXPECT_EQ(one->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  // A new stream has the root instance started again.
  another();
  EXPECT_TRUE(plugin->status().running);
}

TEST_P(IsolationTest, MetricsAndPropertiesOfConfigureAreKnown) {
  script.on("proxy_on_configure")
      .call("proxy_define_metric", 0, "mine", out32_to(1))
      .call("proxy_set_property", "p", "v");
  script.on("proxy_on_request_headers")
      .call("proxy_increment_metric", in_register(1), uint64_t{5})
      .call("proxy_define_metric", 0, "mine", out32_to(2))
      .call("proxy_increment_metric", in_register(2), uint64_t{5})
      .call("proxy_define_metric", 0, "another", out32_to(3))
      .call("proxy_increment_metric", in_register(3), uint64_t{5});
  another()->request_headers();
  another()->request_headers();
  EXPECT_EQ(host.counter("wasmcustom.mine"), 20u);
  EXPECT_EQ(host.counter("wasmcustom.another"), 10u);
}

TEST_P(IsolationTest, ACallAnswersInTheInstanceThatMadeIt) {
  script.on("proxy_on_request_headers", 1)
      .call("proxy_http_call", "cluster", request_map(), "", "", 0, out32())
      .answer(1);
  script.on("proxy_on_http_call_response").say("answered");
  script.on("proxy_on_request_body", 1).say("body");
  auto caller = another();
  auto other = another();
  caller->request_headers();
  events();
  EXPECT_EQ(worker.services.upstreams().count(), 1u);
  worker.services.upstreams().last().answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_THAT(reports(), ElementsAre("answered"));
}

TEST_P(IsolationTest, AnInstanceStaysForItsCallsWhenItsStreamIsOver) {
  script.on("proxy_on_log").call("proxy_http_call", "cluster", request_map(), "", "", 0, out32());
  script.on("proxy_on_http_call_response").say("answered");
  auto one = another();
  const uint64_t with_stream = live_instances();
  EXPECT_TRUE(one->context->finish());
  one.reset();
  worker.services.run();
  EXPECT_EQ(live_instances(), with_stream);
  EXPECT_FALSE(worker.services.upstreams().last().reset);
  events();
  worker.services.upstreams().last().answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_THAT(reports(), ElementsAre("answered"));
  worker.services.run();
  EXPECT_EQ(live_instances(), with_stream - 1);
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(IsolationTest, AnInstanceWaitsAMinuteForItsCallsAtMost) {
  script.on("proxy_on_log").call("proxy_http_call", "cluster", request_map(), "", "", 0, out32());
  auto one = another();
  const uint64_t with_stream = live_instances();
  one.reset();
  worker.services.advance(std::chrono::seconds(59));
  EXPECT_EQ(live_instances(), with_stream);
  worker.services.advance(std::chrono::seconds(2));
  EXPECT_EQ(live_instances(), with_stream - 1);
  EXPECT_TRUE(worker.services.upstreams().last().reset);
  EXPECT_TRUE(host.log.has("have had no answer for too long"));
}

TEST_P(IsolationTest, ATickOfAStreamEndsWithIt) {
  script.on("proxy_on_request_headers").call("proxy_set_tick_period_milliseconds", 10);
  auto one = another();
  one->request_headers();
  events();
  worker.services.advance(Milliseconds(10));
  EXPECT_THAT(events(), ElementsAre("proxy_on_tick(1)"));
  one.reset();
  EXPECT_EQ(worker.services.armed_timers(), 0u);
}

TEST_P(IsolationTest, AStreamMayFinishLater) {
  script.on("proxy_on_done", 1)
      .call("proxy_http_call", "cluster", request_map(), "", "", 0, out32())
      .answer(0);
  script.on("proxy_on_http_call_response")
      .call("proxy_set_effective_context", 2)
      .call("proxy_done");
  auto one = another();
  EXPECT_FALSE(one->context->finish());
  worker.services.upstreams().last().answer_headers({{":status", "200"}}, EndOfStream::Yes);
  EXPECT_THAT(events(), ::testing::Contains("finished"));
}

TEST_P(IsolationTest, InstancesTakeNoMoreMemoryThanIsAllowed) {
  start();
  auto first = another();
  const uint64_t of_one = plugin->status().stream_memory_bytes;
  first.reset();
  start_over();
  options.vm.limits.max_stream_memory_bytes = 3 * of_one;
  for (FailurePolicy policy : {FailurePolicy::FailClosed, FailurePolicy::FailOpen}) {
    start_over();
    options.failure_policy = policy;
    script.on("proxy_on_request_headers").answer(1);
    std::vector<std::unique_ptr<Stream>> streams;
    for (int i = 0; i < 3; ++i) streams.push_back(another());
    EXPECT_EQ(plugin->status().stream_instances, 3u);
    auto refused = another();
    const bool closed = policy == FailurePolicy::FailClosed;
    EXPECT_EQ(refused->request_headers(),
              closed ? HeadersAction::StopAllIterationAndWatermark : HeadersAction::Continue);
    if (closed) {
      EXPECT_THAT(events().back(), HasSubstr("limits.max_stream_memory_bytes is "));
    }
    EXPECT_EQ(plugin->status().stream_instances, 3u);
    streams.pop_back();
    EXPECT_EQ(another()->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  }
  EXPECT_EQ(host.counter("wasm.machine.stream_instances_refused"), 2u);
}

// A plugin of some hundred bytes whose table has 100,000 elements.
std::string plugin_with_table() {
  using namespace wasm;
  return kPreamble + type_section("\2\x60\0\0\x60\1\x7f\1\x7f"sv) + function_section("\2\0\1"sv) +
         section(4, "\1\x70\0\xa0\x8d\6"sv) + memory_section("\1\0\1"sv) +
         export_section("\3" + name("proxy_abi_version_0_2_1") + "\0\0"s + name("malloc") +
                        "\0\1"s + name("memory") + "\2\0"s) +
         code_section("\2\2\0\x0b\4\0\x20\0\x0b"sv);
}

// A hundred streams could take gigabytes by tables under a bound of some megabytes.
TEST_P(IsolationTest, TablesCountAsMemoryDoes) {
  constexpr uint64_t kLeast = 65536 + 100'000 * sizeof(void*);
  options.vm.code = plugin_with_table();
  auto first = another();
  const uint64_t of_one = plugin->status().stream_memory_bytes;
  EXPECT_GT(of_one, kLeast);
  EXPECT_LT(of_one, 8 * kLeast);
  first.reset();
  EXPECT_EQ(plugin->status().stream_memory_bytes, 0u);
  start_over();
  options.vm.limits.max_stream_memory_bytes = 2 * of_one;
  first = another();
  auto second = another();
  auto refused = another();
  EXPECT_EQ(plugin->status().stream_instances, 2u);
  EXPECT_EQ(plugin->status().stream_memory_bytes, 2 * of_one);
  EXPECT_EQ(host.counter("wasm.machine.stream_instances_refused"), 1u);
}

TEST_P(IsolationTest, ATableThatNoStreamHasRoomForIsRefused) {
  options.vm.code = plugin_with_table();
  options.vm.limits.max_stream_memory_bytes = 500'000;
  EXPECT_THAT(host.refusal(options), HasSubstr("limits.max_stream_memory_bytes is 500000"));
}

TEST_P(IsolationTest, AnInstanceThatGrowsBeyondWhatIsLeftFailsAlone) {
  auto first = another();
  const uint64_t of_one = plugin->status().stream_memory_bytes;
  first.reset();
  start_over();
  options.vm.limits.max_stream_memory_bytes = 2 * of_one + 3 * 65536;
  script.on("proxy_on_request_headers").grow(2).answer(1);
  first = another();
  auto second = another();
  first->request_headers();
  EXPECT_THAT(events().back(), ::testing::Not(StartsWith("fail: ")));
  second->request_headers();
  EXPECT_THAT(events().back(), HasSubstr("out of memory"));
  EXPECT_EQ(plugin->status().stream_memory_bytes, of_one + 2 * 65536);
  EXPECT_EQ(host.counter("wasm.machine.failed.out_of_memory"), 1u);
}

TEST_P(IsolationTest, AnImageThatNoStreamCouldHaveIsRefused) {
  options.vm.limits.max_stream_memory_bytes = 65536;
  EXPECT_THAT(host.refusal(options), HasSubstr("limits.max_stream_memory_bytes is 65536"));
}

TEST_P(IsolationTest, NothingIsLeftOfStreams) {
  start();
  const uint64_t before = live_instances();
  for (int i = 0; i < 200; ++i) another()->request_headers();
  EXPECT_EQ(live_instances(), before);
  EXPECT_EQ(plugin->status().stream_instances, 0u);
  EXPECT_EQ(plugin->status().stream_memory_bytes, 0u);
}

TEST_P(IsolationTest, StreamsOutliveTheirPlugin) {
  script.on("proxy_on_request_headers").answer(1);
  auto one = another();
  plugin.reset();
  worker.services.run();
  EXPECT_EQ(one->request_headers(), HeadersAction::StopAllIterationAndWatermark);
  one.reset();
  worker.services.run();
  EXPECT_EQ(live_instances(), 0u);
}

TEST_P(IsolationTest, ConnectionsHaveInstancesToo) {
  script.on("proxy_on_downstream_data").trap();
  auto http = another();
  open_network();
  EXPECT_EQ(plugin->status().stream_instances, 2u);
  EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), NetworkAction::StopIteration);
  EXPECT_EQ(http->request_headers(), HeadersAction::Continue);
}

TEST_P(IsolationTest, PluginsOfOneVmHaveImagesOfTheirOwn) {
  script.on("proxy_on_request_headers").answer(1);
  start();
  auto other_options = options;
  other_options.name = "other";
  other_options.configuration = Script().bytes();
  auto other = worker.start(host.load(other_options));
  FakeHttpStream other_stream(host.journal);
  auto other_context = other->make_http_context(other_stream);
  EXPECT_EQ(other_context->on_headers(Direction::Request, EndOfStream::No),
            HeadersAction::Continue);
  EXPECT_EQ(another()->request_headers(), HeadersAction::StopAllIterationAndWatermark);
}

TEST_P(IsolationTest, FramesAreThoseOfThePluginsFile) {
  script.on("proxy_on_request_headers").trap();
  options.vm.isolation = runtime::Isolation::Shared;
  request_headers();
  const auto shared = events().back();
  start_over();
  options.vm.isolation = runtime::Isolation::Stream;
  script.on("proxy_on_request_headers").trap();
  another()->request_headers();
  EXPECT_EQ(events().back(), shared);
}

TEST_P(IsolationTest, ImagesAreKeptInTheCodeCacheUnlessTheyHaveMetChance) {
  const TemporaryFolder folder;
  const engine::CodeCache cache(folder.path(), 1 << 30, host.log);
  TestHost other(engines(), cache);
  auto plugin_options = machine_options(GetParam(), "chance");
  plugin_options.vm.isolation = runtime::Isolation::Stream;
  const auto kept_by_a_load = [&](std::string configuration) {
    const size_t before = folder.count();
    plugin_options.configuration = std::move(configuration);
    other.load(plugin_options);
    return folder.count() - before;
  };
  const size_t one = capabilities_of(GetParam()).serialize ? 1 : 0;
  // The plugin, which is tried out, and the image of it.
  EXPECT_EQ(kept_by_a_load("333"), 2 * one);
  EXPECT_EQ(kept_by_a_load("333"), 0u);
  EXPECT_EQ(kept_by_a_load("1"), 0u);
  EXPECT_EQ(kept_by_a_load("22"), 0u);
  EXPECT_EQ(kept_by_a_load("4444"), one);
}

TEST_P(IsolationTest, AStateThatCannotBeKeptIsMadeForEachStream) {
  auto odd = machine_options(GetParam(), "state_table");
  odd.name = "odd";
  odd.vm.isolation = runtime::Isolation::Stream;
  auto loaded = host.host.load(odd);
  if (!loaded.ok() && adapter_of(GetParam()) == "wavm") {
    GTEST_SKIP() << "WAVM has no reference types";
  }
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(host.log.has("its started state cannot be kept (its code may change a table)"));
  plugin = worker.start(std::move(loaded).value());
  host.log.take();
  events();
  for (int i = 0; i < 3; ++i) {
    auto one = another();
    EXPECT_EQ(one->request_headers(), HeadersAction::Continue);
    // The worker's root has said it already.
    EXPECT_FALSE(host.log.has("configured"));
  }
  EXPECT_EQ(host.counter("wasm.odd.stream_instances_from_scratch"), 3u);
}

INSTANTIATE_TEST_SUITE_P(Engines, IsolationTest, ::testing::ValuesIn(wasm_engines()), engine_name);

TEST(IsolationOfNativePluginsTest, IsRefused) {
  TestHost host;
  auto options = machine_options("null");
  options.vm.isolation = runtime::Isolation::Stream;
  EXPECT_THAT(host.refusal(options), HasSubstr("isolation STREAM needs a wasm module"));
}

}  // namespace
}  // namespace weir::test
