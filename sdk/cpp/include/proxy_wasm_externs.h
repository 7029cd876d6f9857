#pragma once
// The Proxy-Wasm ABI 0.2.1 as C functions: what the host offers, and what it calls. Native plugins
// have the same ones.

#include <cstddef>
#include <cstdint>

#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"

#ifdef __wasm__
#define WEIR_SDK_IMPORT(name) __attribute__((import_module("env"), import_name(#name)))
#define WEIR_SDK_EXPORT(name) __attribute__((export_name(#name)))
#else
#define WEIR_SDK_IMPORT(name)
#define WEIR_SDK_EXPORT(name)
#endif

#define HOSTCALL(name, signature, params, args) \
  extern "C" WEIR_SDK_IMPORT(name) WasmResult name params;
#include "weir_sdk/hostcalls.def"
#undef HOSTCALL

#define CALLBACK(result, name, signature, params) \
  extern "C" WEIR_SDK_EXPORT(name) result name params;
#include "weir_sdk/callbacks.def"
#undef CALLBACK

// Markers of the ABI's version. The SDK has the first; a program may have it, or another, itself.
extern "C" WEIR_SDK_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1();
extern "C" WEIR_SDK_EXPORT(proxy_abi_version_0_2_0) void proxy_abi_version_0_2_0();
extern "C" WEIR_SDK_EXPORT(proxy_abi_version_0_1_0) void proxy_abi_version_0_1_0();

// A name that programs may have, and that no host calls: it calls
// proxy_on_grpc_receive_trailing_metadata.
extern "C" void proxy_on_grpc_trailing_metadata(uint32_t context_id, uint32_t token,
                                                uint32_t trailers);

// Memory for what the host hands over; whoever takes it over gives it back by free().
extern "C" WEIR_SDK_EXPORT(proxy_on_memory_allocate) void* proxy_on_memory_allocate(size_t size);
