// The SDK's code in one file, to be compiled with the plugin's own.

#include "callbacks.cc"
#include "calls.cc"
#include "contexts.cc"
#include "earlier_abi.cc"
#include "messages.cc"
#ifdef __wasm__
#include "thrown_in_wasm.cc"
#include "wasm.cc"
#else
#include "native.cc"
#endif
