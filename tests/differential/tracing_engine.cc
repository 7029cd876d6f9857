#include "differential/tracing_engine.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace weir::test {
namespace {

using engine::Capabilities;
using engine::EngineInfo;
using engine::ExportId;
using engine::Flow;
using engine::Import;
using engine::ImportHandler;
using engine::InstanceCounts;
using engine::Limits;
using engine::Memory;
using engine::Slots;
using engine::ThreadAttachment;
using engine::Trap;
using engine::TrapKind;

// "(1, 1048, 5 "hello")": two numbers that could be address and length are followed by the bytes.
std::string arguments(std::span<const ValType> types, Slots slots, Memory memory) {
  constexpr uint64_t kLongestText = 4096;
  std::string text = "(";
  for (size_t i = 0; i < types.size(); ++i) {
    if (i != 0) text += ", ";
    text += std::to_string(slots[i]);
    const bool may_be_text = i != 0 && types[i - 1] == ValType::I32 && types[i] == ValType::I32 &&
                             slots[i - 1] != 0 && slots[i] != 0 && slots[i] <= kLongestText;
    if (!may_be_text) continue;
    if (const std::byte* bytes = memory.at(slots[i - 1], slots[i])) {
      text += " " + quoted({bytes, slots[i]}, 64);
    }
  }
  return text + ")";
}

std::string results(std::span<const ValType> types, Slots slots) {
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    text.append(i == 0 ? " " : ", ").append(std::to_string(slots[i]));
  }
  return text;
}

// Both names of WASI have it.
bool is_random_get(const Import& import) {
  return import.module.starts_with("wasi_") && import.name == "random_get" &&
         import.signature.params.size() == 2 && import.signature.results.size() == 1;
}

class TracingInstance final : public engine::Instance, private ImportHandler {
 public:
  TracingInstance(ImportHandler& host, const std::map<uint32_t, const Import*>& imports,
                  Transcript& transcript)
      : host_(host), imports_(imports), transcript_(transcript) {}

  // Not part of construction: the inner instance is given this object.
  Done make_inner(const engine::Module& module, const Limits& limits) {
    WEIR_TRY(inner_, module.make_instance(*this, limits));
    return Unit{};
  }

  Flow instantiate() noexcept override {
    transcript_.add("-> instantiate");
    transcript_.enter();
    const Flow flow = inner_->instantiate();
    transcript_.leave();
    if (!ended(flow)) transcript_.add("<- | " + digest(inner_->memory()));
    return flow;
  }

  Result<ExportId> bind_export(std::string_view name, Signature signature) override {
    WEIR_TRY(const ExportId id, inner_->bind_export(name, signature));
    exports_[id] = {std::string(name),
                    {{signature.params.begin(), signature.params.end()},
                     {signature.results.begin(), signature.results.end()}}};
    return id;
  }

  Flow call(ExportId id, Slots slots) noexcept override {
    const ModuleInterface::Export& called = exports_.at(id);
    transcript_.add("-> " + called.name + arguments(called.type.params, slots, {}));
    transcript_.enter();
    const Flow flow = inner_->call(id, slots);
    transcript_.leave();
    if (!ended(flow)) {
      transcript_.add("<-" + results(called.type.results, slots) + " | " +
                      digest(inner_->memory()));
    }
    return flow;
  }

  Trap take_trap() override { return trap_ ? *std::exchange(trap_, nullptr) : Trap{}; }
  Memory memory() noexcept override { return inner_->memory(); }
  void interrupt() const noexcept override { inner_->interrupt(); }

 private:
  Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept override {
    const Import& import = *imports_.at(token);
    transcript_.add(std::string(import.module)
                        .append(".")
                        .append(import.name)
                        .append(arguments(import.signature.params, slots, memory))
                        .append(" | ")
                        .append(digest(memory)));
    if (is_random_get(import)) return fill_with_random(slots, memory);
    transcript_.enter();
    const Flow flow = host_.on_import(token, slots, memory);
    transcript_.leave();
    transcript_.add(flow == Flow::Trap ? "= trap" : "=" + results(import.signature.results, slots));
    return flow;
  }

  Flow fill_with_random(Slots slots, Memory memory) {
    const uint64_t size = slots[1];
    std::byte* bytes = memory.at(slots[0], size);
    std::generate_n(bytes, bytes == nullptr ? 0 : size, [this] {
      random_ = random_ * 6364136223846793005 + 1442695040888963407;
      return static_cast<std::byte>(random_ >> 56);
    });
    slots[0] = 0;
    return Flow::Return;
  }

  // Writes down the trap, if it is one; take_trap() can tell it only once, so it is kept.
  bool ended(Flow flow) {
    if (flow == Flow::Return) return false;
    // Of nested calls each one that ends asks anew, and the innermost trap stands.
    if (trap_ == nullptr) trap_ = std::make_unique<Trap>(inner_->take_trap());
    const bool anywhere =
        trap_->kind == TrapKind::StackOverflow || trap_->kind == TrapKind::Interrupted;
    transcript_.add("<- trap " + std::string(to_string(trap_->kind)) +
                    (anywhere ? "" : " | " + digest(inner_->memory())));
    return true;
  }

  ImportHandler& host_;
  const std::map<uint32_t, const Import*>& imports_;
  Transcript& transcript_;
  std::map<ExportId, ModuleInterface::Export> exports_;
  std::unique_ptr<Trap> trap_;
  uint64_t random_ = 1;
  std::unique_ptr<Instance> inner_;
};

class TracingModule final : public engine::Module {
 public:
  TracingModule(std::unique_ptr<const engine::Module> inner, std::span<const Import> imports,
                Transcript& transcript)
      : inner_(std::move(inner)), transcript_(transcript) {
    for (const Import& import : imports) imports_[import.token] = &import;
  }

  Result<std::unique_ptr<engine::Instance>> make_instance(ImportHandler& handler,
                                                          const Limits& limits) const override {
    auto instance = std::make_unique<TracingInstance>(handler, imports_, transcript_);
    WEIR_TRY(instance->make_inner(*inner_, limits));
    return std::unique_ptr<engine::Instance>(std::move(instance));
  }
  Result<std::vector<std::byte>> serialize() const override { return inner_->serialize(); }

 private:
  std::unique_ptr<const engine::Module> inner_;
  std::map<uint32_t, const Import*> imports_;
  Transcript& transcript_;
};

class TracingEngine final : public engine::Engine {
 public:
  TracingEngine(const Contender& contender, const engine::CodeCache& cache, const Limits& limits,
                Transcript& transcript)
      : contender_(contender),
        inner_(*contender.engine),
        cache_(cache),
        limits_(limits),
        transcript_(transcript) {}

  EngineInfo info() const override { return inner_.info(); }
  Capabilities capabilities() const override {
    Capabilities can = inner_.capabilities();
    can.interrupt = can.stack_limit = can.memory_limit = true;
    can.serialize = false;  // code is kept below this engine
    return can;
  }
  std::string fingerprint() const override { return inner_.fingerprint(); }
  InstanceCounts instance_counts() const override { return inner_.instance_counts(); }
  std::unique_ptr<ThreadAttachment> attach_thread() const override {
    return inner_.attach_thread();
  }

  Result<std::unique_ptr<const engine::Module>> compile(
      Bytes wasm, std::span<const Import> imports) const override {
    // Above this engine, which says that it interrupts, looks before long operations are added.
    const auto supply = contender_.supply_limits == abi::SupplyLimits::Missing
                            ? abi::SupplyLimits::MissingButLooks
                            : contender_.supply_limits;
    WEIR_TRY(auto module, abi::compile_limited(inner_, &cache_, wasm, imports, limits_, supply));
    return std::unique_ptr<const engine::Module>(
        std::make_unique<TracingModule>(std::move(module), imports, transcript_));
  }
  Result<std::unique_ptr<const engine::Module>> deserialize(
      Bytes, std::span<const Import>) const override {
    return Error{ErrorCode::Unsupported, "a tracing engine has no artifacts"};
  }

 private:
  const Contender& contender_;
  const Engine& inner_;
  const engine::CodeCache& cache_;
  const Limits limits_;
  Transcript& transcript_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_tracing_engine(const Contender& contender,
                                                    const engine::CodeCache& cache,
                                                    const Limits& limits, Transcript& transcript) {
  return std::make_unique<TracingEngine>(contender, cache, limits, transcript);
}

}  // namespace weir::test
