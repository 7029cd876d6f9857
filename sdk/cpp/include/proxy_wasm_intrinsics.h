#pragma once
// Write a Proxy-Wasm plugin in C++: include this file alone. README.md tells how to build.

#include "proxy_wasm_api.h"
#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"
#include "proxy_wasm_externs.h"

// Programs for the usual C++ SDK may wear these; there is nothing to do for them here.
#define START_WASM_PLUGIN(name)
#define END_WASM_PLUGIN

// A function that the host finds by its name, beside those of the ABI. In a native plugin it is an
// ordinary function.
#define WASM_EXPORT(result, name, params) \
  extern "C" __attribute__((used)) WEIR_SDK_EXPORT(name) result name params
