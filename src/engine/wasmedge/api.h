#pragma once
// WasmEdge's C API as a table of functions. The library is opened by hand: it must bind to the
// libraries that it was built with, whatever versions of them the process already has, and where it
// cannot be loaded, the reason can be told with its remedy.

#include <wasmedge/wasmedge.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"

namespace weir::engine::wasmedge {

// Where this adapter lies, or the program that this is part of. The library is in `wasmedge` there,
// where it was built for a system that has none.
std::filesystem::path own_folder();

// An open library, never closed: it leaves handlers and threads behind that run its code.
class Library {
 public:
  // Any function pointer that it is assigned to.
  class Symbol {
   public:
    explicit Symbol(void* address) : address_(address) {}
    template <typename Function>
    operator Function*() const {
      return reinterpret_cast<Function*>(address_);
    }

   private:
    void* address_;
  };

  explicit Library(void* handle) : handle_(handle) {}

  Symbol operator[](const char* name);

  // The first name that was asked for and not found; empty if there is none.
  const std::string& missing() const { return missing_; }

 private:
  void* handle_;
  std::string missing_;
};

// Named like WasmEdge's functions. Immutable. Thread: any.
struct Api {
  // The library of the folder `wasmedge` beside the adapter, or else the system's.
  static Result<std::unique_ptr<const Api>> load();

  explicit Api(void* handle) : library(handle) {}

  Library library;  // before the functions, which are found in it

  decltype(&WasmEdge_VersionGet) version_get = library["WasmEdge_VersionGet"];
  decltype(&WasmEdge_LogOff) log_off = library["WasmEdge_LogOff"];
  decltype(&WasmEdge_ResultGetMessage) result_get_message = library["WasmEdge_ResultGetMessage"];

  decltype(&WasmEdge_ValTypeGenI32) val_type_gen_i32 = library["WasmEdge_ValTypeGenI32"];
  decltype(&WasmEdge_ValTypeGenI64) val_type_gen_i64 = library["WasmEdge_ValTypeGenI64"];
  decltype(&WasmEdge_ValTypeGenF32) val_type_gen_f32 = library["WasmEdge_ValTypeGenF32"];
  decltype(&WasmEdge_ValTypeGenF64) val_type_gen_f64 = library["WasmEdge_ValTypeGenF64"];
  decltype(&WasmEdge_ValTypeIsEqual) val_type_is_equal = library["WasmEdge_ValTypeIsEqual"];

  decltype(&WasmEdge_ConfigureCreate) configure_create = library["WasmEdge_ConfigureCreate"];
  decltype(&WasmEdge_ConfigureDelete) configure_delete = library["WasmEdge_ConfigureDelete"];
  decltype(&WasmEdge_ConfigureAddProposal) configure_add_proposal =
      library["WasmEdge_ConfigureAddProposal"];
  decltype(&WasmEdge_ConfigureSetMaxMemoryPage) configure_set_max_memory_page =
      library["WasmEdge_ConfigureSetMaxMemoryPage"];
  decltype(&WasmEdge_ConfigureSetForceInterpreter) configure_set_force_interpreter =
      library["WasmEdge_ConfigureSetForceInterpreter"];

  decltype(&WasmEdge_ConfigureCompilerSetOptimizationLevel)
      configure_compiler_set_optimization_level =
          library["WasmEdge_ConfigureCompilerSetOptimizationLevel"];
  decltype(&WasmEdge_ConfigureCompilerSetOutputFormat) configure_compiler_set_output_format =
      library["WasmEdge_ConfigureCompilerSetOutputFormat"];
  decltype(&WasmEdge_ConfigureCompilerSetGenericBinary) configure_compiler_set_generic_binary =
      library["WasmEdge_ConfigureCompilerSetGenericBinary"];
  decltype(&WasmEdge_CompilerCreate) compiler_create = library["WasmEdge_CompilerCreate"];
  decltype(&WasmEdge_CompilerDelete) compiler_delete = library["WasmEdge_CompilerDelete"];
  decltype(&WasmEdge_CompilerCompileFromBuffer) compiler_compile_from_buffer =
      library["WasmEdge_CompilerCompileFromBuffer"];

  decltype(&WasmEdge_LoaderCreate) loader_create = library["WasmEdge_LoaderCreate"];
  decltype(&WasmEdge_LoaderDelete) loader_delete = library["WasmEdge_LoaderDelete"];
  decltype(&WasmEdge_LoaderParseFromBuffer) loader_parse_from_buffer =
      library["WasmEdge_LoaderParseFromBuffer"];
  decltype(&WasmEdge_ValidatorCreate) validator_create = library["WasmEdge_ValidatorCreate"];
  decltype(&WasmEdge_ValidatorDelete) validator_delete = library["WasmEdge_ValidatorDelete"];
  decltype(&WasmEdge_ValidatorValidate) validator_validate = library["WasmEdge_ValidatorValidate"];
  decltype(&WasmEdge_ASTModuleDelete) ast_module_delete = library["WasmEdge_ASTModuleDelete"];

  decltype(&WasmEdge_FunctionTypeCreate) function_type_create =
      library["WasmEdge_FunctionTypeCreate"];
  decltype(&WasmEdge_FunctionTypeDelete) function_type_delete =
      library["WasmEdge_FunctionTypeDelete"];
  decltype(&WasmEdge_FunctionTypeGetParametersLength) function_type_get_parameters_length =
      library["WasmEdge_FunctionTypeGetParametersLength"];
  decltype(&WasmEdge_FunctionTypeGetParameters) function_type_get_parameters =
      library["WasmEdge_FunctionTypeGetParameters"];
  decltype(&WasmEdge_FunctionTypeGetReturnsLength) function_type_get_returns_length =
      library["WasmEdge_FunctionTypeGetReturnsLength"];
  decltype(&WasmEdge_FunctionTypeGetReturns) function_type_get_returns =
      library["WasmEdge_FunctionTypeGetReturns"];
  decltype(&WasmEdge_FunctionInstanceCreateBinding) function_instance_create_binding =
      library["WasmEdge_FunctionInstanceCreateBinding"];
  decltype(&WasmEdge_FunctionInstanceDelete) function_instance_delete =
      library["WasmEdge_FunctionInstanceDelete"];
  decltype(&WasmEdge_FunctionInstanceGetFunctionType) function_instance_get_function_type =
      library["WasmEdge_FunctionInstanceGetFunctionType"];

  decltype(&WasmEdge_StoreCreate) store_create = library["WasmEdge_StoreCreate"];
  decltype(&WasmEdge_StoreDelete) store_delete = library["WasmEdge_StoreDelete"];
  decltype(&WasmEdge_ModuleInstanceCreate) module_instance_create =
      library["WasmEdge_ModuleInstanceCreate"];
  decltype(&WasmEdge_ModuleInstanceDelete) module_instance_delete =
      library["WasmEdge_ModuleInstanceDelete"];
  decltype(&WasmEdge_ModuleInstanceAddFunction) module_instance_add_function =
      library["WasmEdge_ModuleInstanceAddFunction"];
  decltype(&WasmEdge_ModuleInstanceFindFunction) module_instance_find_function =
      library["WasmEdge_ModuleInstanceFindFunction"];
  decltype(&WasmEdge_ModuleInstanceFindMemory) module_instance_find_memory =
      library["WasmEdge_ModuleInstanceFindMemory"];
  decltype(&WasmEdge_MemoryInstanceGetPointer) memory_instance_get_pointer =
      library["WasmEdge_MemoryInstanceGetPointer"];
  decltype(&WasmEdge_MemoryInstanceGetPageSize) memory_instance_get_page_size =
      library["WasmEdge_MemoryInstanceGetPageSize"];
  decltype(&WasmEdge_CallingFrameGetModuleInstance) calling_frame_get_module_instance =
      library["WasmEdge_CallingFrameGetModuleInstance"];

  decltype(&WasmEdge_ExecutorCreate) executor_create = library["WasmEdge_ExecutorCreate"];
  decltype(&WasmEdge_ExecutorDelete) executor_delete = library["WasmEdge_ExecutorDelete"];
  decltype(&WasmEdge_ExecutorRegisterImport) executor_register_import =
      library["WasmEdge_ExecutorRegisterImport"];
  decltype(&WasmEdge_ExecutorInstantiate) executor_instantiate =
      library["WasmEdge_ExecutorInstantiate"];
  decltype(&WasmEdge_ExecutorInvoke) executor_invoke = library["WasmEdge_ExecutorInvoke"];
  decltype(&WasmEdge_ExecutorAsyncInvoke) executor_async_invoke =
      library["WasmEdge_ExecutorAsyncInvoke"];
  decltype(&WasmEdge_AsyncWait) async_wait = library["WasmEdge_AsyncWait"];
  decltype(&WasmEdge_AsyncCancel) async_cancel = library["WasmEdge_AsyncCancel"];
  decltype(&WasmEdge_AsyncDelete) async_delete = library["WasmEdge_AsyncDelete"];
};

// An object of the library, deleted by the function of its kind.
template <typename T>
struct Deleter {
  void (*function)(T*) = nullptr;
  void operator()(T* object) const { function(object); }
};
template <typename T>
using Owned = std::unique_ptr<T, Deleter<T>>;

template <typename T>
Owned<T> own(T* object, void (*function)(T*)) {
  return Owned<T>(object, Deleter<T>{function});
}

// Borrows `text`.
inline WasmEdge_String to_string(std::string_view text) {
  return {.Length = static_cast<uint32_t>(text.size()), .Buf = text.data()};
}

}  // namespace weir::engine::wasmedge
