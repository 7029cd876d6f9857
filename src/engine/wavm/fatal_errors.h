#pragma once
// What WAVM and LLVM would end the process for: exceptions, here.

#include <stdexcept>

namespace weir::engine::wavm {

// WAVM or LLVM cannot go on: out of address space, or a fault of theirs that a module brought out.
class FatalError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// To be called once for the process, before LLVM is used.
void throw_fatal_errors_of_llvm();

}  // namespace weir::engine::wavm
