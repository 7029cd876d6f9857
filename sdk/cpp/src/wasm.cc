// A plugin as a .wasm file: one instance, entered by what it exports.

#include <stdio_ext.h>

#include <cstdio>
#include <new>

#include "state.h"

// A program that has this marker itself is left with its own.
extern "C" __attribute__((weak)) void proxy_abi_version_0_2_1() {}

// By this, tools tell what the file was made with.
__asm__(
    ".section .custom_section.weir.sdk,\"\",@\n"
    ".ascii \"0.1.0\"\n");

// wasi-libc's own name of stdout: null, or not there at all, in a program that prints nothing.
// stdout itself, and fflush(), would bring printing and its WASI imports to such programs, too.
extern "C" __attribute__((weak)) FILE* volatile __stdout_used;

namespace weir_sdk {
namespace {

// Where memory is at its ceiling, the `new` of a libc++ without exceptions would return null, and
// what is written there overwrites the plugin's own data.
[[maybe_unused]] const std::new_handler kFormer =
    std::set_new_handler([] { logAbort("out of memory"); });

FILE* used_stdout() { return &__stdout_used == nullptr ? nullptr : __stdout_used; }

// A host's log is no terminal for wasi-libc, which would keep lines for long.
[[maybe_unused]] const bool kByLine =
    used_stdout() != nullptr && setvbuf(used_stdout(), nullptr, _IOLBF, 0) == 0;

// stderr, where it is printed to by line: for a reason like that of __stdout_used, those who do so
// bring it.
FILE* line_errors = nullptr;

void end_line(FILE* file) {
  if (file == nullptr || __flbf(file) == 0) return;  // the program has taken other buffering
  if (__fpending(file) != 0) fputc('\n', file);
}

}  // namespace

State& state() {
  // Never destroyed: the host lets go of the instance as it is.
  static State* const only = new State;
  return *only;
}

void flush_output() {
  end_line(used_stdout());
  end_line(line_errors);
}

// For <iostream> in weir_sdk/one_thread. Thread: the only one; the buffer is stderr's from then on.
bool print_errors_by_line(FILE* errors) {
  static char buffer[1024];
  line_errors = errors;
  return setvbuf(errors, buffer, _IOLBF, sizeof buffer) == 0;
}

void give_up() { __builtin_trap(); }

// For the locks in weir_sdk/one_thread.
[[noreturn]] void misused_lock(const char* what) { logAbort(what); }

}  // namespace weir_sdk
