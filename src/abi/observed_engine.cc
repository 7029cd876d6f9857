#include "abi/observed_engine.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "module/limits_pass.h"

namespace weir::abi {
namespace {

using engine::ExportId;
using engine::Flow;
using engine::Import;
using engine::ImportHandler;
using engine::Slots;

// By token, which the layer above counts from 0.
using Imports = std::vector<Import>;

class ObservedInstance final : public engine::Instance, private ImportHandler {
 public:
  ObservedInstance(ImportHandler& host, const Imports& imports, CallObserver& observer)
      : host_(host), imports_(imports), observer_(observer) {}

  // No part of construction: the inner instance is given this object.
  Done make_inner(const engine::Module& module, const engine::Limits& limits) {
    WEIR_TRY(inner_, module.make_instance(*this, limits));
    return Unit{};
  }

  Flow instantiate() noexcept override {
    observer_.on_enter("", {}, {});
    const Flow flow = inner_->instantiate();
    observer_.on_leave("", {}, {}, flow, inner_->memory());
    return flow;
  }

  Result<ExportId> bind_export(std::string_view name, Signature signature) override {
    WEIR_TRY(const ExportId id, inner_->bind_export(name, signature));
    exports_.insert_or_assign(
        id, ModuleInterface::Export{std::string(name),
                                    {{signature.params.begin(), signature.params.end()},
                                     {signature.results.begin(), signature.results.end()}}});
    return id;
  }

  Flow call(ExportId id, Slots slots) noexcept override {
    const ModuleInterface::Export& called = exports_.find(id)->second;
    observer_.on_enter(called.name, called.type.view(), slots);
    const Flow flow = inner_->call(id, slots);
    observer_.on_leave(called.name, called.type.view(), slots, flow, inner_->memory());
    return flow;
  }

  engine::Trap take_trap() override { return inner_->take_trap(); }
  engine::Memory memory() noexcept override { return inner_->memory(); }
  void interrupt() const noexcept override { inner_->interrupt(); }

 private:
  Flow on_import(uint32_t token, Slots slots, engine::Memory memory) noexcept override {
    const Import& import = imports_[token];
    // By this a module whose limits Weir supplies asks for leave: no call of the plugin's own.
    if (wasm::is_limit_module(import.module)) return host_.on_import(token, slots, memory);
    // The results take the parameters' place, and who shows a call wants both.
    std::array<uint64_t, engine::kMaxSlots> params{};
    std::ranges::copy(slots.first(std::min(slots.size(), params.size())), params.begin());
    observer_.on_hostcall(import, params, memory);
    const Flow flow = host_.on_import(token, slots, memory);
    observer_.on_answer(import, slots, flow, inner_ == nullptr ? memory : inner_->memory());
    return flow;
  }

  ImportHandler& host_;
  const Imports& imports_;
  CallObserver& observer_;
  std::map<ExportId, ModuleInterface::Export> exports_;
  std::unique_ptr<Instance> inner_;
};

class ObservedModule final : public engine::Module {
 public:
  ObservedModule(std::unique_ptr<const engine::Module> inner, std::span<const Import> imports,
                 CallObserver& observer)
      : inner_(std::move(inner)), observer_(observer) {
    for (const Import& import : imports) {
      if (imports_.size() <= import.token) imports_.resize(size_t{import.token} + 1);
      imports_[import.token] = import;
    }
  }

  Result<std::unique_ptr<engine::Instance>> make_instance(
      ImportHandler& handler, const engine::Limits& limits) const override {
    auto instance = std::make_unique<ObservedInstance>(handler, imports_, observer_);
    WEIR_TRY(instance->make_inner(*inner_, limits));
    return std::unique_ptr<engine::Instance>(std::move(instance));
  }
  Result<std::vector<std::byte>> serialize() const override { return inner_->serialize(); }

 private:
  std::unique_ptr<const engine::Module> inner_;
  Imports imports_;
  CallObserver& observer_;
};

class ObservedEngine final : public engine::Engine {
 public:
  ObservedEngine(const Engine& inner, CallObserver& observer)
      : inner_(inner), observer_(observer) {}

  engine::EngineInfo info() const override { return inner_.info(); }
  engine::Capabilities capabilities() const override { return inner_.capabilities(); }
  std::string fingerprint() const override { return inner_.fingerprint(); }
  engine::InstanceCounts instance_counts() const override { return inner_.instance_counts(); }
  std::unique_ptr<engine::ThreadAttachment> attach_thread() const override {
    return inner_.attach_thread();
  }

  Result<std::unique_ptr<const engine::Module>> compile(
      Bytes wasm, std::span<const Import> imports) const override {
    WEIR_TRY(auto module, inner_.compile(wasm, imports));
    return observed(std::move(module), imports);
  }
  Result<std::unique_ptr<const engine::Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    WEIR_TRY(auto module, inner_.deserialize(artifact, imports));
    return observed(std::move(module), imports);
  }

 private:
  std::unique_ptr<const engine::Module> observed(std::unique_ptr<const engine::Module> module,
                                                 std::span<const Import> imports) const {
    return std::make_unique<ObservedModule>(std::move(module), imports, observer_);
  }

  const Engine& inner_;
  CallObserver& observer_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_observed_engine(const engine::Engine& inner,
                                                     CallObserver& observer) {
  return std::make_unique<ObservedEngine>(inner, observer);
}

}  // namespace weir::abi
