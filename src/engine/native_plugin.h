#pragma once
// A native (null) plugin: trusted code that the engine named `null` runs in place of wasm. It is
// compiled in and registered, or lies in a shared object with the one symbol
// `weir_get_native_plugin`. This header is plain C so that any compiler can build such an object.

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEIR_NATIVE_PLUGIN_VERSION 1

// A function signature as text, results then parameters: "i(iI)" takes an i32 and an i64 and
// returns an i32; "v()" takes and returns nothing. The types are those of the wasm ABI: a pointer
// or a size is written i, though its slot holds 64 bits.
typedef const char* weir_native_signature;

// How a plugin calls out of itself.
typedef struct weir_native_host {
  void* self;
  // Calls imports[index]: parameters in `slots`, results from its front on return. Not 0: the
  // instance has trapped; the plugin must leave the running export at once, without further calls.
  int (*call)(void* self, uint32_t index, uint64_t* slots);
} weir_native_host;

typedef struct weir_native_import {
  const char* module;  // "env"
  const char* name;
  weir_native_signature signature;
} weir_native_import;

typedef struct weir_native_export {
  const char* name;
  weir_native_signature signature;
  // `instance` is what create() returned. Not 0: the plugin has trapped.
  int (*call)(void* instance, uint64_t* slots);
} weir_native_export;

typedef struct weir_native_plugin {
  uint32_t version;  // WEIR_NATIVE_PLUGIN_VERSION
  const char* name;  // what a configuration puts in `code`
  const weir_native_import* imports;
  size_t import_count;
  const weir_native_export* exports;
  size_t export_count;
  // Makes one instance. `host` outlives it. NULL: no instance can be had.
  void* (*create)(const weir_native_host* host);
  void (*destroy)(void* instance);
} weir_native_plugin;

// What a shared object exports as `weir_get_native_plugin`.
typedef const weir_native_plugin* (*weir_native_plugin_function)(void);

// Makes a compiled-in plugin known under its name, for the life of the process. Call it before the
// first configuration is loaded; a second plugin of one name replaces the first.
void weir_register_native_plugin(const weir_native_plugin* plugin);

#ifdef __cplusplus
}
#endif
