#include "runtime/host.h"

#include <map>

#include "base/guarded.h"
#include "runtime/call_watch.h"
#include "runtime/metric_quota.h"
#include "runtime/plugin_context.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"
#include "runtime/trial_services.h"
#include "runtime/vm.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {
namespace {

// To be told once, by the plugin that a VM is made for.
void log_precompiled(Logger& logger, const std::string& plugin, const Vm& vm) {
  const abi::LinkedModule& module = vm.module();
  if (module.precompiled()) {
    logger.log(LogLevel::Info, plugin + ": runs precompiled code out of its file");
  } else if (const std::string& why = module.precompiled_refusal(); !why.empty()) {
    logger.log(LogLevel::Warn, plugin + ": no precompiled code is used: " + why);
  }
}

}  // namespace

Plugin::Plugin(PluginOptions options, std::shared_ptr<const Vm> vm)
    : options_(std::move(options)), vm_(std::move(vm)) {}

Plugin::~Plugin() = default;

// The VMs in use. They are kept by their plugins.
class Host::VmTable {
 public:
  // Two threads that ask for the same new VM may both compile it; one of the two is kept.
  Result<std::shared_ptr<const Vm>> find_or_make(const HostParts& parts, const std::string& plugin,
                                                 VmOptions options) {
    const std::string key = vm_key(options, engine::canonical_name(options.engine));
    if (auto known = vms_.lock()->operator[](key).lock()) return known;
    WEIR_TRY(auto made, Vm::make(parts.engines, parts.code_cache, std::move(options)));
    auto vms = vms_.lock();
    std::erase_if(*vms, [](const auto& entry) { return entry.second.expired(); });
    auto& kept = (*vms)[key];
    if (auto known = kept.lock()) return known;
    kept = made;
    log_precompiled(parts.logger, plugin, *made);
    return made;
  }

 private:
  Guarded<std::map<std::string, std::weak_ptr<const Vm>>> vms_;
};

namespace {

// Keeps what ends during a trial until the trial is over.
class TrialOwner final : public VmOwner {
 public:
  void on_instance_failed(VmInstance&) override {}
  void on_root_ended(std::unique_ptr<PluginContext> root) override { root_ = std::move(root); }

  // To be done before the instance goes.
  void clear() { root_.reset(); }

 private:
  std::unique_ptr<PluginContext> root_;
};

Done try_out(Host& host, const std::shared_ptr<const Plugin>& plugin) {
  TrialServices services;
  CallWatch::Thread watch(host.call_watch());
  auto attachment = plugin->vm()->module().engine().attach_thread();
  TrialOwner owner;
  VmInstance instance({host, services, watch, Purpose::Trial}, plugin->vm(), owner);
  WEIR_TRY(instance.start(*plugin));
  WEIR_TRY(PluginContext * root, instance.start_root(plugin));
  root->end();
  owner.clear();
  return Unit{};
}

}  // namespace

Host::Host(HostParts parts)
    : parts_(parts),
      shared_data_(std::make_unique<SharedData>()),
      shared_queues_(std::make_unique<SharedQueues>()),
      metric_quota_(std::make_unique<MetricQuota>()),
      call_watch_(std::make_unique<CallWatch>()),
      vms_(std::make_unique<VmTable>()) {}

Host::~Host() = default;

Result<std::shared_ptr<const Plugin>> Host::load(PluginOptions options) {
  const std::string name = "plugin '" + options.name + "'";
  VmOptions vm_options = std::move(options.vm);
  auto vm = vms_->find_or_make(parts_, name, std::move(vm_options));
  if (!vm.ok()) return std::move(vm).error().in(name);
  options.vm = vm.value()->options();
  auto plugin = std::make_shared<const Plugin>(std::move(options), std::move(vm).value());
  if (Done tried = try_out(*this, plugin); !tried.ok()) {
    return std::move(tried).error().in(name);
  }
  return std::shared_ptr<const Plugin>(std::move(plugin));
}

}  // namespace weir::runtime
