# WAMR's source and how Weir builds it, for the set-up of both of its engines. Sourced after lib.sh,
# never run.

wamr_version=2.4.3
wamr_crate=wamrx-sys
wamr_crate_version=0.3.0

# What of Weir is compiled into the library: a part of what a prefix is keyed by.
wamr_extra=("$repo_root/src/engine/wamr/wamr_extra.h" "$repo_root/src/engine/wamr/wamr_extra.c")
wamr_recipe=("${BASH_SOURCE[0]}" "${wamr_extra[@]}")

# amend FILE SED_EXPRESSION: changes a source, which must not be without effect.
amend() {
  cp "$1" amended
  sed -i "$2" "$1"
  ! cmp -s "$1" amended || die "WAMR $wamr_version is not as expected: '$2' changes nothing in $1"
}

# fetch_wamr FOLDER: unpacks the source, with changes.
fetch_wamr() {
  local folder=$1 crate file
  crate=$(fetch_crate "$wamr_crate" "$wamr_crate_version")
  cp -r "$crate/wasm-micro-runtime" "$folder"
  chmod -R u+w "$folder"
  cp "${wamr_extra[@]}" "$folder/core/iwasm/common/"

  # Instantiating runs no guest code: the start function is called later, where it can be
  # interrupted, and functions that WAMR would call for the sake of their names are not called.
  for file in interpreter/wasm_runtime.c aot/aot_runtime.c; do
    amend "$folder/core/iwasm/$file" \
      '/^execute_post_instantiate_functions(/,/^{/s/^{/{ if (module_inst) return true;/'
  done
}

# build_wamr SOURCE OUT OPTION...: builds the library and puts it and its headers into OUT.
build_wamr() {
  local source=$1 out=$2
  mkdir wamr
  cat > wamr/CMakeLists.txt <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(wamr C CXX ASM)
set(WAMR_ROOT_DIR "$PWD/$source")
set(WAMR_BUILD_PLATFORM linux)
include("\${WAMR_ROOT_DIR}/build-scripts/runtime_lib.cmake")
if(WEIR_LLVM)
  include("\${WAMR_ROOT_DIR}/core/iwasm/compilation/iwasm_compl.cmake")
  include_directories(SYSTEM \${WEIR_LLVM})
endif()
add_library(iwasm STATIC \${WAMR_RUNTIME_LIB_SOURCE} \${IWASM_COMPL_SOURCE})
CMAKE
  # WAMR_DISABLE_HW_BOUND_CHECK: without signal handlers and guard pages on other people's stacks.
  # WAMR_BUILD_SHRUNK_MEMORY: a memory has the size that the module declares.
  # HEAP_AUX_STACK: a guest's own stack is not divided among threads that it cannot have.
  cmake -S wamr -B wamr/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON \
    -DWAMR_BUILD_INTERP=1 -DWAMR_BUILD_LIBC_BUILTIN=0 -DWAMR_BUILD_LIBC_WASI=0 \
    -DWAMR_DISABLE_HW_BOUND_CHECK=1 -DWAMR_DISABLE_WAKEUP_BLOCKING_OP=1 -DWAMR_DISABLE_WRITE_GS_BASE=1 \
    -DWAMR_DISABLE_APP_ENTRY=1 -DWAMR_BUILD_THREAD_MGR=1 -DWAMR_BUILD_SHRUNK_MEMORY=0 \
    -DWAMR_BUILD_BULK_MEMORY=1 -DWAMR_BUILD_REF_TYPES=1 -DWAMR_BUILD_TAIL_CALL=1 \
    -DWAMR_BUILD_EXTENDED_CONST_EXPR=1 -DWAMR_BUILD_DUMP_CALL_STACK=1 \
    -DWAMR_BUILD_CUSTOM_NAME_SECTION=1 -DWAMR_BH_VPRINTF=weir_wamr_print_nothing \
    "-DCMAKE_C_FLAGS=-DWASM_ENABLE_HEAP_AUX_STACK_ALLOCATION=1 -w" "-DCMAKE_CXX_FLAGS=-w" \
    "${@:3}" > wamr/configure.log 2>&1 || die "$(tail -n 20 wamr/configure.log)"
  nice ninja --quiet -C wamr/build > wamr/build.log 2>&1 || die "$(tail -n 40 wamr/build.log)"
  install -D -m 644 wamr/build/libiwasm.a "$out/lib/libiwasm.a"
  install -D -m 644 -t "$out/include" "$source"/core/iwasm/include/{wasm,lib}_export.h
}
