#pragma once
// Write a Proxy-Wasm plugin in C++: include this file alone. README.md tells how to build.
// It brings parts of the standard library that it has no use for itself: the usual C++ SDK's libc++
// has them in others, and programs do not ask for them.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "proxy_wasm_api.h"
#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"
#include "proxy_wasm_externs.h"
#if defined(PROXY_WASM_PROTOBUF_LITE) || defined(PROXY_WASM_PROTOBUF_FULL)
#define PROXY_WASM_PROTOBUF 1
#include "weir_sdk/protobuf.h"
#endif

// Programs for the usual C++ SDK may use these.
#define START_WASM_PLUGIN(name)
#define END_WASM_PLUGIN
#define WASM_EXCEPTIONS 0  // none leaves a callback, as wasm or as native code
#ifndef PROXY_WASM_KEEPALIVE
#define PROXY_WASM_KEEPALIVE __attribute__((used)) __attribute__((visibility("default")))
#endif
using StringView = std::string_view;
template <typename T>
using Optional = std::optional<T>;
using PeerType = CloseType;

// A function that the host finds by its name: one of the ABI's callbacks, in the place of the
// SDK's, or another. In a native plugin the host finds the ABI's alone.
#define WASM_EXPORT(result, name, params) \
  extern "C" __attribute__((used)) WEIR_SDK_EXPORT(name) result name params
