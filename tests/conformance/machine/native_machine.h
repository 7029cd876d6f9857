#pragma once
// The machine as a native plugin, compiled into the tests.

#include "engine/native_plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const weir_native_plugin weir_native_machine;

#ifdef __cplusplus
}
#endif
