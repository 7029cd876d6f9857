#include "engine/wavm/fatal_errors.h"

#include <WAVM/Inline/BasicTypes.h>
#include <WAVM/Platform/Error.h>
#include <llvm-c/ErrorHandling.h>

#include <array>
#include <cstdio>
#include <string>

namespace weir::engine::wavm {

void throw_fatal_errors_of_llvm() {
  LLVMInstallFatalErrorHandler([](const char* reason) { throw FatalError(reason); });
}

}  // namespace weir::engine::wavm

// WAVM's platform layer for errors, in place of its own. The names are WAVM's.
// NOLINTBEGIN(readability-identifier-naming)
namespace WAVM::Platform {

void handleFatalError(const char* format, bool, va_list arguments) {
  std::array<char, 512> text;
  std::vsnprintf(text.data(), text.size(), format, arguments);
  throw weir::engine::wavm::FatalError(text.data());
}

void handleAssertionFailure(const AssertMetadata& failure) {
  throw weir::engine::wavm::FatalError(std::string("WAVM expected ") + failure.condition);
}

// WAVM tells more of what it writes to the standard error output.
void dumpErrorCallStack(Uptr) {}

}  // namespace WAVM::Platform
// NOLINTEND(readability-identifier-naming)
