#pragma once
// Functions that the host offered in ABI 0.1.0 and programs still call, by what ABI 0.2.1 has in
// their place. They are the SDK's own: a plugin that calls them imports none of these names.

#include <cstddef>

#include "proxy_wasm_externs.h"

// The VM's configuration while the plugin starts, its own from then on. free() gives it back.
extern "C" WasmResult proxy_get_configuration(const char** configuration, size_t* size);

// Has the route of the request chosen again.
extern "C" WasmResult proxy_clear_route_cache();

extern "C" WasmResult proxy_continue_request();
extern "C" WasmResult proxy_continue_response();
