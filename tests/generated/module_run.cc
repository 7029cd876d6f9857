#include "generated/module_run.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <memory>
#include <vector>

#include "module/module_info.h"

namespace weir::test {
namespace {

using engine::Flow;
using engine::Memory;
using engine::Slots;

// The same numbers on every machine (splitmix64).
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t word = state_;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
  }

  // Often small, or at an edge; never a NaN, whose bits engines may change.
  uint64_t value(ValType type) {
    static constexpr std::array<int64_t, 8> kIntegers = {
        0, 1, -1, 64, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    static constexpr std::array<double, 8> kFloats = {0.0,   -0.0, 1.5,      -1e10,
                                                      1e300, 0.1,  INFINITY, -INFINITY};
    const uint64_t random = next();
    const size_t choice = (random >> 8) % 8;
    const bool is_edge = random % 2 == 0;
    switch (type) {
      case ValType::I32:
        return static_cast<uint32_t>(is_edge ? static_cast<uint64_t>(kIntegers[choice]) : random);
      case ValType::I64:
        return is_edge ? static_cast<uint64_t>(kIntegers[choice]) : random;
      case ValType::F32:
        return std::bit_cast<uint32_t>(static_cast<float>(kFloats[choice]));
      case ValType::F64:
        return std::bit_cast<uint64_t>(kFloats[choice]);
    }
    return 0;
  }

 private:
  uint64_t state_;
};

// An exception that nobody has caught.
std::string without_engines_words(const std::string& message) {
  const bool is_exception = message == "thrown Wasm exception" || message == "wasm exception";
  return is_exception ? "exception" : message;
}

// FNV-1a, by words.
uint64_t hash_of(const Memory& memory) {
  uint64_t hash = 0xcbf29ce484222325;
  const uint64_t words = memory.size() / sizeof(uint64_t);
  for (uint64_t i = 0; i < words; ++i) {
    const auto word = load<uint64_t>(memory.at(i * sizeof(uint64_t), sizeof(uint64_t)));
    hash = (hash ^ word) * 0x100000001b3;
  }
  return hash;
}

// Answers imports by what it has been asked, so that a difference in the calls shows. Tokens are
// the imports' places.
class Host final : public engine::ImportHandler {
 public:
  explicit Host(const std::vector<ModuleInterface::Import>& imports) : imports_(imports) {}

  Flow on_import(uint32_t token, Slots slots, Memory memory) noexcept override {
    const FuncType& type = imports_[token].type;
    uint64_t seed = std::hash<std::string_view>()(imports_[token].name) + memory.size();
    for (size_t i = 0; i < type.params.size(); ++i) seed = seed * 31 + slots[i];
    ++calls;
    Numbers numbers(seed);
    for (size_t i = 0; i < type.results.size(); ++i) slots[i] = numbers.value(type.results[i]);
    return Flow::Return;
  }

  uint64_t calls = 0;

 private:
  const std::vector<ModuleInterface::Import>& imports_;
};

class Run {
 public:
  Run(const engine::Engine& engine, const ModuleInterface& interface, uint64_t seed)
      : attachment_(engine.attach_thread()),
        interface_(interface),
        host_(interface.imports),
        numbers_(seed) {}

  Done compile(const engine::Engine& engine, abi::SupplyLimits supply, Bytes wasm) {
    for (size_t i = 0; i < interface_.imports.size(); ++i) {
      const auto& import = interface_.imports[i];
      imports_.push_back(
          {import.module, import.name, import.type.view(), static_cast<uint32_t>(i)});
    }
    WEIR_TRY(module_,
             abi::compile_limited(engine, nullptr, wasm, imports_, engine::Limits{}, supply));
    return Unit{};
  }

  std::string run() {
    for (int round = 0; round < 2; ++round) {
      for (const auto& exported : interface_.exports) {
        if (!exported.name.starts_with('f')) continue;
        if (instance_ == nullptr && !start()) return std::move(text_);
        call(exported);
      }
    }
    return std::move(text_);
  }

 private:
  // A module whose start function traps has nothing more to show.
  bool start() {
    auto made = module_->make_instance(host_, engine::Limits{});
    if (!made.ok()) {
      text_ += "no instance: " + made.error().message + "\n";
      return false;
    }
    instance_ = std::move(made).value();
    if (instance_->instantiate() == Flow::Trap) {
      text_ += "start: ";
      end_by_trap();
      return false;
    }
    text_ += "start: ";
    show_state();
    return true;
  }

  void call(const ModuleInterface::Export& exported) {
    std::array<uint64_t, engine::kMaxSlots> slots{};
    const FuncType& type = exported.type;
    for (size_t i = 0; i < type.params.size(); ++i) slots[i] = numbers_.value(type.params[i]);
    text_ += exported.name + ": ";
    const auto id = instance_->bind_export(exported.name, type.view());
    if (!id.ok()) {
      text_ += id.error().message + "\n";
      return;
    }
    if (instance_->call(id.value(), slots) == Flow::Trap) return end_by_trap();
    for (size_t i = 0; i < type.results.size(); ++i) text_ += std::to_string(slots[i]) + " ";
    show_state();
  }

  void end_by_trap() {
    const engine::Trap trap = instance_->take_trap();
    text_ += "trap " + std::string(to_string(trap.kind));
    // Engines should know what this is.
    if (trap.kind == engine::TrapKind::Other) text_ += ": " + without_engines_words(trap.message);
    text_ += "\n";
    instance_.reset();
  }

  void show_state() {
    text_ += "globals";
    for (const auto& exported : interface_.exports) {
      if (!exported.name.starts_with('g')) continue;
      std::array<uint64_t, 1> slot{};
      const auto id = instance_->bind_export(exported.name, exported.type.view());
      if (!id.ok() || instance_->call(id.value(), slot) == Flow::Trap) {
        text_ += " unreadable";
      } else {
        text_ += " " + std::to_string(slot[0]);
      }
    }
    const Memory memory = instance_->memory();
    text_ += ", memory " + std::to_string(memory.size()) + " " + std::to_string(hash_of(memory)) +
             ", calls " + std::to_string(host_.calls) + "\n";
  }

  const std::unique_ptr<engine::ThreadAttachment> attachment_;
  const ModuleInterface& interface_;
  Host host_;
  Numbers numbers_;
  std::vector<engine::Import> imports_;
  std::unique_ptr<const engine::Module> module_;
  std::unique_ptr<engine::Instance> instance_;
  std::string text_;
};

}  // namespace

std::string run_module(const engine::Engine& engine, abi::SupplyLimits supply,
                       std::string_view wasm, uint64_t seed) {
  auto info = wasm::read_module(as_bytes(wasm));
  if (!info.ok()) return "refused: " + info.error().message;
  Run run(engine, info.value().interface, seed);
  if (Done compiled = run.compile(engine, supply, as_bytes(wasm)); !compiled.ok()) {
    return "refused: " + compiled.error().message;
  }
  return run.run();
}

}  // namespace weir::test
