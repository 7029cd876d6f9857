// A plugin as a .wasm file: one instance, entered by what it exports.

#include <cstdio>
#include <new>

#include "state.h"

// A program that has this marker itself is left with its own.
extern "C" __attribute__((weak)) void proxy_abi_version_0_2_1() {}

// By this, tools tell what the file was made with.
__asm__(
    ".section .custom_section.weir.sdk,\"\",@\n"
    ".ascii \"0.1.0\"\n");

// Comes into a program by <iostream>, or by its own use; by this it would bring WASI to those that
// print nothing.
extern "C" __attribute__((weak)) int fflush(FILE* file);

namespace weir_sdk {
namespace {

// Where memory is at its ceiling, the `new` of a libc++ without exceptions would return null, and
// what is written there overwrites the plugin's own data.
[[maybe_unused]] const std::new_handler kFormer =
    std::set_new_handler([] { logAbort("out of memory"); });

}  // namespace

State& state() {
  // Never destroyed: the host lets go of the instance as it is.
  static State* const only = new State;
  return *only;
}

void flush_output() {
  if (fflush != nullptr) fflush(nullptr);
}

void give_up() { __builtin_trap(); }

// For the locks in weir_sdk/one_thread.
[[noreturn]] void misused_lock(const char* what) { logAbort(what); }

}  // namespace weir_sdk
