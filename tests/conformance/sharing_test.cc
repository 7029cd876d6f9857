// Which plugins share a VM, and which a root context.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "conformance/machine_test.h"

namespace weir::test {
namespace {

class SharingTest : public MachineTest {
 protected:
  // A second plugin, started on the same worker.
  void start_other(const runtime::PluginOptions& others) {
    other = worker.start(host.load(others));
  }
  ~SharingTest() override { other.reset(); }

  std::unique_ptr<runtime::WorkerPlugin> other;
};

TEST_P(SharingTest, PluginsOfOneVmAreRootsOfOneInstance) {
  options.root_id = "one";
  start();
  auto others = options;
  others.name = "other";
  others.root_id = "two";
  start_other(others);
  EXPECT_EQ(other->plugin().vm(), plugin->plugin().vm());
  EXPECT_THAT(events(),
              ElementsAre("other: proxy_on_context_create(2, 0)", "other: proxy_on_vm_start(2, 0)",
                          StartsWith("other: proxy_validate_configuration(2, "),
                          StartsWith("other: proxy_on_configure(2, ")));
}

TEST_P(SharingTest, ADifferenceInAnyOptionOfTheVmIsAnotherVm) {
  start();
  const auto vm_of = [&](auto&& change) {
    auto changed = options;
    change(changed.vm);
    return host.load(changed)->vm();
  };
  const auto& vm = plugin->plugin().vm();
  EXPECT_EQ(vm_of([](auto&) {}), vm);
  EXPECT_NE(vm_of([](auto& o) { o.vm_id = "x"; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.configuration = "x"; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.environment["x"] = ""; }), vm);
  EXPECT_NE(vm_of([](auto& o) {
              o.allowed_capabilities = {"proxy_log", "proxy_get_buffer_bytes"};
            }),
            vm);
  EXPECT_NE(vm_of([](auto& o) { o.limits.call_time = Milliseconds(99); }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.limits.start_time = Milliseconds(9999); }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.limits.max_memory_bytes = 100 << 20; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.limits.max_shared_data_bytes = 1; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.limits.max_queue_bytes = 1; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.unknown_imports = runtime::UnknownImports::Stub; }), vm);
  EXPECT_NE(vm_of([](auto& o) { o.allow_precompiled = true; }), vm);
  const auto other_limits = options.vm.supply_limits == abi::SupplyLimits::All
                                ? abi::SupplyLimits::Missing
                                : abi::SupplyLimits::All;
  EXPECT_NE(vm_of([&](auto& o) { o.supply_limits = other_limits; }), vm);
}

TEST_P(SharingTest, AnAliasOfTheEnginesNameIsTheSameVm) {
  start();
  options.vm.engine = "envoy.wasm.runtime." + options.vm.engine;
  EXPECT_EQ(host.load(options)->vm(), plugin->plugin().vm());
}

TEST_P(SharingTest, OtherVmsOnOneWorkerAreOtherInstances) {
  start();
  auto others = options;
  others.name = "other";
  others.vm.limits.call_time = Milliseconds(99);
  start_other(others);
  EXPECT_THAT(events(), ::testing::Contains("other: proxy_on_context_create(1, 0)"));
}

TEST_P(SharingTest, PluginsOfOneNameRootIdAndConfigurationShareTheRoot) {
  start();
  start_other(options);
  EXPECT_THAT(events(), IsEmpty());
  context = plugin->make_http_context(stream);
  auto other_context = other->make_http_context(stream);
  EXPECT_THAT(events(),
              ElementsAre("proxy_on_context_create(2, 1)", "proxy_on_context_create(3, 1)"));
  other_context.reset();
  context.reset();
  events();

  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(), IsEmpty());
  context = other->make_http_context(stream);
  context.reset();
  events();
  other.reset();
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)", "proxy_on_delete(1)"));
}

TEST_P(SharingTest, AStreamOnASharedRootIsItsOwnPlugins) {
  script.on("proxy_on_request_headers").answer(1);
  start();
  auto others = options;
  others.allow_on_headers_stop_iteration = true;
  start_other(others);
  context = plugin->make_http_context(stream);
  auto other_context = other->make_http_context(stream);
  EXPECT_EQ(context->on_headers(Direction::Request, EndOfStream::No),
            abi::HeadersAction::StopAllIterationAndWatermark);
  EXPECT_EQ(other_context->on_headers(Direction::Request, EndOfStream::No),
            abi::HeadersAction::StopIteration);
}

// A root kept each plugin that had ever shared it: every reload of a configuration in which nothing
// had changed left one behind, with its configuration.
TEST_P(SharingTest, ARootKeepsNoPluginThatHasLeftIt) {
  start();
  std::vector<std::weak_ptr<const runtime::Plugin>> all;
  const auto reload = [&] {
    auto loaded = host.load(options);
    all.push_back(loaded);
    auto next = worker.start(std::move(loaded));
    plugin = std::move(next);
    worker.services.run();
  };
  const auto alive = [&] {
    return std::ranges::count_if(all, [](const auto& one) { return !one.expired(); });
  };
  reload();
  reload();
  EXPECT_EQ(alive(), 1);

  // One whose stream is open stays as long as that.
  context = plugin->make_http_context(stream);
  reload();
  reload();
  EXPECT_EQ(alive(), 2);
  request_headers();
  context.reset();
  EXPECT_EQ(alive(), 1);

  // Nor does one go that something else uses.
  other = worker.start(all.back().lock());
  reload();
  EXPECT_EQ(alive(), 2);
  other.reset();
  EXPECT_EQ(alive(), 1);
  events();

  plugin.reset();
  worker.services.run();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(1)", "proxy_on_delete(1)"));
  EXPECT_EQ(alive(), 0);
}

TEST_P(SharingTest, ARestartedVmKeepsNoPluginThatHasLeftIt) {
  script.on("proxy_on_request_headers").trap();
  start();
  std::weak_ptr<const runtime::Plugin> first;
  {
    auto loaded = host.load(options);
    first = loaded;
    start_other(options);
    plugin = worker.start(std::move(loaded));
  }
  request_headers();
  context.reset();
  worker.services.run();
  plugin->keep_running();
  EXPECT_FALSE(first.expired());
  plugin.reset();
  worker.services.run();
  EXPECT_TRUE(first.expired());
}

TEST_P(SharingTest, AnotherNameIsAnotherRoot) {
  start();
  auto others = options;
  others.name = "other";
  start_other(others);
  EXPECT_THAT(events(), ::testing::Contains("other: proxy_on_context_create(2, 0)"));
}

TEST_P(SharingTest, AnotherConfigurationIsAnotherRoot) {
  start();
  auto others = options;
  others.name = "other";
  others.configuration += " ";
  start_other(others);
  EXPECT_THAT(events(), ::testing::Contains("other: proxy_on_context_create(2, 0)"));
}

TEST_P(SharingTest, AVmThatAllHaveLeftIsStartedAfresh) {
  start();
  const auto kept = host.load(options);
  plugin.reset();
  worker.services.run();
  events();
  plugin = worker.start(kept);
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_context_create(1, 0)"));
}

TEST_P(SharingTest, ANewPluginFindsTheVmWhileTheLastOneDrains) {
  open();
  const auto kept = host.load(options);
  plugin.reset();
  worker.services.run();
  plugin = worker.start(kept);
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_context_create(3, 0)"));
  context.reset();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)",
                                    "proxy_on_done(1)", "proxy_on_delete(1)"));
  worker.services.run();
  request_headers();
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(4, 0, 0)"));
}

// What serves is begun by commit(); a plugin that joins it has its root elsewhere.
class JoiningTest : public SharingTest {
 protected:
  JoiningTest() { options.vm.vm_id = "vm"; }

  // The plugin serves, with a stream under way; the other one, of its VM, is loaded.
  void serve_and_load() {
    open();
    worker.worker.commit();
    others = options;
    others.name = "other";
    others.configuration = other_script.bytes();
    loaded = host.load(others);
    ASSERT_EQ(loaded->vm(), plugin->plugin().vm());
    events();
  }

  uint64_t active() {
    return host.metrics.define(abi::MetricType::Gauge, "wasm." + options.vm.engine + ".active")
        ->value();
  }

  Script other_script;
  runtime::PluginOptions others;
  std::shared_ptr<const runtime::Plugin> loaded;
};

TEST_P(JoiningTest, APluginThatJoinsAVmAtWorkStartsInAFreshInstance) {
  other_script.on("proxy_on_request_headers").say("other");
  serve_and_load();
  other = worker.start(loaded);
  EXPECT_THAT(events(), ::testing::Contains("other: proxy_on_context_create(1, 0)"));
  EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
  EXPECT_TRUE(worker.worker.carry_over(*other).ok());
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(2, 0)", "proxy_on_vm_start(2, 0)",
                                    StartsWith("proxy_validate_configuration(2, "),
                                    StartsWith("proxy_on_configure(2, ")));
  auto before = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 1)"));
  before.reset();
  events();

  worker.worker.commit();
  EXPECT_THAT(events(), IsEmpty());
  auto after = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 2)"));
  auto others_stream = other->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("other: proxy_on_context_create(4, 1)"));
  request_headers();
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 0)"));
  context.reset();
  EXPECT_THAT(events(), ElementsAre("proxy_on_done(2)", "proxy_on_log(2)", "proxy_on_delete(2)",
                                    "proxy_on_done(1)", "proxy_on_delete(1)"));
  worker.services.run();
  EXPECT_EQ(active(), 1u);
}

// It was started in the instance that served, whose streams failed with it.
TEST_P(JoiningTest, OneThatFailsAsItJoinsCostsNoStream) {
  if (native()) GTEST_SKIP() << "a native plugin that traps ends the process";
  other_script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "tried", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok)
      .call("proxy_set_shared_data", "tried", "", 0);
  serve_and_load();
  EXPECT_FALSE(worker.worker.start(loaded).ok());
  worker.services.run();
  EXPECT_EQ(active(), 1u);
  events();
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_THAT(events(), ElementsAre("proxy_on_request_headers(2, 0, 0)"));
  EXPECT_TRUE(plugin->status().running);
  EXPECT_EQ(plugin->status().failures, 0u);
}

TEST_P(JoiningTest, OneThatFailsAsItComesAlongStaysWhereItIs) {
  if (native()) GTEST_SKIP() << "a native plugin that traps ends the process";
  script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "changed", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok);
  other_script.on("proxy_on_configure").call("proxy_set_shared_data", "changed", "", 0);
  serve_and_load();
  other = worker.start(loaded);
  EXPECT_FALSE(worker.worker.carry_over(*plugin).ok());
  other.reset();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
  events();
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_EQ(plugin->status().failures, 0u);
}

TEST_P(JoiningTest, OneThatIsGivenUpLeavesAllAsItWas) {
  serve_and_load();
  others.configuration += " ";
  other = worker.start(host.load(others));
  EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
  other.reset();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
  worker.worker.commit();
  events();
  auto next = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 1)"));
  // And the next one is none the worse for it.
  other = worker.start(host.load(others));
  EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
  worker.worker.commit();
  events();
  auto last = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 2)"));
}

TEST_P(JoiningTest, OneThatLeavesMeanwhileIsNotBroughtAlong) {
  serve_and_load();
  others.configuration += " ";
  other = worker.start(host.load(others));
  EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
  context.reset();
  plugin.reset();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
  worker.worker.commit();
  events();
  auto next = other->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("other: proxy_on_context_create(3, 1)"));
}

TEST_P(JoiningTest, PluginsOfOneRootShareItInTheFreshInstanceToo) {
  serve_and_load();
  auto sharing = worker.start(host.load(options));
  EXPECT_THAT(events(), IsEmpty());
  others.configuration += " ";
  other = worker.start(host.load(others));
  events();
  EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
  EXPECT_TRUE(worker.worker.carry_over(*sharing).ok());
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(2, 0)", "proxy_on_vm_start(2, 0)",
                                    StartsWith("proxy_validate_configuration(2, "),
                                    StartsWith("proxy_on_configure(2, ")));
  worker.worker.commit();
  auto next = sharing->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 2)"));
  context.reset();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
}

// Where worker threads are told of plugins one by one, and can refuse none.
TEST_P(JoiningTest, OneThatJoinsBringsTheOthersAlong) {
  other_script.on("proxy_on_request_headers").say("other");
  serve_and_load();
  runtime::WorkerPlugin* const others_here[] = {plugin.get()};
  other = std::move(worker.worker.join(loaded, others_here)).value();
  EXPECT_THAT(events(), ::testing::Contains("proxy_on_context_create(2, 0)"));
  worker.services.run();
  events();
  auto after = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 2)"));
  after.reset();
  context.reset();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
}

TEST_P(JoiningTest, AnotherThatDoesNotStartAgainStaysWhereItIs) {
  if (native()) GTEST_SKIP() << "a native plugin that traps ends the process";
  script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "changed", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok);
  other_script.on("proxy_on_configure").call("proxy_set_shared_data", "changed", "", 0);
  serve_and_load();
  runtime::WorkerPlugin* const others_here[] = {plugin.get()};
  other = std::move(worker.worker.join(loaded, others_here)).value();
  worker.worker.commit();
  worker.services.run();
  EXPECT_EQ(active(), 2u);
  events();
  auto own = other->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("other: proxy_on_context_create(2, 1)"));
  auto apart = plugin->make_http_context(stream);
  EXPECT_THAT(events(), ElementsAre("proxy_on_context_create(3, 1)"));
  for (const auto* each : {plugin.get(), other.get()}) {
    EXPECT_TRUE(each->status().running);
    EXPECT_EQ(each->status().failures, 0u);
  }
}

// The one that joins is at fault itself.
TEST_P(JoiningTest, OneThatCannotJoinLeavesTheOthersAlone) {
  if (native()) GTEST_SKIP() << "a native plugin that traps ends the process";
  other_script.on("proxy_on_configure")
      .call("proxy_get_shared_data", "tried", out_value(), out32_to(1))
      .trap_if(abi::Status::Ok)
      .call("proxy_set_shared_data", "tried", "", 0);
  serve_and_load();
  runtime::WorkerPlugin* const others_here[] = {plugin.get()};
  EXPECT_FALSE(worker.worker.join(loaded, others_here).ok());
  worker.worker.commit();
  worker.services.run();
  EXPECT_EQ(active(), 1u);
  EXPECT_EQ(request_headers(), HeadersAction::Continue);
  EXPECT_EQ(plugin->status().failures, 0u);
}

TEST_P(JoiningTest, AQueueIsToldWhereItsRootIs) {
  script.on("proxy_on_configure").call("proxy_register_shared_queue", "queue", out32_to(1));
  script.on("proxy_on_request_headers").call("proxy_enqueue_shared_queue", 1, "item");
  serve_and_load();
  others.configuration += " ";
  const auto next = host.load(others);
  for (const bool given_up : {true, false}) {
    other = worker.start(next);
    EXPECT_TRUE(worker.worker.carry_over(*plugin).ok());
    if (given_up) other.reset();
    worker.worker.commit();
    worker.services.run();
    events();
    request_headers();
    worker.services.run();
    // The root has the id 1 in the one instance, 2 in the other.
    EXPECT_THAT(events(), ::testing::Contains("proxy_on_queue_ready(" +
                                              std::string(given_up ? "1" : "2") + ", 1)"));
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, JoiningTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

TEST_P(SharingTest, InstancesAreCounted) {
  const std::string prefix = "wasm." + options.vm.engine;
  auto* active = host.metrics.define(abi::MetricType::Gauge, prefix + ".active");
  start();
  EXPECT_EQ(active->value(), 1u);
  EXPECT_EQ(host.counter(prefix + ".created"), 2u);  // one to try the plugin out
  plugin.reset();
  worker.services.run();
  EXPECT_EQ(active->value(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Engines, SharingTest, ::testing::ValuesIn(loadable_engines()),
                         engine_name);

}  // namespace
}  // namespace weir::test
