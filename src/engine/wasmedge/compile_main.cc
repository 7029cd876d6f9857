// The process of its own in which WasmEdge compiles a module: weir-wasmedge-compile FOLDER, with a
// valid module in it. Ends with 0 and the compiled one beside that, or with a line that says why
// not. Standard input is a pipe of whoever waits for it, and ends with them: nobody needs the code
// then, nor removes the folder. With --version in FOLDER's place it says what it is.

#include <sys/resource.h>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

#include "engine/wasmedge/amend_llvm.h"
#include "engine/wasmedge/api.h"
#include "engine/wasmedge/workplace.h"

namespace weir::engine::wasmedge {
namespace {

namespace fs = std::filesystem;

constexpr rlim_t kMaxCpuSeconds = 600;
// Optimising takes 20 s for each megabyte.
constexpr size_t kMaxOptimizedBytes = 1 << 20;

// In one piece, for whoever looks whether this file is the program.
constexpr auto kMark = [] {
  std::array<char, kCompiler.size() + kCompilesBy.size() + kCompilerOptions.size() + 1> mark{};
  char* end = mark.data();
  for (const std::string_view part : {kCompiler, kCompilesBy, kCompilerOptions}) {
    end = std::copy(part.begin(), part.end(), end);
  }
  return mark;
}();

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

// Waits for the end of standard input, which never comes while the one who waits lives.
[[noreturn]] void end_with_parent(const fs::path& folder) {
  char ignored = 0;
  for (;;) {
    const ssize_t read_bytes = read(0, &ignored, 1);
    if (read_bytes == 0 || (read_bytes < 0 && errno != EINTR)) break;
  }
  // Twice: the other thread may be writing a file just now.
  std::error_code failed;
  for (int i = 0; i < 2 && folder.filename().string().starts_with(kWorkplace); ++i) {
    fs::remove_all(folder, failed);
  }
  _exit(1);
}

int compile(const fs::path& source, const fs::path& compiled) {
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
      compiler.get(), reinterpret_cast<const uint8_t*>(wasm.data()), wasm.size(), compiled.c_str());
  if (result.Code != 0) return fail(api.result_get_message(result));
  if (amended_modules() != 1) {
    std::remove(compiled.c_str());
    return fail("its code has no checks of the stack");
  }
  return 0;
}

}  // namespace
}  // namespace weir::engine::wasmedge

int main(int argc, char** argv) {
  using namespace weir::engine::wasmedge;
  if (argc != 2) return 2;
  if (std::string_view(argv[1]) == "--version") return std::puts(kMark.data()) < 0 ? 1 : 0;
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const rlimit cpu{kMaxCpuSeconds, kMaxCpuSeconds};
  setrlimit(RLIMIT_CPU, &cpu);
  const std::filesystem::path folder = argv[1];
  std::thread([folder] { end_with_parent(folder); }).detach();
  return compile(folder / kSource, folder / kCompiled);
}
