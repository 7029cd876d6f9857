// See wamr_extra.h. Compiled among WAMR's sources, with its options and include folders.

#include "wamr_extra.h"

#include <stdio.h>

#include "wasm_exec_env.h"
#include "wasm_runtime.h"
#include "wasm_runtime_common.h"
#if WASM_ENABLE_AOT != 0
#include "aot_runtime.h"
#endif

// On a thread's stack below any guest: for the functions that it calls out to.
enum { kHostStackBytes = 128 * 1024 };

// WAMR prints through this function instead of to standard output.
int weir_wamr_print_nothing(const char *format, va_list values) {
  (void)format;
  (void)values;
  return 0;
}

static uint64_t table_room(const WASMTableType *type) {
  return type->possible_grow ? type->max_size : type->init_size;
}

static uint64_t memory_room(const WASMMemory *memory) {
  return (uint64_t)memory->num_bytes_per_page * memory->init_page_count;
}

#if WASM_ENABLE_AOT != 0
static bool is_aot(const WASMModuleInstanceCommon *instance) {
  return instance->module_type == Wasm_Module_AoT;
}

static weir_wamr_shape aot_shape(const AOTModule *module) {
  weir_wamr_shape shape = {
      .imported_functions = module->import_func_count,
      .other_imports = module->import_memory_count + module->import_table_count +
                       module->import_global_count,
      .has_start = module->start_func_index != UINT32_MAX,
      .start_index = module->start_func_index,
  };
  for (uint32_t i = 0; i < module->memory_count; ++i) {
    shape.memory_bytes += memory_room(&module->memories[i]);
  }
  for (uint32_t i = 0; i < module->table_count; ++i) {
    shape.table_elements += table_room(&module->tables[i].table_type);
  }
  return shape;
}
#endif

weir_wamr_shape weir_wamr_shape_of(wasm_module_t module) {
#if WASM_ENABLE_AOT != 0
  if (module->module_type == Wasm_Module_AoT) return aot_shape((const AOTModule *)module);
#endif
  const WASMModule *wasm = (const WASMModule *)module;
  weir_wamr_shape shape = {
      .imported_functions = wasm->import_function_count,
      .other_imports = wasm->import_count - wasm->import_function_count,
      .has_start = wasm->start_function != UINT32_MAX,
      .start_index = wasm->start_function,
  };
  for (uint32_t i = 0; i < wasm->memory_count; ++i) {
    shape.memory_bytes += memory_room(&wasm->memories[i]);
  }
  for (uint32_t i = 0; i < wasm->table_count; ++i) {
    shape.table_elements += table_room(&wasm->tables[i].table_type);
  }
  return shape;
}

void weir_wamr_link(wasm_module_t module, uint32_t index, weir_wamr_import function,
                    void *attachment) {
#if WASM_ENABLE_AOT != 0
  if (module->module_type == Wasm_Module_AoT) {
    AOTImportFunc *import = &((AOTModule *)module)->import_funcs[index];
    import->func_ptr_linked = (void *)function;
    import->attachment = attachment;
    import->call_conv_raw = true;
    return;
  }
#endif
  WASMFunctionImport *import = &((WASMModule *)module)->import_functions[index].u.function;
  import->func_ptr_linked = (void *)function;
  import->attachment = attachment;
  import->call_conv_raw = true;
}

uint32_t weir_wamr_function_index(wasm_module_inst_t instance, wasm_function_inst_t function) {
#if WASM_ENABLE_AOT != 0
  if (is_aot(instance)) return ((const AOTFunctionInstance *)function)->func_index;
#endif
  const WASMModuleInstance *wasm = (const WASMModuleInstance *)instance;
  return (uint32_t)((const WASMFunctionInstance *)function - wasm->e->functions);
}

uint8_t *weir_wamr_memory(wasm_module_inst_t instance, uint64_t *size) {
  // Instances of both kinds begin alike.
  const WASMModuleInstance *wasm = (const WASMModuleInstance *)instance;
  if (wasm->memory_count == 0) {
    *size = 0;
    return NULL;
  }
  *size = wasm->memories[0]->memory_data_size;
  return wasm->memories[0]->memory_data;
}

void weir_wamr_limit_stack(wasm_exec_env_t env, uint64_t bytes) {
  uint8_t *here = (uint8_t *)__builtin_frame_address(0);
  uint8_t *lowest = os_thread_get_stack_boundary() + kHostStackBytes;
  const bool fits = here > lowest && (uint64_t)(here - lowest) >= bytes;
  wasm_runtime_set_native_stack_boundary(env, fits ? here - bytes : lowest);
}

bool weir_wamr_call(wasm_exec_env_t env, wasm_function_inst_t function, uint32_t count,
                    uint32_t *cells) {
#if WASM_ENABLE_AOT != 0
  if (is_aot(env->module_inst)) {
    return aot_call_function(env, (AOTFunctionInstance *)function, count, cells);
  }
#endif
  return wasm_call_function(env, (WASMFunctionInstance *)function, count, cells);
}

bool weir_wamr_call_start(wasm_exec_env_t env) {
#if WASM_ENABLE_AOT != 0
  if (is_aot(env->module_inst)) {
    const AOTModule *module = (AOTModule *)((AOTModuleInstance *)env->module_inst)->module;
    AOTFunctionInstance start = {.func_name = "", .func_index = module->start_func_index};
    start.u.func.func_ptr = module->start_function;
    start.u.func.func_type =
        (AOTFuncType *)module->types[module->func_type_indexes[module->start_func_index -
                                                               module->import_func_count]];
    return aot_call_function(env, &start, 0, NULL);
  }
#endif
  return wasm_call_function(env, ((WASMModuleInstance *)env->module_inst)->e->start_function, 0,
                            NULL);
}

// Not wasm_runtime_terminate(): that reads the frames of the running guest, on this thread. The
// guest does it on its own when it finds the exception.
void weir_wamr_interrupt(wasm_exec_env_t env) {
  WASMModuleInstance *instance = (WASMModuleInstance *)env->module_inst;
  exception_lock(instance);
  snprintf(instance->cur_exception, sizeof(instance->cur_exception), "Exception: %s",
           WEIR_WAMR_INTERRUPTED);
  exception_unlock(instance);
  WASM_SUSPEND_FLAGS_FETCH_OR(env->suspend_flags, WASM_SUSPEND_FLAG_TERMINATE);
}

_Static_assert(WEIR_WAMR_EXCEPTION_BYTES == EXCEPTION_BUF_LEN, "WAMR's exceptions fit");

void weir_wamr_exception(wasm_module_inst_t instance, char text[WEIR_WAMR_EXCEPTION_BYTES]) {
  if (!wasm_copy_exception((WASMModuleInstance *)instance, text)) text[0] = '\0';
}

const WASMCApiFrame *weir_wamr_frames(wasm_module_inst_t instance, uint32_t *count) {
  const WASMModuleInstance *wasm = (const WASMModuleInstance *)instance;
  *count = wasm->frames == NULL ? 0 : (uint32_t)bh_vector_size(wasm->frames);
  return *count == 0 ? NULL : (const WASMCApiFrame *)wasm->frames->data;
}
