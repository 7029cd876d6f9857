#pragma once
// For programs that take messages from the SDK: proxy_wasm_intrinsics.h with
// PROXY_WASM_PROTOBUF_LITE.

#ifndef PROXY_WASM_PROTOBUF_LITE
#define PROXY_WASM_PROTOBUF_LITE 1
#endif
#include "proxy_wasm_intrinsics.h"
