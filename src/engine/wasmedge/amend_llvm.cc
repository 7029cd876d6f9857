#include "engine/wasmedge/amend_llvm.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "engine/wasmedge/redirect.h"

namespace weir::engine::wasmedge {
namespace {

// LLVM's C API, as far as it is used here; of its types it gives pointers only.
struct Module;
struct Value;
struct Type;
struct Block;
struct Builder;
struct Context;
struct TargetMachine;
struct MemoryBuffer;
struct PassOptions;
struct Failure;

struct Llvm {
  explicit Llvm(const Library& found) : library(found) {}

  Library library;

  Value* (*get_first_function)(Module*) = library["LLVMGetFirstFunction"];
  Value* (*get_next_function)(Value*) = library["LLVMGetNextFunction"];
  int (*is_declaration)(Value*) = library["LLVMIsDeclaration"];
  void (*add_target_dependent_function_attr)(Value*, const char*, const char*) =
      library["LLVMAddTargetDependentFunctionAttr"];
  void (*append_module_inline_asm)(Module*, const char*,
                                   size_t) = library["LLVMAppendModuleInlineAsm"];
  void (*initialize_x86_asm_parser)() = library["LLVMInitializeX86AsmParser"];
  Failure* (*run_passes)(Module*, const char*, TargetMachine*,
                         PassOptions*) = library["LLVMRunPasses"];
  int (*emit_to_memory_buffer)(TargetMachine*, Module*, int, char**,
                               MemoryBuffer**) = library["LLVMTargetMachineEmitToMemoryBuffer"];

  Context* (*get_module_context)(Module*) = library["LLVMGetModuleContext"];
  Module* (*get_global_parent)(Value*) = library["LLVMGetGlobalParent"];
  Block* (*get_insert_block)(Builder*) = library["LLVMGetInsertBlock"];
  Value* (*get_basic_block_parent)(Block*) = library["LLVMGetBasicBlockParent"];
  Block* (*get_entry_basic_block)(Value*) = library["LLVMGetEntryBasicBlock"];
  Value* (*get_first_instruction)(Block*) = library["LLVMGetFirstInstruction"];
  Builder* (*create_builder)(Context*) = library["LLVMCreateBuilderInContext"];
  void (*dispose_builder)(Builder*) = library["LLVMDisposeBuilder"];
  void (*position_before)(Builder*, Value*) = library["LLVMPositionBuilderBefore"];
  void (*position_at_end)(Builder*, Block*) = library["LLVMPositionBuilderAtEnd"];
  Value* (*build_array_alloca)(Builder*, Type*, Value*,
                               const char*) = library["LLVMBuildArrayAlloca"];
  Value* (*is_a_constant_int)(Value*) = library["LLVMIsAConstantInt"];
  unsigned long long (*const_int_get_value)(Value*) = library["LLVMConstIntGetZExtValue"];
  Value* (*get_operand)(Value*, unsigned) = library["LLVMGetOperand"];
  void (*set_operand)(Value*, unsigned, Value*) = library["LLVMSetOperand"];
};

// Set once, before the compiler runs; it runs in one thread.
Llvm* llvm = nullptr;
unsigned amended = 0;

// What functions call that find too little stack left, by the names that LLVM and its linker have
// for it. Here it ends the guest: how much the function needs, which R10 tells, is not asked for.
std::string stack_end() {
  std::array<char, 512> text;
  std::snprintf(text.data(), text.size(),
                ".text\n"
                ".globl __morestack, __morestack_non_split, __morestack_allocate_stack_space\n"
                ".hidden __morestack, __morestack_non_split, __morestack_allocate_stack_space\n"
                "__morestack:\n"
                "__morestack_non_split:\n"
                "__morestack_allocate_stack_space:\n"
                "movabsq $0x%" PRIx64
                ", %%r10\n"
                "hlt\n",  // which only the kernel may
                kStackUsedUp);
  return text.data();
}

// Gives an attribute to each function that has a body.
void add_attribute(Module* module, const char* name, const char* value) {
  for (Value* function = llvm->get_first_function(module); function != nullptr;
       function = llvm->get_next_function(function)) {
    if (llvm->is_declaration(function) != 0) continue;
    llvm->add_target_dependent_function_attr(function, name, value);
  }
}

// In place of LLVMRunPasses(). That a function which calls itself, or ends by a call, goes on
// without end is a matter of the stack on every other engine, and not of time.
Failure* optimise(Module* module, const char* passes, TargetMachine* machine,
                  PassOptions* options) {
  add_attribute(module, "disable-tail-calls", "true");
  return llvm->run_passes(module, passes, machine, options);
}

// In place of LLVMTargetMachineEmitToMemoryBuffer(). The module has been optimised: there will be
// no other functions.
int emit(TargetMachine* machine, Module* module, int kind, char** error, MemoryBuffer** made) {
  add_attribute(module, "split-stack", "");
  const std::string assembly = stack_end();
  llvm->initialize_x86_asm_parser();
  llvm->append_module_inline_asm(module, assembly.data(), assembly.size());
  ++amended;
  return llvm->emit_to_memory_buffer(machine, module, kind, error, made);
}

// The arrays in which a function hands arguments to the host, and gets results: at most two are in
// use at once, and what is in them is read before the next call. So they lie in the function's
// frame, and all its calls share them.
class FrameArrays {
 public:
  Value* take(Builder* builder, Type* type, Value* bytes) {
    Block* block = llvm->get_insert_block(builder);
    Value* function = llvm->get_basic_block_parent(block);
    if (function != function_) {
      function_ = function;
      arrays_.clear();
      block_ = nullptr;
    }
    if (block != block_) {
      block_ = block;
      used_ = 0;
    }
    if (used_ == arrays_.size()) arrays_.push_back(add(type, bytes));
    Value* array = arrays_[used_++];
    if (size_of(llvm->get_operand(array, 0)) < size_of(bytes)) llvm->set_operand(array, 0, bytes);
    return array;
  }

 private:
  static unsigned long long size_of(Value* bytes) { return llvm->const_int_get_value(bytes); }

  // Where the function begins.
  Value* add(Type* type, Value* bytes) const {
    Block* entry = llvm->get_entry_basic_block(function_);
    Builder* builder =
        llvm->create_builder(llvm->get_module_context(llvm->get_global_parent(function_)));
    Value* first = llvm->get_first_instruction(entry);
    if (first == nullptr) {
      llvm->position_at_end(builder, entry);
    } else {
      llvm->position_before(builder, first);
    }
    Value* array = llvm->build_array_alloca(builder, type, bytes, "");
    llvm->dispose_builder(builder);
    return array;
  }

  // What was compiled last.
  Value* function_ = nullptr;
  Block* block_ = nullptr;
  size_t used_ = 0;  // of `arrays_`, in that block
  std::vector<Value*> arrays_;
};

// In place of LLVMBuildArrayAlloca().
Value* build_array(Builder* builder, Type* type, Value* size, const char* name) {
  static FrameArrays arrays;
  if (llvm->is_a_constant_int(size) != nullptr) return arrays.take(builder, type, size);
  return llvm->build_array_alloca(builder, type, size, name);
}

// In place of LLVMGetHostCPUName() and LLVMGetHostCPUFeatures(), whose callers free what they get.
char* processor() { return strdup(kTargetProcessor); }
char* features() {
  return strdup("+sse,+sse2,+sse3,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+sahf,+crc32");
}

}  // namespace

Done amend_llvm(const Api& api) {
  static Llvm functions(api.library);
  if (!functions.library.missing().empty()) {
    return Error{
        ErrorCode::Unsupported,
        "the LLVM that this build of WasmEdge compiles with has no " + functions.library.missing()};
  }
  llvm = &functions;

  struct Amendment {
    const char* name;
    void* replacement;
  };
  const std::array amendments = {
      Amendment{"LLVMRunPasses", reinterpret_cast<void*>(&optimise)},
      Amendment{"LLVMTargetMachineEmitToMemoryBuffer", reinterpret_cast<void*>(&emit)},
      Amendment{"LLVMBuildArrayAlloca", reinterpret_cast<void*>(&build_array)},
      Amendment{"LLVMGetHostCPUName", reinterpret_cast<void*>(&processor)},
      Amendment{"LLVMGetHostCPUFeatures", reinterpret_cast<void*>(&features)},
  };
  for (const auto& [name, replacement] : amendments) {
    if (redirect_calls(reinterpret_cast<void*>(api.version_get), name, replacement) != 1) {
      return Error{ErrorCode::Unsupported,
                   std::string("this build of WasmEdge does not call LLVM by ") + name +
                       ", so what it compiles cannot be given checks of the stack"};
    }
  }
  return Unit{};
}

unsigned amended_modules() { return amended; }

}  // namespace weir::engine::wasmedge
