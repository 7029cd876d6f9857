#pragma once
#pragma GCC system_header
// <unistd.h> for a .wasm file: with the size of its memory's pages, which wasi-libc leaves out.

#include_next <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline int getpagesize(void) { return 65536; }

#ifdef __cplusplus
}
#endif
