#pragma once
// The SDK's code. Warnings that are asked for are about the plugin's own, unless WEIR_SDK_WARNINGS
// is defined.

#ifndef WEIR_SDK_WARNINGS
#pragma GCC system_header
#endif

#include "callbacks.cc"
#include "calls.cc"
#include "contexts.cc"
#include "earlier_abi.cc"
#include "messages.cc"
#ifdef __wasm__
#include "pthread_in_wasm.cc"
#include "thrown_in_wasm.cc"
#include "wasm.cc"
#else
#include "native.cc"
#endif
