// WAVM behind the engine seam, by its C++ runtime.

#include <llvm-c/Support.h>

#include <array>
#include <exception>
#include <mutex>
#include <string>

#include "engine/adapter.h"
#include "engine/wavm/fatal_errors.h"
#include "engine/wavm/guest_code.h"
#include "engine/wavm/guest_run.h"
#include "engine/wavm/wavm_module.h"

namespace weir::engine::wavm {
namespace {

constexpr std::string_view kVersion = "2019-11";  // it has had no release
constexpr size_t kMaxStackBytes = 2 << 20;

// What belongs to the process, and so is done once.
void prepare_process() {
  static std::once_flag done;
  std::call_once(done, [] {
    install_fault_handler();
    throw_fatal_errors_of_llvm();
    // The check of the stack has to be where a function begins; LLVM would move it with the frame.
    constexpr std::array<const char*, 2> kOptions = {"weir", "-enable-shrink-wrap=false"};
    LLVMParseCommandLineOptions(kOptions.size(), kOptions.data(), nullptr);
  });
}

class WavmEngine final : public Engine {
 public:
  explicit WavmEngine(const EngineOptions& options)
      : options_(options), root_(make_root_compartment()) {}

  EngineInfo info() const override {
    return {.name = "wavm",
            .version = std::string(kVersion),
            .compilation = "LLVM 9, instances copied from a template"};
  }

  Capabilities capabilities() const override {
    return {.stack_limit = true,
            .memory_limit = true,
            .serialize = true,
            .backtrace = true,
            .function_names = true};
  }

  // The options do not reach generated code.
  std::string fingerprint() const override {
    return "wavm " + std::string(kVersion) + " LLVM 9 features 1 x86_64 " + target_cpu();
  }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import> imports) const override {
    return make_module(&wavm::compile, wasm, imports);
  }

  Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    return make_module(&from_artifact, artifact, imports);
  }

 private:
  Result<std::unique_ptr<const Module>> make_module(decltype(&wavm::compile) read, Bytes bytes,
                                                    std::span<const Import> imports) const {
    try {
      WEIR_TRY(auto guest, read(bytes, imports));
      return std::unique_ptr<const Module>(
          std::make_unique<WavmModule>(root_, options_, std::move(guest), imports));
    } catch (const std::exception& error) {
      return Error{ErrorCode::BadModule, std::string("WAVM cannot compile it: ") + error.what()};
    }
  }

  const EngineOptions options_;
  const RootCompartment root_;
};

Result<std::unique_ptr<Engine>> make_engine(const EngineOptions& options) {
  if (options.max_stack_bytes == 0 || options.max_stack_bytes > kMaxStackBytes) {
    return Error{ErrorCode::BadConfig,
                 "max_stack_bytes must be 1 to " + std::to_string(kMaxStackBytes)};
  }
  try {
    prepare_process();
    return std::unique_ptr<Engine>(std::make_unique<WavmEngine>(options));
  } catch (const std::exception& error) {
    return Error{ErrorCode::Unsupported, std::string("WAVM cannot start: ") + error.what()};
  }
}

}  // namespace
}  // namespace weir::engine::wavm

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = weir::engine::kSeamVersion,
                                                  .make = &weir::engine::wavm::make_engine};
  return &kAdapter;
}
