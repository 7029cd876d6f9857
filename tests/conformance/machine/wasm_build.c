// The machine as a wasm module.

#include "machine.h"

#ifndef WEIR_MACHINE_MARKER
#define WEIR_MACHINE_MARKER proxy_abi_version_0_2_1
#endif

#define FORMAL__ void
#define FORMAL_i uint32_t a
#define FORMAL_ii uint32_t a, uint32_t b
#define FORMAL_iii uint32_t a, uint32_t b, uint32_t c
#define FORMAL_iiii FORMAL_iii, uint32_t d
#define FORMAL_iiiii FORMAL_iiii, uint32_t e
#define FORMAL_iiiiii FORMAL_iiiii, uint32_t f
#define FORMAL_iiiiiii FORMAL_iiiiii, uint32_t g
#define FORMAL_iiiiiiii FORMAL_iiiiiii, uint32_t h
#define FORMAL_iiiiiiiii FORMAL_iiiiiiii, uint32_t i
#define FORMAL_iiiiiiiiii FORMAL_iiiiiiiii, uint32_t j
#define FORMAL_iiiiiiiiiiii FORMAL_iiiiiiiiii, uint32_t k, uint32_t l
#define FORMAL_iI uint32_t a, uint64_t b
#define FORMAL_iIi uint32_t a, uint64_t b, uint32_t c
#define FORMAL_iII uint32_t a, uint64_t b, uint64_t c
#define FORMAL_iIii uint32_t a, uint64_t b, uint32_t c, uint32_t d
#define FORMAL_iIIi uint32_t a, uint64_t b, uint64_t c, uint32_t d
#define FORMAL_iiiIi uint32_t a, uint32_t b, uint32_t c, uint64_t d, uint32_t e
#define FORMAL_iiiiIIi \
  uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint64_t e, uint64_t f, uint32_t g
#define FORMAL_iiiiiIIii                                                                          \
  uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e, uint64_t f, uint64_t g, uint32_t h, \
      uint32_t i

#define A32(n) (uint32_t) args[n]
#define ACTUAL__
#define ACTUAL_i A32(0)
#define ACTUAL_ii ACTUAL_i, A32(1)
#define ACTUAL_iii ACTUAL_ii, A32(2)
#define ACTUAL_iiii ACTUAL_iii, A32(3)
#define ACTUAL_iiiii ACTUAL_iiii, A32(4)
#define ACTUAL_iiiiii ACTUAL_iiiii, A32(5)
#define ACTUAL_iiiiiii ACTUAL_iiiiii, A32(6)
#define ACTUAL_iiiiiiii ACTUAL_iiiiiii, A32(7)
#define ACTUAL_iiiiiiiii ACTUAL_iiiiiiii, A32(8)
#define ACTUAL_iiiiiiiiii ACTUAL_iiiiiiiii, A32(9)
#define ACTUAL_iiiiiiiiiiii ACTUAL_iiiiiiiiii, A32(10), A32(11)
#define ACTUAL_iI A32(0), args[1]
#define ACTUAL_iIi A32(0), args[1], A32(2)
#define ACTUAL_iII A32(0), args[1], args[2]
#define ACTUAL_iIii A32(0), args[1], A32(2), A32(3)
#define ACTUAL_iIIi A32(0), args[1], args[2], A32(3)
#define ACTUAL_iiiIi A32(0), A32(1), A32(2), args[3], A32(4)
#define ACTUAL_iiiiIIi A32(0), A32(1), A32(2), A32(3), args[4], args[5], A32(6)
#define ACTUAL_iiiiiIIii A32(0), A32(1), A32(2), A32(3), A32(4), args[5], args[6], A32(7), A32(8)

#define IMPORT(module, name) __attribute__((import_module(#module), import_name(#name)))
#define EXPORT(name) __attribute__((export_name(#name)))

#define IMPORTED(module, name, params)                            \
  IMPORT(module, name) uint32_t module##_##name(FORMAL_##params); \
  static uint64_t call_##module##_##name(const uint64_t* args) {  \
    (void)args;                                                   \
    return module##_##name(ACTUAL_##params);                      \
  }
#define IMPORTED_VOID(module, name, params)                      \
  IMPORT(module, name) void module##_##name(FORMAL_##params);    \
  static uint64_t call_##module##_##name(const uint64_t* args) { \
    (void)args;                                                  \
    module##_##name(ACTUAL_##params);                            \
    return 0;                                                    \
  }

#define ENV(name, params) IMPORTED(env, name, params)
#define ENV_VOID(name, params) IMPORTED_VOID(env, name, params)
#define WASI(name, params) \
  IMPORTED(wasi_snapshot_preview1, name, params) IMPORTED(wasi_unstable, name, params)
#define WASI_VOID(name, params) \
  IMPORTED_VOID(wasi_snapshot_preview1, name, params) IMPORTED_VOID(wasi_unstable, name, params)
#include "interface.def"
#undef ENV
#undef ENV_VOID
#undef WASI
#undef WASI_VOID

typedef uint64_t (*call)(const uint64_t* args);

static const call calls[] = {
#define ENV(name, params) call_env_##name,
#define ENV_VOID(name, params) call_env_##name,
#define WASI(name, params) call_wasi_snapshot_preview1_##name, call_wasi_unstable_##name,
#define WASI_VOID(name, params) WASI(name, params)
#include "interface.def"
#undef ENV
#undef ENV_VOID
#undef WASI
#undef WASI_VOID
};

uint64_t call_host(struct machine* m, size_t index, uint64_t* args) {
  (void)m;
  return args[0] = calls[index](args);
}

enum { PAGE = 65536 };

extern uint8_t __heap_base;
static uintptr_t heap_top;

uint64_t memory_end(void) { return (uint64_t)__builtin_wasm_memory_size(0) * PAGE; }
int32_t grow(uint32_t pages) { return (int32_t)__builtin_wasm_memory_grow(0, pages); }

void* take_memory(struct machine* m, size_t size) {
  (void)m;
  if (heap_top == 0) heap_top = (uintptr_t)&__heap_base;
  const uint64_t at = ((uint64_t)heap_top + 7) & ~7ull;
  const uint64_t end = at + size;
  if (end > memory_end() && grow((uint32_t)((end - memory_end() + PAGE - 1) / PAGE)) < 0) return 0;
  heap_top = (uintptr_t)end;
  return (void*)(uintptr_t)at;
}

// The compiler's own code calls it.
void* memset(void* to, int value, size_t size) {
  for (size_t i = 0; i < size; ++i) ((volatile uint8_t*)to)[i] = (uint8_t)value;
  return to;
}

void give_up(struct machine* m) {
  (void)m;
  __builtin_trap();
}

static struct machine the_machine;

#define PARAMS_1 uint32_t a
#define PARAMS_2 PARAMS_1, uint32_t b
#define PARAMS_3 PARAMS_2, uint32_t c
#define PARAMS_5 PARAMS_3, uint32_t d, uint32_t e
#define VALUES_1 a
#define VALUES_2 a, b
#define VALUES_3 a, b, c
#define VALUES_5 a, b, c, d, e

#define CALLBACK(name, params, answer) CALLBACK_EXPORT(name, params, answer)
#define CALLBACK_EXPORT(name, params, answer)                                  \
  EXPORT(name) uint32_t name(PARAMS_##params) {                                \
    const uint32_t values[MAX_PARAMS] = {VALUES_##params};                     \
    return on_callback(&the_machine, callback_##name, values, params, answer); \
  }
#define CALLBACK_VOID(name, params)                                \
  EXPORT(name) void name(PARAMS_##params) {                        \
    const uint32_t values[MAX_PARAMS] = {VALUES_##params};         \
    on_callback(&the_machine, callback_##name, values, params, 0); \
  }
#include "interface.def"

EXPORT(proxy_on_memory_allocate) uintptr_t proxy_on_memory_allocate(uintptr_t size) {
  return allocate(&the_machine, size);
}

// Not to be called where the other one is exported.
EXPORT(malloc) uintptr_t machine_malloc(uintptr_t size) {
  say(&the_machine, "MALLOC WAS CALLED");
  return allocate(&the_machine, size);
}

EXPORT(_initialize) void initialize(void) {}

#define MARKER(name) MARKER_EXPORT(name)
#define MARKER_EXPORT(name) \
  EXPORT(name) void name(void) {}
MARKER(WEIR_MACHINE_MARKER)
