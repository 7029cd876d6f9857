#include "runtime/host.h"

#include <map>

#include "base/guarded.h"
#include "runtime/call_watch.h"
#include "runtime/metric_quota.h"
#include "runtime/plugin_context.h"
#include "runtime/shared_data.h"
#include "runtime/shared_queues.h"
#include "runtime/started_image.h"
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

// What to do where an engine cannot be had; nothing, where there is no other one.
std::string name_others(const std::vector<std::string>& engines) {
  std::string text;
  for (const std::string& name : engines) {
    text += (text.empty() ? "; or choose another engine, of which here are " : ", ") + name;
  }
  return text;
}

}  // namespace

Plugin::Plugin(PluginOptions options, std::shared_ptr<const Vm> vm)
    : options_(std::move(options)),
      vm_(std::move(vm)),
      log_prefix_("wasm [" + options_.name + "]") {}

Plugin::~Plugin() = default;

// The VMs in use. They are kept by their plugins.
class Host::VmTable {
 public:
  // Two threads that ask for the same new VM may both compile it; one of the two is kept.
  Result<std::shared_ptr<const Vm>> find_or_make(const HostParts& parts, const std::string& plugin,
                                                 VmOptions options, VmShares shares) {
    const std::string key = vm_key(options, engine::canonical_name(options.engine));
    if (auto known = vms_.lock()->operator[](key).lock()) return known;
    WEIR_TRY(auto made,
             Vm::make(parts.engines, parts.code_cache, std::move(options), std::move(shares)));
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

// What the plugin's streams begin with; null where `code` is, as they share instances.
Result<std::shared_ptr<const StartedImage>, LoadError> try_out(
    Host& host, const std::shared_ptr<const Plugin>& plugin, const std::string* code,
    const std::stop_token& stop) {
  TrialServices services;
  CallWatch::Thread watch(host.call_watch());
  const std::stop_callback on_stop(stop, [&watch] { watch.end(); });
  auto attachment = plugin->vm()->module().engine().attach_thread();
  TrialOwner owner;
  VmInstance instance({host, services, watch, Purpose::Trial}, plugin->vm(), owner);
  WEIR_TRY(instance.start(*plugin));
  WEIR_TRY(PluginContext * root, instance.start_root(plugin));
  std::shared_ptr<const StartedImage> image;
  if (code != nullptr) image = StartedImage::make(instance, *root, *code);
  root->end();
  owner.clear();
  return image;
}

Result<Unit, LoadError> check_image(const StartedImage& image, const Plugin& plugin,
                                    Logger& logger) {
  const uint64_t most = plugin.vm()->options().limits.max_stream_memory_bytes;
  if (image.memory_bytes > most) {
    return LoadError{{ErrorCode::BadConfig, "the instance of one stream begins with " +
                                                std::to_string(image.memory_bytes) +
                                                " bytes of memory, limits.max_stream_memory_bytes "
                                                "is " +
                                                std::to_string(most)},
                     LoadPart::MaxStreamMemory};
  }
  if (image.module == nullptr) {
    logger.log(LogLevel::Warn, "plugin '" + plugin.options().name +
                                   "': its started state cannot be kept (" + image.obstacle +
                                   "), so each stream starts and configures an instance anew");
  }
  return Unit{};
}

// No engine makes an instance whose memory begins above its ceiling; each says so in its own words.
Result<Unit, LoadError> check_memory(const Vm& vm) {
  const uint64_t first = vm.module().initial_memory_bytes();
  const uint64_t most = vm.options().limits.max_memory_bytes;
  if (first <= most) return Unit{};
  return LoadError{{ErrorCode::BadConfig, "the module begins with " + std::to_string(first) +
                                              " bytes of memory, limits.max_memory_bytes is " +
                                              std::to_string(most)},
                   LoadPart::MaxMemory};
}

// The one setting that a VM refuses whatever its code is isolation, by what its engine cannot do.
LoadError at_vm(Error error, bool isolated) {
  const bool by_setting = isolated && error.code == ErrorCode::BadConfig;
  return {std::move(error), by_setting ? LoadPart::Isolation : LoadPart::Code};
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

Result<std::shared_ptr<const Plugin>> Host::load(PluginOptions options, TryOut wanted) {
  const std::string name = "plugin '" + options.name + "'";
  auto loaded = try_load(std::move(options), wanted);
  if (!loaded.ok()) return std::move(loaded).error().in(name);
  return std::move(loaded).value();
}

Result<std::shared_ptr<const Plugin>, LoadError> Host::try_load(PluginOptions options,
                                                                TryOut wanted,
                                                                const std::stop_token& stop) {
  VmOptions vm_options = std::move(options.vm);
  const bool isolated = vm_options.isolation == Isolation::Stream;
  const std::string code = isolated ? vm_options.code : std::string();
  if (auto engine = parts_.engines.find(vm_options.engine); !engine.ok()) {
    Error error = std::move(engine).error();
    error.message += name_others(parts_.engines.alternatives(vm_options.engine));
    return LoadError{std::move(error), LoadPart::Engine};
  }
  VmShares shares{.data = shared_data_->store(vm_options.vm_id),
                  .queues = shared_queues_->group(vm_options.vm_id)};
  auto vm = vms_->find_or_make(parts_, "plugin '" + options.name + "'", std::move(vm_options),
                               std::move(shares));
  if (!vm.ok()) return at_vm(std::move(vm).error(), isolated);
  WEIR_TRY(check_memory(*vm.value()));
  options.vm = vm.value()->options();
  auto plugin = std::make_shared<Plugin>(std::move(options), std::move(vm).value());
  const bool is_tried = isolated || wanted == TryOut::Always;
  if (is_tried) {
    WEIR_TRY(plugin->image_, try_out(*this, plugin, isolated ? &code : nullptr, stop));
  }
  if (isolated) WEIR_TRY(check_image(*plugin->image_, *plugin, parts_.logger));
  return std::shared_ptr<const Plugin>(std::move(plugin));
}

}  // namespace weir::runtime
