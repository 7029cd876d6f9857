#pragma once
// Which LLVM compiles, in the adapters that do.

#include <string>

namespace weir::engine::wamr {

// "LLVM 19.1.7".
std::string llvm_version();

}  // namespace weir::engine::wamr
