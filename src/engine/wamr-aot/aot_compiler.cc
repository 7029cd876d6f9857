// Guests are compiled ahead by LLVM, into WAMR's own files of machine code.

#include <aot_export.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wasm_export.h>

#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>

#include "engine/wamr/convert.h"
#include "engine/wamr/handles.h"
#include "engine/wamr/llvm_version.h"
#include "engine/wamr/mode.h"

namespace weir::engine::wamr {
namespace {

template <auto Delete>
struct CompilerDeleter {
  template <typename T>
  void operator()(T* object) const {
    Delete(object);
  }
};
using OwnedCompData = std::unique_ptr<AOTCompData, CompilerDeleter<aot_destroy_comp_data>>;
using OwnedCompContext = std::unique_ptr<AOTCompContext, CompilerDeleter<aot_destroy_comp_context>>;
using OwnedFile = std::unique_ptr<uint8_t, CompilerDeleter<wasm_runtime_free>>;

struct Target {
  const char* arch;
  const char* cpu;
  bool simd;
};

// Not this very processor, but what all since about 2009 have: artifacts move between machines.
Target target() {
#ifdef __x86_64__
  static const bool v2 = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt");
  return v2 ? Target{"x86_64", "x86-64-v2", true} : Target{"x86_64", "x86-64", false};
#else
  return {"aarch64v8", "generic", true};
#endif
}

// Optimising takes half a minute and more for each megabyte. A larger module is compiled plainly,
// in an eighth of the time, into code that is twice as large and slower.
constexpr size_t kMaxOptimizedBytes = 1 << 20;

// All that code depends on; what changes here, changes the number in mode().
AOTCompOption options(size_t module_bytes) {
  static std::array<char*, 1> sections{const_cast<char*>("name")};
  const Target to = target();
  AOTCompOption option{};
  option.target_arch = const_cast<char*>(to.arch);
  option.target_abi = const_cast<char*>("gnu");
  option.target_cpu = const_cast<char*>(to.cpu);
  option.opt_level = module_bytes <= kMaxOptimizedBytes ? 3 : 0;
  option.size_level = 3;  // the code model for code near what it calls
  option.output_format = AOT_FORMAT_FILE;
  // Compared by the code itself: no signal handlers, no guard pages.
  option.bounds_checks = 1;
  option.stack_bounds_checks = 1;
  option.enable_aux_stack_check = true;
  option.enable_bulk_memory = true;
  option.enable_bulk_memory_opt = true;
  option.enable_ref_types = true;
  option.enable_call_indirect_overlong = true;
  option.enable_extended_const = true;
  option.enable_simd = to.simd;
  // Not tail calls, which would take stack: a function takes back what it has noted of itself after
  // its last call.
  // For backtraces each function notes itself, in 8 bytes for which it looks that there is room.
  option.aux_stack_frame_type = AOT_STACK_FRAME_TYPE_TINY;
  option.call_stack_features.bounds_checks = true;
  option.call_stack_features.func_idx = true;
  option.call_stack_features.frame_per_function = true;
  option.custom_sections = sections.data();
  option.custom_sections_count = sections.size();
  return option;
}

// A file in memory with a path. LLVM tells WAMR by a file how much stack each function takes; one
// that WAMR chose would be in the working directory, which need not be writable.
class MemoryFile {
 public:
  MemoryFile()
      : descriptor_(memfd_create("weir-stack-usage", MFD_CLOEXEC)),
        path_("/proc/self/fd/" + std::to_string(descriptor_)) {}
  ~MemoryFile() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  bool there() const { return descriptor_ >= 0; }
  const char* path() const { return path_.c_str(); }

 private:
  int descriptor_;
  std::string path_;
};

Error not_compiled() {
  std::string_view why = aot_get_last_error();
  constexpr std::string_view kPrefix = "Error: ";
  if (why.starts_with(kPrefix)) why.remove_prefix(kPrefix.size());
  return Error{ErrorCode::BadModule, "WAMR's compiler: " + std::string(why)};
}

}  // namespace

Mode mode() {
  const Target to = target();
  return {.name = "wamr-aot",
          .compilation = llvm_version() + " ahead of time, checked memory accesses",
          .fingerprint = llvm_version() + " options 2 " + to.arch + " " + to.cpu,
          .capabilities = {.stack_limit = true,
                           .memory_limit = true,
                           .serialize = true,
                           .backtrace = true,
                           .function_names = true,
                           .reference_types = true,
                           .simd = to.simd,
                           .extended_constants = true}};
}

Result<std::vector<std::byte>> translate(Bytes wasm) {
  // WAMR's compiler has one text for errors, whichever thread they are of.
  static std::mutex one_at_a_time;
  const std::lock_guard lock(one_at_a_time);

  std::vector<std::byte> copy(wasm.begin(), wasm.end());  // WAMR writes into what it reads
  LoadArgs args{};
  args.no_resolve = true;
  std::array<char, 128> why{};
  const OwnedModule module(wasm_runtime_load_ex(reinterpret_cast<uint8_t*>(copy.data()),
                                                static_cast<uint32_t>(copy.size()), &args,
                                                why.data(), why.size()));
  if (module == nullptr) {
    return to_error(plain_text(why.data()));
  }
  const MemoryFile stack_usage;
  if (!stack_usage.there()) {
    return Error{ErrorCode::Io, "memfd_create: " + std::generic_category().message(errno)};
  }
  AOTCompOption option = options(wasm.size());
  option.stack_usage_file = stack_usage.path();
  const OwnedCompData data(aot_create_comp_data(module.get(), option.target_arch, false));
  if (data == nullptr) return not_compiled();
  const OwnedCompContext context(aot_create_comp_context(data.get(), &option));
  if (context == nullptr || !aot_compile_wasm(context.get())) return not_compiled();
  uint32_t size = 0;
  const OwnedFile file(aot_emit_aot_file_buf(context.get(), data.get(), &size));
  if (file == nullptr) return not_compiled();
  const auto code = std::as_bytes(std::span(file.get(), size));
  return std::vector<std::byte>(code.begin(), code.end());
}

}  // namespace weir::engine::wamr
