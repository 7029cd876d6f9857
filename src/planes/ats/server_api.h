#pragma once
// Traffic Server's plugin API, as the server's -dev package declares it: of 9.2, or of 10.

// What the server looks up in a plugin is exported, and nothing else.
#define tsapi __attribute__((visibility("default")))  // NOLINT(readability-identifier-naming)
#pragma GCC visibility push(default)

#include <ts/ts.h>
// After ts.h, which declares what they use, and in 10 what was experimental in 9.
#if TS_VERSION_MAJOR < 10
#include <ts/experimental.h>
#endif
#include <ts/remap.h>

#pragma GCC visibility pop
