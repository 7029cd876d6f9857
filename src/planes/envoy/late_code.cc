#include "planes/envoy/late_code.h"

#include <algorithm>

#include "planes/common/plugin_source.h"
#include "planes/envoy/configuration.h"
#include "planes/envoy/module.h"

namespace weir::envoy_plane {
namespace {

constexpr Milliseconds kFirstPause{1000};
constexpr Milliseconds kLongestPause{60'000};

}  // namespace

// What it takes to make one plugin.
struct LateCode::Order {
  std::shared_ptr<ConfiguredPlugin> plugin;
  config::PluginSettings settings;
  std::function<void()> on_first;  // null: has been called
  Milliseconds pause = kFirstPause;
};

void LateCode::fetch(std::shared_ptr<ConfiguredPlugin> plugin, config::PluginSettings settings,
                     std::function<void()> on_first) {
  module_.host().logger().log(
      LogLevel::Info, "plugin '" + settings.name + "': its code is being fetched; streams wait");
  auto order = std::make_shared<Order>();
  order->plugin = std::move(plugin);
  order->settings = std::move(settings);
  order->on_first = std::move(on_first);
  start(std::move(order));
}

void LateCode::start(std::shared_ptr<Order> order) {
  const Order& kept = *order;
  supply_.fetch(
      kept.settings,
      [this, order = std::move(order)](Result<std::string> code) {
        module_.main_thread().run(
            [this, order, code = std::move(code)]() mutable { finish(order, std::move(code)); });
      },
      [this, plugin = kept.plugin] { return module_.is_alive(*plugin); });
}

void LateCode::finish(const std::shared_ptr<Order>& order, Result<std::string> code) {
  report();
  if (!module_.is_alive(*order->plugin)) return;
  auto loaded = [&]() -> Result<std::shared_ptr<const runtime::Plugin>> {
    WEIR_TRY(auto bytes, std::move(code));
    return load_plugin(module_, order->settings, order->plugin->home(), std::move(bytes));
  }();
  if (loaded.ok()) {
    order->plugin->arrive(std::move(loaded).value());
  } else {
    module_.host().logger().log(LogLevel::Error, loaded.error().message);
    order->plugin->miss(loaded.error().message);
    module_.timers().add(order->pause, [this, order] {
      module_.main_thread().run([this, order] {
        if (module_.is_alive(*order->plugin)) start(order);
      });
    });
    order->pause = std::min(2 * order->pause, kLongestPause);
  }
  if (auto on_first = std::exchange(order->on_first, nullptr)) on_first();
  module_.tell_workers();
}

void LateCode::report() { supply_.report(module_.host().metrics()); }

}  // namespace weir::envoy_plane
