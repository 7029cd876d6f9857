#pragma once
// For programs that name this file: messages of any Protobuf library are taken by the same
// functions.

#include "proxy_wasm_intrinsics.h"
