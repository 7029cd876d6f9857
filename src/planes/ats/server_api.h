#pragma once
// Traffic Server's plugin API, as the server's -dev package declares it.

// What the server looks up in a plugin is exported, and nothing else.
#define tsapi __attribute__((visibility("default")))  // NOLINT(readability-identifier-naming)

#include <ts/ts.h>
// After ts.h, which declares what they use.
#include <ts/experimental.h>
#include <ts/remap.h>
