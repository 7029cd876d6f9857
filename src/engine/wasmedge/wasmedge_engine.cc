// WasmEdge behind the engine seam, by its C API.

#include <array>
#include <string>
#include <vector>

#include "engine/adapter.h"
#include "engine/wasmedge/bounded_module.h"
#include "engine/wasmedge/mode.h"
#include "engine/wasmedge/wasmedge_module.h"

namespace weir::engine::wasmedge {
namespace {

constexpr uint64_t kMaxStackBytes = 2 << 20;

// Besides those that WasmEdge takes without being asked.
constexpr std::array kProposals = {WasmEdge_Proposal_ExtendedConst};

struct Refused {
  WasmEdge_Proposal proposal;
  std::string_view name;
};
// What no plugin can use through this seam, or no engine of Weir offers.
constexpr std::array kRefusedProposals = {
    Refused{WasmEdge_Proposal_ExceptionHandling, "exceptions"},
    // A tail call of a host function goes on in the caller's code, or ends the process by an
    // assertion: so it is in 0.14.1.
    Refused{WasmEdge_Proposal_TailCall, "tail calls"},
    Refused{WasmEdge_Proposal_Threads, "threads"},
    Refused{WasmEdge_Proposal_MultiMemories, "several memories"},
    Refused{WasmEdge_Proposal_Memory64, "64-bit memories"},
    Refused{WasmEdge_Proposal_RelaxSIMD, "relaxed SIMD"},
    Refused{WasmEdge_Proposal_FunctionReferences, "typed function references"},
    Refused{WasmEdge_Proposal_GC, "garbage collection"},
};

using OwnedConfiguration = Owned<WasmEdge_ConfigureContext>;
using OwnedCode = Owned<WasmEdge_ASTModuleContext>;

// Of what is loaded, code that was compiled ahead is run where it was this adapter's.
enum class Code : uint8_t { Wasm, Translated };

OwnedConfiguration make_configuration(const Api& api, Code code) {
  OwnedConfiguration configuration = own(api.configure_create(), api.configure_delete);
  for (const WasmEdge_Proposal proposal : kProposals) {
    api.configure_add_proposal(configuration.get(), proposal);
  }
  api.configure_set_force_interpreter(configuration.get(), code == Code::Wasm);
  return configuration;
}

class WasmEdgeEngine final : public Engine {
 public:
  WasmEdgeEngine(std::unique_ptr<const Api> api, const EngineOptions& options)
      : shared_(std::move(api), mode_.capabilities.stack_limit ? options.max_stack_bytes : 0),
        wasm_(make_configuration(shared_.api, Code::Wasm)),
        translated_(make_configuration(shared_.api, Code::Translated)) {}

  EngineInfo info() const override {
    return {
        .name = mode_.name, .version = shared_.api.version_get(), .compilation = mode_.compilation};
  }

  Capabilities capabilities() const override { return mode_.capabilities; }

  std::string fingerprint() const override {
    return mode_.name + " " + shared_.api.version_get() + " " + mode_.fingerprint;
  }

  Result<std::unique_ptr<const Module>> compile(Bytes wasm,
                                                std::span<const Import> imports) const override {
    WEIR_TRY(auto bounded, bound_module(wasm, Limits{}.max_table_elements));
    OwnedCode code;
    const WasmEdge_Result result = parse(wasm_.get(), bounded.wasm, code);
    if (!is_ok(result)) return Error{ErrorCode::BadModule, why_refused(result, bounded.wasm)};
    if (!mode_.capabilities.serialize) {
      return WasmEdgeModule::make(shared_, std::move(code), bounded, {}, imports);
    }
    WEIR_TRY(auto artifact, translate(bounded.wasm));
    return load(std::move(artifact), bounded, imports);
  }

  Result<std::unique_ptr<const Module>> deserialize(
      Bytes artifact, std::span<const Import> imports) const override {
    if (!mode_.capabilities.serialize) {
      return Error{ErrorCode::Unsupported, "WasmEdge's interpreter has no compiled code to load"};
    }
    // What it declares is the bounded module's.
    WEIR_TRY(const auto bounded, bound_module(artifact, Limits{}.max_table_elements));
    return load({artifact.begin(), artifact.end()}, bounded, imports);
  }

 private:
  // `artifact` is what translate() made.
  Result<std::unique_ptr<const Module>> load(std::vector<std::byte> artifact,
                                             const BoundedModule& bounds,
                                             std::span<const Import> imports) const {
    OwnedCode code;
    const WasmEdge_Result result = parse(translated_.get(), artifact, code);
    if (!is_ok(result)) return Error{ErrorCode::BadModule, message_of(shared_.api, result)};
    return WasmEdgeModule::make(shared_, std::move(code), bounds, std::move(artifact), imports);
  }

  // Reads and validates.
  WasmEdge_Result parse(const WasmEdge_ConfigureContext* configuration, Bytes wasm,
                        OwnedCode& code) const {
    const Api& api = shared_.api;
    const auto loader = own(api.loader_create(configuration), api.loader_delete);
    WasmEdge_ASTModuleContext* parsed = nullptr;
    const WasmEdge_Result result = api.loader_parse_from_buffer(
        loader.get(), &parsed, reinterpret_cast<const uint8_t*>(wasm.data()),
        static_cast<uint32_t>(wasm.size()));
    if (!is_ok(result)) return result;
    code = own(parsed, api.ast_module_delete);
    const auto validator = own(api.validator_create(configuration), api.validator_delete);
    return api.validator_validate(validator.get(), code.get());
  }

  // WasmEdge's words, and the feature that would make the module a good one, where one would.
  std::string why_refused(WasmEdge_Result result, Bytes wasm) const {
    for (const auto& [proposal, name] : kRefusedProposals) {
      const auto configuration = make_configuration(shared_.api, Code::Wasm);
      shared_.api.configure_add_proposal(configuration.get(), proposal);
      OwnedCode ignored;
      if (is_ok(parse(configuration.get(), wasm, ignored))) {
        return "the module uses " + std::string(name) + ", which engine '" + mode_.name +
               "' does not offer";
      }
    }
    return message_of(shared_.api, result);
  }

  const Mode mode_ = mode();
  const Shared shared_;
  const OwnedConfiguration wasm_;
  const OwnedConfiguration translated_;
};

Result<std::unique_ptr<Engine>> make_engine(const EngineOptions& options) {
  if (options.max_stack_bytes == 0 || options.max_stack_bytes > kMaxStackBytes) {
    return Error{ErrorCode::BadConfig,
                 "max_stack_bytes must be 1 to " + std::to_string(kMaxStackBytes)};
  }
  WEIR_TRY(auto api, Api::load());
  // It would write its own words for every trap to standard output.
  api->log_off();
  WEIR_TRY(prepare(*api));
  return std::unique_ptr<Engine>(std::make_unique<WasmEdgeEngine>(std::move(api), options));
}

}  // namespace
}  // namespace weir::engine::wasmedge

extern "C" __attribute__((visibility("default"))) const weir::engine::Adapter*
weir_engine_adapter() {
  static constexpr weir::engine::Adapter kAdapter{.seam_version = weir::engine::kSeamVersion,
                                                  .make = &weir::engine::wasmedge::make_engine};
  return &kAdapter;
}
