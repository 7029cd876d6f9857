#pragma once
// For programs that take messages from the SDK: proxy_wasm_intrinsics.h with
// PROXY_WASM_PROTOBUF_FULL.

#ifndef PROXY_WASM_PROTOBUF_FULL
#define PROXY_WASM_PROTOBUF_FULL 1
#endif
#include "proxy_wasm_intrinsics.h"
