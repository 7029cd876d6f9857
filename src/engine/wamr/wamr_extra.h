#pragma once
// What the adapters need of WAMR and its own header does not offer. Compiled into the library by
// scripts/setup, since WAMR's structures depend on the options it is built with.

#include <stdbool.h>
#include <stdint.h>
#include <wasm_export.h>

#ifdef __cplusplus
extern "C" {
#endif

// `slots`: the parameters, each in one slot, the unused half of a narrow one zero; then the result,
// in the first. There is room for 16 at least.
typedef void (*weir_wamr_import)(wasm_exec_env_t env, uint64_t* slots);

typedef struct {
  uint32_t imported_functions;
  uint32_t other_imports;  // memories, tables, globals
  bool has_start;
  uint32_t start_index;     // of the start function, among all functions
  uint64_t memory_bytes;    // at the start
  uint64_t table_elements;  // that the tables take room for, in all
} weir_wamr_shape;

// `module` may be loaded but not resolved.
weir_wamr_shape weir_wamr_shape_of(wasm_module_t module);

// Links the imported function of this index, whatever it is called. `attachment` is what
// wasm_runtime_get_function_attachment() answers in `function`.
void weir_wamr_link(wasm_module_t module, uint32_t index, weir_wamr_import function,
                    void* attachment);

// The function's index, among all functions of the module.
uint32_t weir_wamr_function_index(wasm_module_inst_t instance, wasm_function_inst_t function);

// The memory as it is now; none: size 0.
uint8_t* weir_wamr_memory(wasm_module_inst_t instance, uint64_t* size);

// Bounds the machine's stack for what is called next, to `bytes` from here; and always to what
// leaves room on it for the functions that a guest calls out to.
void weir_wamr_limit_stack(wasm_exec_env_t env, uint64_t bytes);

// Calls a function that is not imported. `cells`: the parameters, then the results, in one cell of
// 4 bytes or two. There are `count` of them. False: an exception stands in the instance.
bool weir_wamr_call(wasm_exec_env_t env, wasm_function_inst_t function, uint32_t count,
                    uint32_t* cells);

// Calls the module's start function, which is not imported.
bool weir_wamr_call_start(wasm_exec_env_t env);

// The exception that weir_wamr_interrupt() leaves.
#define WEIR_WAMR_INTERRUPTED "interrupted by the host"

// Ends what runs in `env`, and what is called in it afterwards. Thread: any.
void weir_wamr_interrupt(wasm_exec_env_t env);

#define WEIR_WAMR_EXCEPTION_BYTES 128

// Copies the exception that stands in the instance, or "" where none does. An interrupt may write
// another at the same time.
void weir_wamr_exception(wasm_module_inst_t instance, char text[WEIR_WAMR_EXCEPTION_BYTES]);

// Where the instance was when it met its exception, innermost first.
const WASMCApiFrame* weir_wamr_frames(wasm_module_inst_t instance, uint32_t* count);

#ifdef __cplusplus
}
#endif
