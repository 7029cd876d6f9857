#include "engine/wamr/llvm_version.h"

// Of LLVM, whose headers WAMR alone is compiled with.
// NOLINTNEXTLINE(readability-identifier-naming): LLVM's
extern "C" void LLVMGetVersion(unsigned* major, unsigned* minor, unsigned* patch);

namespace weir::engine::wamr {

std::string llvm_version() {
  unsigned major = 0;
  unsigned minor = 0;
  unsigned patch = 0;
  LLVMGetVersion(&major, &minor, &patch);
  return "LLVM " + std::to_string(major) + "." + std::to_string(minor) + "." +
         std::to_string(patch);
}

}  // namespace weir::engine::wamr
