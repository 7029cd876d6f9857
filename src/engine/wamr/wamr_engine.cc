// WAMR behind the engine seam.

#include <wasm_export.h>

#include <string>

#include "engine/adapter.h"
#include "engine/wamr/mode.h"
#include "engine/wamr/plain_names.h"
#include "engine/wamr/wamr_module.h"

namespace weir::engine::wamr {
namespace {

constexpr size_t kMaxStackBytes = 8 << 20;

class WamrEngine final : public Engine {
 public:
  explicit WamrEngine(const EngineOptions& options)
      : mode_(mode()), stack_bytes_(static_cast<uint32_t>(options.max_stack_bytes)) {}

  EngineInfo info() const override {
    return {.name = mode_.name, .version = version(), .compilation = mode_.compilation};
  }

  Capabilities capabilities() const override { return mode_.capabilities; }

  std::string fingerprint() const override {
    return mode_.name + " " + version() + " " + mode_.fingerprint;
  }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import> imports) const override {
    auto code = translate(with_plain_names(wasm));
    if (!code.ok()) return std::move(code).error().in("engine '" + mode_.name + "'");
    auto made = WamrModule::make(std::move(code).value(), imports, stack_bytes_);
    // Its words are of a module that others may take.
    if (!made.ok()) return std::move(made).error().in("engine '" + mode_.name + "'");
    return made;
  }

  Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    if (!mode_.capabilities.serialize) {
      return Error{ErrorCode::Unsupported, mode_.name + " has no artifacts"};
    }
    return WamrModule::make({artifact.begin(), artifact.end()}, imports, stack_bytes_);
  }

 private:
  static std::string version() {
    uint32_t major = 0;
    uint32_t minor = 0;
    uint32_t patch = 0;
    wasm_runtime_get_version(&major, &minor, &patch);
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  }

  Mode mode_;
  uint32_t stack_bytes_;
};

// Without hardware bounds checks WAMR keeps nothing for a thread: there is nothing to attach.
Result<std::unique_ptr<Engine>> make_engine(const EngineOptions& options) {
  if (options.max_stack_bytes == 0 || options.max_stack_bytes > kMaxStackBytes) {
    return Error{ErrorCode::BadConfig,
                 "max_stack_bytes must be 1 to " + std::to_string(kMaxStackBytes)};
  }
  // For the life of the process: what is initialised here belongs to all engines of this adapter.
  static const bool initialised = wasm_runtime_init();
  if (!initialised) return Error{ErrorCode::Unsupported, "WAMR cannot be initialised"};
  return std::unique_ptr<Engine>(std::make_unique<WamrEngine>(options));
}

}  // namespace
}  // namespace weir::engine::wamr

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = weir::engine::kSeamVersion,
                                                  .make = &weir::engine::wamr::make_engine};
  return &kAdapter;
}
