#pragma once
// WEIR_CHECK states what must hold. A failure is a bug in Weir, never in a guest or a
// configuration; it ends the process with the place and the condition.

namespace weir {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace weir

#define WEIR_CHECK(condition)                  \
  (__builtin_expect(!!(condition), 1) ? void() \
                                      : ::weir::check_failed(#condition, __FILE__, __LINE__))
