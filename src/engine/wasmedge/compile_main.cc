// The process of its own in which WasmEdge compiles a module: weir-wasmedge-compile IN OUT.
// The module is valid. Ends with 0 and OUT written, or with a line that says why not.

#include <sys/resource.h>

#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "engine/wasmedge/amend_llvm.h"
#include "engine/wasmedge/api.h"

namespace weir::engine::wasmedge {
namespace {

constexpr rlim_t kMaxCpuSeconds = 600;
// Optimising takes 20 s for each megabyte.
constexpr size_t kMaxOptimizedBytes = 1 << 20;

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

int compile(const char* source, const char* compiled) {
  auto loaded = Api::load();
  if (!loaded.ok()) return fail(loaded.error().message);
  const Api& api = *loaded.value();
  api.log_off();
  if (const auto done = amend_llvm(api); !done.ok()) return fail(done.error().message);

  std::ifstream file(source, std::ios::binary);
  const std::string wasm{std::istreambuf_iterator<char>(file), {}};
  const auto configuration = own(api.configure_create(), api.configure_delete);
  api.configure_add_proposal(configuration.get(), WasmEdge_Proposal_ExtendedConst);
  api.configure_compiler_set_optimization_level(configuration.get(),
                                                wasm.size() <= kMaxOptimizedBytes
                                                    ? WasmEdge_CompilerOptimizationLevel_O2
                                                    : WasmEdge_CompilerOptimizationLevel_O0);
  api.configure_compiler_set_output_format(configuration.get(), WasmEdge_CompilerOutputFormat_Wasm);
  // For the processor that LLVM tells of, which is what amend_llvm() has it tell.
  api.configure_compiler_set_generic_binary(configuration.get(), false);
  const auto compiler = own(api.compiler_create(configuration.get()), api.compiler_delete);
  if (compiler == nullptr) return fail("this build of WasmEdge has no compiler");
  const WasmEdge_Result result = api.compiler_compile_from_buffer(
      compiler.get(), reinterpret_cast<const uint8_t*>(wasm.data()), wasm.size(), compiled);
  if (result.Code != 0) return fail(api.result_get_message(result));
  if (amended_modules() != 1) {
    std::remove(compiled);
    return fail("its code has no checks of the stack");
  }
  return 0;
}

}  // namespace
}  // namespace weir::engine::wasmedge

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const rlimit cpu{weir::engine::wasmedge::kMaxCpuSeconds, weir::engine::wasmedge::kMaxCpuSeconds};
  setrlimit(RLIMIT_CPU, &cpu);
  return weir::engine::wasmedge::compile(argv[1], argv[2]);
}
