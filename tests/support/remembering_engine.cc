#include "support/remembering_engine.h"

#include <deque>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/func_type.h"
#include "base/guarded.h"

namespace weir::test {
namespace {

using engine::Import;

// A compiled module, and what it refers to: imports of its own.
class Remembered {
 public:
  explicit Remembered(std::span<const Import> imports) {
    for (const Import& import : imports) {
      const std::string& module = names_.emplace_back(import.module);
      const std::string& name = names_.emplace_back(import.name);
      const auto& [params, results] = import.signature;
      const FuncType& type = types_.emplace_back(
          FuncType{{params.begin(), params.end()}, {results.begin(), results.end()}});
      imports_.push_back({module, name, type.view(), import.token});
    }
  }

  Done compile(const engine::Engine& engine, Bytes wasm) {
    WEIR_TRY(module_, engine.compile(wasm, imports_));
    return Unit{};
  }

  const engine::Module& module() const { return *module_; }

 private:
  std::deque<std::string> names_;
  std::deque<FuncType> types_;
  std::vector<Import> imports_;
  std::unique_ptr<const engine::Module> module_;
};

using SharedModule = std::shared_ptr<const Remembered>;

// Everyone who has the module compiled gets one of these.
class OneOfMany final : public engine::Module {
 public:
  explicit OneOfMany(SharedModule shared) : shared_(std::move(shared)) {}

  Result<std::unique_ptr<engine::Instance>> make_instance(
      engine::ImportHandler& handler, const engine::Limits& limits) const override {
    return shared_->module().make_instance(handler, limits);
  }
  Result<std::vector<std::byte>> serialize() const override {
    return shared_->module().serialize();
  }

 private:
  SharedModule shared_;
};

// The module, and how it is linked.
std::string key_of(Bytes wasm, std::span<const Import> imports) {
  std::string key(reinterpret_cast<const char*>(wasm.data()), wasm.size());
  for (const Import& import : imports) {
    key.append("\n").append(import.module).append(".").append(import.name);
    key.append(to_string(import.signature)).append(std::to_string(import.token));
  }
  return key;
}

class RememberingEngine final : public engine::Engine {
 public:
  explicit RememberingEngine(const engine::Engine& engine) : engine_(engine) {}

  engine::EngineInfo info() const override { return engine_.info(); }
  engine::Capabilities capabilities() const override { return engine_.capabilities(); }
  std::string fingerprint() const override { return engine_.fingerprint(); }

  Result<std::unique_ptr<const engine::Module>> compile(
      Bytes wasm, std::span<const Import> imports) const override {
    const std::string key = key_of(wasm, imports);
    SharedModule shared = find(key);
    if (shared == nullptr) {
      const auto made = std::make_shared<Remembered>(imports);
      WEIR_TRY(made->compile(engine_, wasm));
      shared = remembered_.lock()->emplace(key, made).first->second;
    }
    return std::unique_ptr<const engine::Module>(std::make_unique<OneOfMany>(std::move(shared)));
  }

  Result<std::unique_ptr<const engine::Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    return engine_.deserialize(artifact, imports);
  }

  std::unique_ptr<engine::ThreadAttachment> attach_thread() const override {
    return engine_.attach_thread();
  }

 private:
  SharedModule find(const std::string& key) const {
    auto remembered = remembered_.lock();
    const auto found = remembered->find(key);
    return found == remembered->end() ? nullptr : found->second;
  }

  const engine::Engine& engine_;
  Guarded<std::map<std::string, SharedModule>> remembered_;
};

}  // namespace

std::unique_ptr<engine::Engine> make_remembering_engine(const engine::Engine& engine) {
  return std::make_unique<RememberingEngine>(engine);
}

}  // namespace weir::test
