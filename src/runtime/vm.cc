#include "runtime/vm.h"

#include "base/sha256.h"

namespace weir::runtime {
namespace {

std::string sha256_hex(std::string_view bytes) { return to_hex(sha256({as_bytes(bytes)})); }

// Fields with their lengths, so that no two different sets of fields look alike.
class KeyText {
 public:
  KeyText& add(std::string_view field) {
    text_ += std::to_string(field.size()) + ':';
    text_ += field;
    return *this;
  }
  KeyText& add(uint64_t number) { return add(std::to_string(number)); }

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace

std::string vm_key(const VmOptions& options, std::string_view canonical_engine) {
  KeyText key;
  key.add(options.vm_id).add(canonical_engine).add(sha256_hex(options.code));
  key.add(options.configuration);
  key.add(options.environment.size());
  for (const auto& [name, value] : options.environment) key.add(name).add(value);
  key.add(options.allowed_capabilities.size());
  for (const auto& name : options.allowed_capabilities) key.add(name);
  key.add(static_cast<uint64_t>(options.allow_precompiled));
  key.add(static_cast<uint64_t>(options.unknown_imports));
  key.add(static_cast<uint64_t>(options.limits.call_time.count()));
  key.add(static_cast<uint64_t>(options.limits.start_time.count()));
  key.add(options.limits.max_memory_bytes);
  key.add(options.limits.max_shared_data_bytes);
  key.add(options.limits.max_queue_bytes);
  key.add(options.limits.call_targets.size());
  for (const auto& target : options.limits.call_targets) key.add(target);
  key.add(options.limits.max_stream_memory_bytes);
  key.add(static_cast<uint64_t>(options.isolation));
  key.add(static_cast<uint64_t>(options.supply_limits));
  return sha256_hex(key.text());
}

abi::LinkOptions link_options(const VmOptions& options) {
  return {.allowed_capabilities = options.allowed_capabilities,
          .stub_unknown_imports = options.unknown_imports == UnknownImports::Stub,
          .limits = {.max_memory_bytes = options.limits.max_memory_bytes},
          .supply_limits = options.supply_limits,
          .allow_precompiled = options.allow_precompiled,
          .observable = options.isolation == Isolation::Stream};
}

Result<std::shared_ptr<const Vm>> Vm::make(const engine::Engines& engines,
                                           const engine::CodeCache* cache, VmOptions options,
                                           VmShares shares) {
  WEIR_TRY(const engine::Engine* engine, engines.find(options.engine));
  if (options.isolation == Isolation::Stream && engine->capabilities().native_code) {
    return Error{ErrorCode::BadConfig,
                 "isolation STREAM needs a wasm module: native plugins keep state in the process"};
  }
  WEIR_TRY(auto module,
           abi::LinkedModule::make(*engine, cache, options.code, link_options(options)));
  std::string hash = sha256_hex(options.code);
  options.code = {};
  return std::shared_ptr<const Vm>(
      new Vm(std::move(options), std::move(hash), std::move(module), std::move(shares)));
}

}  // namespace weir::runtime
