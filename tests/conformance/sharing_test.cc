// Which plugins share a VM, and which a root context.

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

TEST_P(SharingTest, PluginsOfOneRootIdAndConfigurationShareTheRoot) {
  start();
  auto others = options;
  others.name = "other";
  start_other(others);
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
  script.on("proxy_on_request_headers").call("proxy_get_property", "plugin_name", out_value());
  start();
  auto others = options;
  others.name = "other";
  start_other(others);
  auto other_context = other->make_http_context(stream);
  events();
  other_context->on_headers(Direction::Request, EndOfStream::No);
  EXPECT_THAT(reports(), ElementsAre("proxy_get_property: Ok \"other\""));
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
