#!/usr/bin/env bash
# Builds WAMR with its LLVM JIT into the cache, as a static library, on the LLVM 19 of Debian 12.
#   wamr-jit.sh            makes the prefix if it is absent (about a minute)
#   wamr-jit.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$repo_root/scripts/setup/wamr_source.sh"
source "$repo_root/scripts/setup/llvm_archives.sh"

prefix=$(keyed_prefix "wamr-jit-$wamr_version" "${BASH_SOURCE[0]}" "${wamr_recipe[@]}" "$llvm_prefix")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

# WAMR would compile in threads, of its own and of LLVM's, and leave parts of a module for when they
# are called. Here a module is compiled whole, where it is loaded.
compile_where_it_is_loaded() {
  local compilation=$1/core/iwasm/compilation interpreter=$1/core/iwasm/interpreter
  amend "$compilation/aot_llvm.c" 's/builder, WASM_ORC_JIT_COMPILE_THREAD_NUM)/builder, 0)/'
  amend "$compilation/aot_orc_extra.cpp" 's/->addLazyIRModule(/->addIRModule(/'
  amend "$interpreter/wasm_loader.c" '/^compile_jit_functions(/,/^{/s/^{/{ return true;/'
  # The stack that each function takes is known when all are compiled: until there is the code's own
  # table, it is noted elsewhere.
  amend "$compilation/aot_compiler.c" '/^            LLVMOrcJITTargetAddress addr;/s/$/\
            const size_t size = comp_ctx->func_ctx_count * sizeof(uint32);\
            uint32 *noted = comp_ctx->jit_stack_sizes = malloc(size);\
            if (noted == NULL) {\
                aot_set_last_error("allocate memory failed.");\
                return false;\
            }/
    s/^ *aot_handle_llvm_errmsg("failed to look up stack_sizes", err);/&\
                free(noted);/
    s/^ *comp_ctx->jit_stack_sizes = (uint32 \*)addr;/&\
            memcpy(comp_ctx->jit_stack_sizes, noted, size);\
            free(noted);/'
  # Modules may be compiled on several threads at once.
  amend "$compilation/aot.c" 's/^static char aot_error/static __thread char aot_error/'
}

# Three quarters of the time go into choosing instructions and registers well. The adapter may do without.
compile_quickly_if_told() {
  amend "$1/core/iwasm/compilation/aot_orc_extra.cpp" \
    '/^LLVMOrcLLLazyJITBuilderSetJITTargetMachineBuilder(/,/^}/s/^{/{\
    if (weir_wamr_jit_quickly)\
        unwrap(JTMP)->setCodeGenOptLevel(llvm::CodeGenOptLevel::None);/
    s/^\/\/ LLJIT\.h/extern "C" { bool weir_wamr_jit_quickly = false; }\
&/'
}

# LLVM would write for each function how to unwind it, which nobody does. Its linker then takes each
# function for one that needs all others, and 8 bytes for each pair of them: 30 GB for 20,000.
compile_without_unwinding() {
  amend "$1/core/iwasm/compilation/aot_orc_extra2.cpp" \
    '/^MyCompiler::operator()(/,/^}/s/^{/{\
    for (auto \&function : M)\
        function.setDoesNotThrow();/'
}

# What is noted of a call for backtraces is no more than the function. There are no variables in it,
# where WAMR would look for them; and what calls that trapped have left is there until that is read.
note_functions_only() {
  local interpreter=$1/core/iwasm/interpreter
  amend "$interpreter/wasm_loader.c" 's/^    aot_call_stack_features_init_default(.*/&\
    option.call_stack_features.ip = false;\
    option.call_stack_features.trap_ip = false;\
    option.call_stack_features.values = false;/'
  amend "$interpreter/wasm_runtime.c" \
    '/^wasm_interp_create_call_stack(/,/^}/s/lp_size = all_cell_num \* 4;/lp_size = 0;/'
  amend "$interpreter/wasm_interp_classic.c" \
    '/^llvm_jit_call_func_bytecode(/,/^}/{/^fail:/,/^}/s/llvm_jit_free_frame_internal(exec_env);//}
    /^wasm_interp_call_wasm(/,/^}/{
      s/\*prev_frame, /*prev_frame = wasm_exec_env_get_cur_frame(exec_env), /
      s/^        wasm_exec_env_set_cur_frame(exec_env, prev_frame);/    }\
    wasm_exec_env_set_cur_frame(exec_env, prev_frame);\
    if (alloc_frame) {/
    }'
}

# Compiled code notes a call behind the one that it is made from, and tells nobody how far that
# reaches: what is noted of an import that was called through a table would lie over it, and a walk
# along the calls would go round and round.
note_imports_behind() {
  amend "$1/core/iwasm/interpreter/wasm_interp_classic.c" '/^wasm_interp_call_wasm(/,/^}/{
    s/^    bool alloc_frame = true;/&\
    uint8 *top = exec_env->wasm_stack.top;/
    s/^        unsigned frame_size;/&\
        uint8 *behind = (uint8 *)prev_frame + offsetof(WASMInterpFrame, lp);\
        if (prev_frame \&\& top < behind)\
            exec_env->wasm_stack.top = behind;/
    s/^        FREE_FRAME(exec_env, frame);/        exec_env->wasm_stack.top = top;/
  }'
}

build() {
  local out=$1
  say "fetching WAMR $wamr_version"
  fetch_wamr source
  say "building WAMR and its JIT"
  # The LLVM that it is to find is not installed.
  amend source/build-scripts/config_common.cmake \
    "s/find_package(LLVM REQUIRED CONFIG)/set(LLVM_PACKAGE_VERSION $llvm_version)/"
  compile_where_it_is_loaded source
  compile_quickly_if_told source
  compile_without_unwinding source
  note_functions_only source
  note_imports_behind source
  # Not tail calls, which would take stack: a caller takes back what it has noted after its last call.
  build_wamr source "$out" -DWAMR_BUILD_JIT=1 -DWAMR_BUILD_LAZY_JIT=0 -DLLVM_DIR=none -DWAMR_BUILD_SIMD=1 \
    -DWAMR_BUILD_THREAD_MGR=0 -DWAMR_BUILD_TAIL_CALL=0 "-DWEIR_LLVM=$llvm_includes"
  ln -s -t "$out/lib" "$llvm_prefix"/lib/*.a
}

command -v cargo > /dev/null || die "cargo is missing: it fetches the sources"
fetch_llvm
install_prefix "$prefix" build
say "WAMR $wamr_version with its JIT is ready"
