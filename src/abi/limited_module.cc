#include "abi/limited_module.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <utility>
#include <vector>

#include "module/file_kind.h"
#include "module/limits_pass.h"

namespace weir::abi {
namespace {

using engine::Flow;
using engine::Slots;
using engine::TrapKind;

constexpr std::array kOneI32{ValType::I32};

// Bytes that a guest's frames may take of its thread's stack, where the pass counts them.
constexpr uint32_t kStackBytes = engine::EngineOptions{}.max_stack_bytes;

wasm::LimitsToAdd limits_to_add(const engine::Capabilities& can, const engine::Limits& limits,
                                SupplyLimits supply) {
  const bool all = supply == SupplyLimits::All;
  wasm::LimitsToAdd add;
  if (can.native_code) return add;
  add.interrupt = all || !can.interrupt;
  // Engines look by themselves at loops and calls alone.
  add.look_if_long = supply != SupplyLimits::MissingButLooks;
  if (all || !can.stack_limit) add.stack_bytes = kStackBytes;
  if (all || !can.memory_limit) {
    add.sizes = {.memory_bytes = limits.max_memory_bytes,
                 .table_elements = limits.max_table_elements};
  }
  return add;
}

// What the instances of a rewritten module share.
struct Rewriting {
  uint32_t limit_token = 0;
  bool interrupts = false;  // by the pass, not by the engine
  std::string excess;       // why no instance can be had; empty where it can
  wasm::OriginMap origin;
};

// Between the guest's owner and the engine's instance.
class LimitedInstance final : public engine::Instance, private engine::ImportHandler {
 public:
  LimitedInstance(const Rewriting& rewriting, engine::ImportHandler& handler)
      : rewriting_(rewriting), handler_(handler) {}

  static Result<std::unique_ptr<engine::Instance>> make(const engine::Module& module,
                                                        const Rewriting& rewriting,
                                                        engine::ImportHandler& handler,
                                                        const engine::Limits& limits) {
    auto instance = std::make_unique<LimitedInstance>(rewriting, handler);
    WEIR_TRY(instance->inner_, module.make_instance(*instance, limits));
    return std::unique_ptr<engine::Instance>(std::move(instance));
  }

  Flow instantiate() noexcept override {
    if (!rewriting_.excess.empty()) return refuse(TrapKind::NoResources, rewriting_.excess);
    if (interrupted()) return refuse(TrapKind::Interrupted, kInterrupted);
    exists_ = true;
    return inner_->instantiate();
  }

  Result<engine::ExportId> bind_export(std::string_view name, Signature signature) override {
    return inner_->bind_export(name, signature);
  }

  Flow call(engine::ExportId id, Slots slots) noexcept override {
    if (interrupted()) return refuse(TrapKind::Interrupted, kInterrupted);
    return inner_->call(id, slots);
  }

  engine::Trap take_trap() override {
    if (refused_) return *std::exchange(refused_, std::nullopt);
    engine::Trap trap = inner_->take_trap();
    const auto limit = std::exchange(reached_, std::nullopt);
    if (limit && trap.kind == TrapKind::Host) {
      trap.kind = *limit;
      trap.message = *limit == TrapKind::Interrupted ? kInterrupted : kStackUsedUp;
    }
    find_origins(trap.frames);
    return trap;
  }

  engine::Memory memory() noexcept override {
    return exists_ ? inner_->memory() : engine::Memory();
  }

  // The guest calls out soon, at the latest by `limit`.
  void interrupt() const noexcept override {
    if (rewriting_.interrupts) {
      interrupted_.store(true, std::memory_order_relaxed);
    } else {
      inner_->interrupt();
    }
  }

 private:
  static constexpr std::string_view kInterrupted = "interrupted by the host";
  static constexpr std::string_view kStackUsedUp = "the guest's stack is used up";

  Flow on_import(uint32_t token, Slots slots, engine::Memory memory) noexcept override {
    if (token == rewriting_.limit_token &&
        slots[0] == static_cast<uint64_t>(wasm::LimitReason::StackUsedUp)) {
      return reach(TrapKind::StackOverflow);
    }
    if (interrupted()) return reach(TrapKind::Interrupted);
    if (token == rewriting_.limit_token) return Flow::Return;
    return handler_.on_import(token, slots, memory);
  }

  bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

  // Ends a call that the guest has made.
  Flow reach(TrapKind kind) {
    reached_ = kind;
    return Flow::Trap;
  }

  // Ends a call of the guest that has not begun. The first cause stands.
  Flow refuse(TrapKind kind, std::string_view why) {
    if (!refused_) refused_ = engine::Trap{kind, std::string(why), {}};
    return Flow::Trap;
  }

  void find_origins(std::vector<engine::Frame>& frames) const {
    const auto& origin = rewriting_.origin;
    std::erase_if(frames, [&](const engine::Frame& frame) {
      return !origin.old_function(frame.function_index);
    });
    for (engine::Frame& frame : frames) {
      frame.function_index = *origin.old_function(frame.function_index);
      if (frame.module_offset) frame.module_offset = origin.old_offset(*frame.module_offset);
    }
  }

  const Rewriting& rewriting_;
  engine::ImportHandler& handler_;
  std::unique_ptr<engine::Instance> inner_;
  bool exists_ = false;                  // beyond its name: it has begun to be instantiated
  std::optional<TrapKind> reached_;      // the limit at which the guest's call has ended
  std::optional<engine::Trap> refused_;  // why a call has not begun
  mutable std::atomic<bool> interrupted_ = false;
};

class LimitedModule final : public engine::Module {
 public:
  LimitedModule(Rewriting rewriting, std::vector<engine::Import> imports)
      : rewriting_(std::move(rewriting)), imports_(std::move(imports)) {}

  Done compile(MakeModule make, Bytes wasm) {
    WEIR_TRY(inner_, make(wasm, imports_));
    return Unit{};
  }

  Result<std::unique_ptr<engine::Instance>> make_instance(
      engine::ImportHandler& handler, const engine::Limits& limits) const override {
    return LimitedInstance::make(*inner_, rewriting_, handler, limits);
  }

  Result<std::vector<std::byte>> serialize() const override { return inner_->serialize(); }

 private:
  const Rewriting rewriting_;
  const std::vector<engine::Import> imports_;
  std::unique_ptr<const engine::Module> inner_;  // refers to imports_
};

}  // namespace

Result<std::unique_ptr<const engine::Module>> compile_limited(
    const engine::Capabilities& can, MakeModule make, Bytes wasm,
    std::span<const engine::Import> imports, const engine::Limits& limits, SupplyLimits supply) {
  const wasm::LimitsToAdd add = limits_to_add(can, limits, supply);
  if (!add.any()) return make(wasm, imports);

  const bool only_looks = !add.interrupt && !add.stack_bytes && !add.sizes;
  if (only_looks && !wasm::check_preamble(wasm).ok()) return make(wasm, imports);
  auto limited = wasm::add_limits(wasm, add);
  if (!limited.ok()) {
    // What is wrong with a module the engine tells better; but it is not to take what is not looked
    // through.
    if (only_looks) WEIR_TRY(make(wasm, imports));
    return std::move(limited).error().in("limits");
  }
  wasm::LimitedCode& code = limited.value();
  if (code.unchanged) return make(wasm, imports);

  uint32_t limit_token = 0;
  for (const engine::Import& import : imports) limit_token = std::max(limit_token, import.token);
  ++limit_token;
  std::vector<engine::Import> all(imports.begin(), imports.end());
  if (code.imports_limit) {
    all.push_back({code.limit_module, wasm::kLimitName, {kOneI32, {}}, limit_token});
  }
  auto module = std::make_unique<LimitedModule>(Rewriting{.limit_token = limit_token,
                                                          .interrupts = add.interrupt,
                                                          .excess = std::move(code.excess),
                                                          .origin = std::move(code.origin)},
                                                std::move(all));
  WEIR_TRY(module->compile(make, code.wasm));
  return std::unique_ptr<const engine::Module>(std::move(module));
}

Result<std::unique_ptr<const engine::Module>> compile_limited(
    const engine::Engine& engine, const engine::CodeCache* cache, Bytes wasm,
    std::span<const engine::Import> imports, const engine::Limits& limits, SupplyLimits supply) {
  const auto make = [&](Bytes code, std::span<const engine::Import> all) {
    return engine::compile(engine, cache, code, all);
  };
  return compile_limited(engine.capabilities(), make, wasm, imports, limits, supply);
}

}  // namespace weir::abi
