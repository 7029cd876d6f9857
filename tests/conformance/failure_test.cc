// What becomes of streams when a guest traps, overruns or runs out, and how its VM comes back.

#include <ctime>

#include "abi/map_codec.h"
#include "conformance/machine_test.h"
#include "runtime/shared_data.h"

namespace weir::test {
namespace {

using runtime::FailurePolicy;
using ::testing::EndsWith;

class FailureTest : public MachineTest {
 protected:
  const engine::Capabilities can = capabilities_of(GetParam());

  uint64_t failures(std::string_view kind) {
    return host.counter("wasm.machine.failed." + std::string(kind));
  }

  // A stream of its own, whose first callback traps the instance.
  void let_another_stream_trap() {
    FakeHttpStream other(host.journal);
    auto its_context = plugin->make_http_context(other);
    its_context->on_headers(Direction::Response, EndOfStream::No);
  }
};

TEST_P(FailureTest, FailingClosedFailsTheStream) {
  script.on("proxy_on_request_headers").trap();
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 0)",
                                    StartsWith("fail: plugin 'machine': proxy_on_request_headers: "
                                               "unreachable")));
  // What comes now is the answer that failing closed made: it passes, unseen.
  EXPECT_EQ(response_headers(), HeadersAction::Continue);
  EXPECT_EQ(request_body(), DataAction::Continue);
  EXPECT_FALSE(context->sees_body(Direction::Response));
  EXPECT_FALSE(context->sees_trailers(Direction::Response));
  EXPECT_TRUE(context->finish());
  EXPECT_THAT(events(), IsEmpty());
  EXPECT_EQ(failures("unreachable"), 1u);
  EXPECT_TRUE(host.log.has("plugin 'machine': proxy_on_request_headers: unreachable"));
}

TEST_P(FailureTest, FailingOpenLetsTheStreamGoOn) {
  options.failure_policy = FailurePolicy::FailOpen;
  script.on("proxy_on_request_headers").trap();
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 0)", "resume response"));
  EXPECT_EQ(request_body(), DataAction::Continue);
  EXPECT_EQ(response_headers(), HeadersAction::Continue);
  EXPECT_TRUE(context->finish());
  EXPECT_THAT(events(), IsEmpty());
}

TEST_P(FailureTest, ATrapInAnyCallbackOfAStreamFailsIt) {
  for (std::string_view callback :
       {"proxy_on_context_create", "proxy_on_request_headers", "proxy_on_request_body",
        "proxy_on_request_trailers", "proxy_on_response_headers", "proxy_on_response_body",
        "proxy_on_response_trailers"}) {
    start_over();
    // The first call of proxy_on_context_create is for the root.
    script.on(callback, callback == "proxy_on_context_create" ? 2 : 1).trap();
    start();
    context = plugin->make_http_context(stream);
    for (Direction direction : {Direction::Request, Direction::Response}) {
      context->on_headers(direction, EndOfStream::No);
      context->on_body(direction, EndOfStream::No);
      context->on_trailers(direction);
    }
    EXPECT_TRUE(context->finish());
    const auto lines = events();
    ASSERT_GE(lines.size(), 2u) << callback;
    EXPECT_THAT(lines[lines.size() - 2], StartsWith(std::string(callback)));
    EXPECT_THAT(lines.back(), StartsWith("fail: plugin 'machine': " + std::string(callback)));
  }
}

TEST_P(FailureTest, ATrapAtTheEndOfAStreamHasNoStreamToFail) {
  for (std::string_view callback : {"proxy_on_done", "proxy_on_log", "proxy_on_delete"}) {
    start_over();
    script.on(callback, 1).trap();
    open();
    EXPECT_TRUE(context->finish());
    EXPECT_THAT(events().back(), StartsWith(std::string(callback)));
    context.reset();
    EXPECT_THAT(events(), IsEmpty());
  }
}

TEST_P(FailureTest, AStreamThatWaitsForProxyDoneIsFinishedByATrap) {
  script.on("proxy_on_done", 1).answer(0);
  script.on("proxy_on_response_headers").trap();
  open();
  EXPECT_FALSE(context->finish());
  events();
  let_another_stream_trap();
  EXPECT_THAT(events(), ::testing::Contains("finished"));
  EXPECT_TRUE(context->finish());
}

TEST_P(FailureTest, PausedStreamsOfTheInstanceFailWithIt) {
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_response_headers").trap();
  request_headers();
  events();
  let_another_stream_trap();
  EXPECT_THAT(
      events(),
      ElementsAre("proxy_on_context_create(3, 1)", "proxy_on_response_headers(3, 0, 0)",
                  StartsWith("fail: plugin 'machine'"), StartsWith("fail: plugin 'machine'")));
}

TEST_P(FailureTest, PausedStreamsGoOnWhereThePluginFailsOpen) {
  options.failure_policy = FailurePolicy::FailOpen;
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_response_headers").trap();
  request_headers();
  events();
  let_another_stream_trap();
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_context_create(3, 1)", "proxy_on_response_headers(3, 0, 0)",
                          "resume request", "resume response", "resume request"));
}

TEST_P(FailureTest, EachPluginOfAVmHasItsOwnPolicy) {
  script.on("proxy_on_request_headers").answer(1);
  script.on("proxy_on_response_headers").trap();
  start();
  auto open_options = options;
  open_options.name = "open";
  open_options.failure_policy = FailurePolicy::FailOpen;
  auto other = worker.start(host.load(open_options));
  FakeHttpStream other_stream(host.journal);
  auto other_context = other->make_http_context(other_stream);
  other_context->on_headers(Direction::Request, EndOfStream::No);
  events();
  let_another_stream_trap();
  const auto lines = events();
  EXPECT_EQ(std::ranges::count(lines, "resume request"), 1);
  EXPECT_THAT(lines, ::testing::Contains(StartsWith("fail: plugin 'machine'")));
}

TEST_P(FailureTest, ATrapInARootsCallbackFailsItsStreams) {
  worker.services.upstreams().add("cluster");
  const std::string request =
      abi::encode_property_map(HeaderList{{":method", "GET"}, {":path", "/"}, {":authority", "a"}});
  for (std::string_view callback :
       {"proxy_on_tick", "proxy_on_queue_ready", "proxy_on_http_call_response"}) {
    start_over();
    script.on("proxy_on_request_headers")
        .call("proxy_set_tick_period_milliseconds", callback == "proxy_on_tick" ? 10 : 0)
        .call("proxy_http_call", "cluster", request, "", "", 0, out32())
        .call("proxy_register_shared_queue", "queue", out32_to(1))
        .answer(1);
    if (callback == "proxy_on_queue_ready") {
      script.on("proxy_on_request_headers").call("proxy_enqueue_shared_queue", in_register(1), "");
    }
    script.on(callback).trap();
    request_headers();
    events();
    worker.services.advance(Milliseconds(10));
    if (callback == "proxy_on_http_call_response") {
      worker.services.upstreams().last().answer_headers({{":status", "200"}}, EndOfStream::Yes);
    }
    const auto lines = events();
    ASSERT_EQ(lines.size(), 2u) << callback;
    EXPECT_THAT(lines[0], StartsWith(std::string(callback)));
    EXPECT_THAT(lines[1], StartsWith("fail: plugin 'machine': " + std::string(callback)));
    EXPECT_EQ(worker.services.armed_timers(), 0u);
    // The failed instance's calls are given up.
    EXPECT_TRUE(callback == "proxy_on_http_call_response" ||
                worker.services.upstreams().last().reset);
  }
}

TEST_P(FailureTest, ATrapOfAConnectionFailsItOnce) {
  for (FailurePolicy policy : {FailurePolicy::FailClosed, FailurePolicy::FailOpen}) {
    start_over();
    options.failure_policy = policy;
    script.on("proxy_on_downstream_data").trap();
    open_network();
    const bool closed = policy == FailurePolicy::FailClosed;
    const auto wanted = closed ? NetworkAction::StopIteration : NetworkAction::Continue;
    EXPECT_EQ(network->on_new_connection(), NetworkAction::Continue);
    EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), wanted);
    EXPECT_EQ(network->on_data(Direction::Response, EndOfStream::No), wanted);
    network->on_close(Direction::Request, abi::PeerType::Local);
    EXPECT_TRUE(network->finish());
    EXPECT_THAT(events(),
                ElementsAre("proxy_on_new_connection(2)", "proxy_on_downstream_data(2, 0, 0)",
                            closed ? StartsWith("fail: ") : StartsWith("resume upstream")));
  }
}

TEST_P(FailureTest, TheNextStreamHasAFreshInstance) {
  script.on("proxy_on_request_headers", 1).trap();
  request_headers();
  context.reset();
  events();
  EXPECT_FALSE(plugin->status().running);
  EXPECT_EQ(plugin->status().failures, 1u);
  EXPECT_THAT(plugin->status().last_failure, StartsWith("proxy_on_request_headers: unreachable"));
  context = plugin->make_http_context(stream);
  EXPECT_TRUE(plugin->status().running);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_context_create(1, 0)", "proxy_on_vm_start(1, 0)",
                          StartsWith("proxy_validate_configuration(1, "),
                          StartsWith("proxy_on_configure(1, "), "proxy_on_context_create(2, 1)"));
  EXPECT_EQ(host.counter("wasm.machine.vm_reload_success"), 1u);
}

TEST_P(FailureTest, OtherInstancesGoOn) {
  script.on("proxy_on_response_headers").trap();
  open();
  auto other_options = options;
  other_options.name = "other";
  other_options.vm.vm_id = "another VM";
  auto another_vm = worker.start(host.load(other_options));
  TestWorker second_worker(host);
  auto another_worker = second_worker.start(host.load(options));
  FakeHttpStream others[2] = {FakeHttpStream(host.journal), FakeHttpStream(host.journal)};
  auto in_another_vm = another_vm->make_http_context(others[0]);
  auto on_another_worker = another_worker->make_http_context(others[1]);
  events();
  response_headers();
  EXPECT_THAT(events(), ElementsAre("proxy_on_response_headers(2, 0, 0)", StartsWith("fail: ")));
  in_another_vm->on_headers(Direction::Request, EndOfStream::No);
  on_another_worker->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(events(), ElementsAre("other: proxy_on_request_headers(2, 0, 0)",
                                    "proxy_on_request_headers(2, 0, 0)"));
}

TEST_P(FailureTest, AnInstanceThatKeepsFailingHasToWait) {
  options.reload_backoff = Milliseconds(1000);
  script.on("proxy_on_request_headers").trap();
  int64_t served = 0;
  for (int i = 0; i < 30; ++i) {
    request_headers();
    const auto lines = events();
    served += std::ranges::count(lines, "proxy_on_request_headers(2, 0, 0)");
    EXPECT_THAT(lines.back(), StartsWith("fail: plugin 'machine'"));
    context.reset();
    worker.services.run();
  }
  EXPECT_EQ(served, 21);  // the first instance, and a burst of 20
  EXPECT_EQ(host.counter("wasm.machine.vm_reload_backoff"), 9u);

  request_headers();
  EXPECT_THAT(events(), ElementsAre(StartsWith("fail: plugin 'machine' is not available: "
                                               "proxy_on_request_headers: unreachable")));
  context.reset();
  host.clock.advance(std::chrono::seconds(1));
  request_headers();
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_request_headers(2, 0, 0)"));
}

TEST_P(FailureTest, WhileNoneCanBeStartedThePolicyHolds) {
  script.on("proxy_on_response_headers").trap();
  script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "poison", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok);
  for (FailurePolicy policy : {FailurePolicy::FailClosed, FailurePolicy::FailOpen}) {
    const bool closed = policy == FailurePolicy::FailClosed;
    options.failure_policy = policy;
    options.vm.vm_id = closed ? "closed" : "open";
    start();
    let_another_stream_trap();
    host.host.shared_data().store(options.vm.vm_id)->set("poison", "", 0, 1'000);
    events();

    context = plugin->make_http_context(stream);
    events();
    EXPECT_EQ(context->on_headers(Direction::Request, EndOfStream::No),
              closed ? kStopAll : HeadersAction::Continue);
    EXPECT_EQ(context->on_body(Direction::Request, EndOfStream::No), DataAction::Continue);
    EXPECT_EQ(context->on_trailers(Direction::Request), TrailersAction::Continue);
    EXPECT_FALSE(context->sees_body(Direction::Request));
    EXPECT_TRUE(context->finish());
    if (closed) {
      EXPECT_THAT(events(), ElementsAre(StartsWith("fail: plugin 'machine' is not available: ")));
    } else {
      EXPECT_THAT(events(), IsEmpty());
    }

    network = plugin->make_network_context(connection);
    const auto wanted = closed ? NetworkAction::StopIteration : NetworkAction::Continue;
    EXPECT_EQ(network->on_new_connection(), wanted);
    EXPECT_EQ(network->on_data(Direction::Request, EndOfStream::No), wanted);
    EXPECT_TRUE(network->finish());
    context.reset();
    network.reset();
    plugin.reset();
    events();
  }
}

TEST_P(FailureTest, EachFailedStartDoublesTheWait) {
  options.reload_backoff = Milliseconds(100);
  script.on("proxy_on_response_headers").trap();
  script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "poison", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok);
  start();
  let_another_stream_trap();
  host.host.shared_data().store("")->set("poison", "", 0, 1'000);
  const auto tries_to_start = [&] {
    events();
    auto tried = plugin->make_http_context(stream);
    worker.services.run();
    return !events().empty();
  };
  EXPECT_TRUE(tries_to_start());
  EXPECT_FALSE(tries_to_start());
  host.clock.advance(Milliseconds(49));  // of 100, with jitter from a half
  EXPECT_FALSE(tries_to_start());
  host.clock.advance(Milliseconds(51));
  EXPECT_TRUE(tries_to_start());
  host.clock.advance(Milliseconds(99));  // of 200
  EXPECT_FALSE(tries_to_start());
  host.clock.advance(Milliseconds(101));
  EXPECT_TRUE(tries_to_start());
  EXPECT_EQ(host.counter("wasm.machine.vm_reload_failure"), 3u);
  EXPECT_EQ(host.counter("wasm.machine.vm_reload"), 3u);
}

TEST_P(FailureTest, ACallbackThatTakesTooLongIsStopped) {
  if (!can.interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  options.vm.limits.call_time = kDeadline;
  script.on("proxy_on_request_headers").loop();
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events().back(), StartsWith("fail: plugin 'machine': proxy_on_request_headers: "
                                          "interrupted"));
  EXPECT_EQ(failures("deadline"), 1u);
}

// Its stream passed where an engine looks for interrupts at loops and functions alone, and the next
// one failed.
TEST_P(FailureTest, ACallbackThatReturnsTooLateFailsItselfAndNoOther) {
  if (native() || !can.interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  options = machine_options(GetParam(), "late_call");
  options.vm.limits.call_time = kDeadline;
  plugin = worker.start(host.load(options));
  stream.attributes = {{runtime::Attribute::RequestProtocol, std::string()}};
  stream.before_attribute = [] {
    const auto used = [] {
      timespec time{};
      clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
      return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
    };
    const Nanoseconds begin = used();
    while (used() - begin < 10 * kDeadline) {
    }
  };
  context = plugin->make_http_context(stream);
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events(), ElementsAre(StartsWith("fail: plugin 'machine': proxy_on_request_headers: "
                                               "interrupted")));
  EXPECT_EQ(failures("deadline"), 1u);
  FakeHttpStream next(host.journal);
  next.attributes = stream.attributes;
  auto its_context = plugin->make_http_context(next);
  EXPECT_EQ(its_context->on_headers(Direction::Request, EndOfStream::No), HeadersAction::Continue);
  EXPECT_EQ(failures("deadline"), 1u);
}

TEST_P(FailureTest, AConfigureMayTakeAsLongAsAStart) {
  if (!can.interrupt) GTEST_SKIP() << GetParam() << " has no interrupt";
  options.vm.limits.call_time = Milliseconds(1);
  // The start itself has to keep it.
  options.vm.limits.start_time = Milliseconds(300);
  script.on("proxy_on_configure").loop();
  options.configuration = script.bytes();
  EXPECT_THAT(host.refusal(options),
              StartsWith("plugin 'machine': proxy_on_configure: interrupted"));
}

TEST_P(FailureTest, EndlessRecursionIsATrap) {
  if (!can.stack_limit) GTEST_SKIP() << GetParam() << " has no stack limit";
  script.on("proxy_on_request_headers").recurse();
  EXPECT_EQ(request_headers(), kStopAll);
  EXPECT_THAT(events().back(), HasSubstr("proxy_on_request_headers: stack_overflow"));
  EXPECT_EQ(failures("stack_overflow"), 1u);
}

TEST_P(FailureTest, MemoryDoesNotGrowBeyondItsCeiling) {
  if (!can.memory_limit) GTEST_SKIP() << GetParam() << " has no memory limit";
  options.vm.limits.max_memory_bytes = 4 << 20;
  script.on("proxy_on_request_headers").grow(16).grow(64).grow(0xffff);
  EXPECT_THAT(reports_of_request_headers(), ElementsAre("has grown", "cannot grow", "cannot grow"));
}

TEST_P(FailureTest, ATrapAtTheCeilingCountsAsOutOfMemory) {
  if (!can.memory_limit) GTEST_SKIP() << GetParam() << " has no memory limit";
  options.vm.limits.max_memory_bytes = 4 << 20;
  auto& actions = script.on("proxy_on_request_headers");
  for (int page = 0; page < 64; ++page) actions.grow(1);
  actions.trap();
  request_headers();
  EXPECT_EQ(failures("out_of_memory"), 1u);
}

TEST_P(FailureTest, AStartAtTheCeilingTellsIt) {
  if (!can.memory_limit) GTEST_SKIP() << GetParam() << " has no memory limit";
  options.vm.limits.max_memory_bytes = 4 << 20;
  auto& actions = script.on("proxy_on_configure");
  for (int page = 0; page < 64; ++page) actions.grow(1);
  actions.trap();
  options.configuration = script.bytes();
  const auto loaded = host.host.try_load(options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().part, runtime::LoadPart::MaxMemory);
  EXPECT_THAT(loaded.error().message, EndsWith(", where limits.max_memory_bytes is 4194304"));
}

TEST_P(FailureTest, AStartThatTakesTooLongTellsItsDeadline) {
  if (!can.interrupt) GTEST_SKIP() << GetParam() << " has no deadlines";
  options.vm.limits.start_time = Milliseconds(20);
  script.on("proxy_on_configure").loop();
  options.configuration = script.bytes();
  EXPECT_THAT(host.refusal(options), EndsWith(", as limits.start_cpu_time is 20 ms"));
}

INSTANTIATE_TEST_SUITE_P(Engines, FailureTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
