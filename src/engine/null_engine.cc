#include "engine/null_engine.h"

#include <algorithm>
#include <utility>

#include "engine/native_library.h"
#include "engine/native_plugin.h"

namespace weir::engine {
namespace {

class NativeInstance final : public Instance {
 public:
  NativeInstance(const NativeLibrary& library, std::span<const Import> imports,
                 ImportHandler& handler)
      : library_(library), imports_(imports), handler_(handler), host_{this, &on_host_call} {}

  NativeInstance(const NativeInstance&) = delete;
  NativeInstance& operator=(const NativeInstance&) = delete;

  ~NativeInstance() override {
    if (plugin_ != nullptr) library_.plugin().destroy(plugin_);
  }

  Flow instantiate() noexcept override {
    plugin_ = library_.plugin().create(&host_);
    if (stopped_by_host_) return trapped("create");
    if (plugin_ == nullptr) {
      trap_ = {.kind = TrapKind::NoResources, .message = "create() returned no instance"};
      return Flow::Trap;
    }
    return Flow::Return;
  }

  Result<ExportId> bind_export(std::string_view name, Signature signature) override {
    const auto& exports = library_.interface().exports;
    const auto found = std::ranges::find(exports, name, &ModuleInterface::Export::name);
    if (found == exports.end()) {
      return Error{ErrorCode::LinkFailed, "no export '" + std::string(name) + "'"};
    }
    if (!(found->type.view() == signature)) {
      return Error{ErrorCode::LinkFailed, "export '" + std::string(name) + "' is " +
                                              to_string(found->type.view()) + ", not " +
                                              to_string(signature)};
    }
    return static_cast<ExportId>(found - exports.begin());
  }

  Flow call(ExportId id, Slots slots) noexcept override {
    const auto& called = library_.plugin().exports[static_cast<size_t>(id)];
    const bool failed = called.call(plugin_, slots.data()) != 0;
    return failed || stopped_by_host_ ? trapped(called.name) : Flow::Return;
  }

  Trap take_trap() override { return std::exchange(trap_, {}); }
  Memory memory() noexcept override { return Memory::native(); }
  void interrupt() const noexcept override {}

 private:
  static int on_host_call(void* self, uint32_t index, uint64_t* slots) {
    return static_cast<NativeInstance*>(self)->call_host(index, slots) == Flow::Return ? 0 : 1;
  }

  Flow call_host(uint32_t index, uint64_t* slots) noexcept {
    if (stopped_by_host_) return Flow::Trap;
    WEIR_CHECK(index < imports_.size());  // the plugin is trusted, so this is a bug in it
    const Import& import = imports_[index];
    const size_t used = std::max(import.signature.params.size(), import.signature.results.size());
    const Flow flow = handler_.on_import(import.token, Slots(slots, used), Memory::native());
    stopped_by_host_ |= flow == Flow::Trap;
    return flow;
  }

  // The first cause stands: an enclosing call that stops in turn adds nothing.
  Flow trapped(std::string_view where) {
    if (trap_.message.empty()) {
      trap_.kind = stopped_by_host_ ? TrapKind::Host : TrapKind::Unreachable;
      trap_.message = stopped_by_host_ ? "the host refused a call" : "the native plugin gave up";
      trap_.frames.push_back({.function = std::string(where)});
    }
    return Flow::Trap;
  }

  const NativeLibrary& library_;
  std::span<const Import> imports_;
  ImportHandler& handler_;
  const weir_native_host host_;
  void* plugin_ = nullptr;
  bool stopped_by_host_ = false;  // no further call leaves the plugin
  Trap trap_;
};

class NativeModule final : public Module {
 public:
  NativeModule(NativeLibrary library, std::span<const Import> imports)
      : library_(std::move(library)), imports_(imports) {}

  Result<std::unique_ptr<Instance>> make_instance(ImportHandler& handler,
                                                  const Limits&) const override {
    return std::unique_ptr<Instance>(std::make_unique<NativeInstance>(library_, imports_, handler));
  }

  Result<std::vector<std::byte>> serialize() const override {
    return Error{ErrorCode::Unsupported, "native plugins have no compiled form to keep"};
  }

 private:
  NativeLibrary library_;
  std::span<const Import> imports_;
};

class NullEngine final : public Engine {
 public:
  EngineInfo info() const override {
    return {.name = "null",
            .version = std::to_string(WEIR_NATIVE_PLUGIN_VERSION),
            .compilation = "native plugins, compiled in or shared objects"};
  }

  Capabilities capabilities() const override { return {.native_code = true}; }

  std::string fingerprint() const override { return "null"; }

  Result<std::unique_ptr<const Module>> compile(Bytes code,
                                                std::span<const Import> imports) const override {
    WEIR_TRY(auto library, NativeLibrary::open(code));
    if (imports.size() != library.interface().imports.size()) {
      return Error{ErrorCode::LinkFailed, "the native plugin imports " +
                                              std::to_string(library.interface().imports.size()) +
                                              " functions, " + std::to_string(imports.size()) +
                                              " are given"};
    }
    return std::unique_ptr<const Module>(
        std::make_unique<NativeModule>(std::move(library), imports));
  }

  Result<std::unique_ptr<const Module>> deserialize(Bytes, std::span<const Import>) const override {
    return Error{ErrorCode::Unsupported, "native plugins have no compiled form to keep"};
  }
};

}  // namespace

std::unique_ptr<Engine> make_null_engine() { return std::make_unique<NullEngine>(); }

Result<ModuleInterface> native_interface(Bytes code) {
  WEIR_TRY(auto library, NativeLibrary::open(code));
  return library.interface();
}

}  // namespace weir::engine
