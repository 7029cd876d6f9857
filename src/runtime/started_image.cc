#include "runtime/started_image.h"

#include "runtime/foreign/expressions.h"
#include "runtime/plugin_context.h"
#include "runtime/vm_instance.h"

namespace weir::runtime {
namespace {

// Compiles the module with the state in it, and sees that it makes instances.
Result<std::unique_ptr<const abi::LinkedModule>> make_module(VmInstance& instance,
                                                             std::string_view code) {
  const Vm& vm = instance.vm();
  WEIR_TRY(const wasm::InstanceState state, instance.guest().state());
  abi::LinkOptions options = link_options(vm.options());
  options.observable = false;
  options.allow_precompiled = false;  // it is of the module without the state
  options.state = &state;
  // A state that has seen random numbers or the time comes only once: it would fill the disk.
  const auto* cache = instance.met_chance() ? nullptr : instance.host().code_cache();
  WEIR_TRY(auto module, abi::LinkedModule::make(vm.module().engine(), cache, code, options));
  WEIR_TRY(const auto guest, abi::Guest::make(*module, instance));
  if (guest->start() == engine::Flow::Return) return module;
  return Error{ErrorCode::GuestTrapped, guest->trap().to_line()};
}

}  // namespace

std::shared_ptr<const StartedImage> StartedImage::make(VmInstance& instance,
                                                       const PluginContext& root,
                                                       std::string_view code) {
  auto image = std::make_shared<StartedImage>();
  const abi::LinkedModule& from_scratch = instance.vm().module();
  image->memory_bytes = from_scratch.initial_memory_bytes() + from_scratch.bytes_beside_memory();
  if (!instance.vm().module().unobservable().empty()) {
    image->obstacle = instance.vm().module().unobservable();
    return image;
  }
  auto module = make_module(instance, code);
  if (!module.ok()) {
    image->obstacle = std::move(module).error().message;
    return image;
  }
  image->module = std::move(module).value();
  image->memory_bytes = instance.guest().memory_bytes() + image->module->bytes_beside_memory();
  root.save(image->root);
  image->metrics = instance.metrics();
  image->expressions = instance.expressions().texts();
  image->last_call_id = instance.last_call_id();
  return image;
}

}  // namespace weir::runtime
