#!/usr/bin/env bash
# Builds WAMR with its compiler into the cache, as a static library, on the LLVM 19 of Debian 12.
#   wamr-aot.sh            makes the prefix if it is absent (about two minutes)
#   wamr-aot.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$repo_root/scripts/setup/wamr_source.sh"
source "$repo_root/scripts/setup/llvm_archives.sh"

prefix=$(keyed_prefix "wamr-aot-$wamr_version" "${BASH_SOURCE[0]}" "${wamr_recipe[@]}" "$llvm_prefix")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 flags
  say "fetching WAMR $wamr_version"
  fetch_wamr source
  say "building WAMR and its compiler"
  # It is the interpreter that is left out of this build which has no SIMD.
  amend source/build-scripts/unsupported_combination.cmake '/SIMD + CLASSIC_INTERP/d'
  # WASM_ENABLE_WAMR_COMPILER: modules are read for the compiler, not for an interpreter.
  # WAMR_BUILD_LOAD_CUSTOM_SECTION: names of functions are copied into what is compiled.
  flags="-DWASM_ENABLE_WAMR_COMPILER=1 -w"
  build_wamr source "$out" -DWAMR_BUILD_FAST_INTERP=0 -DWAMR_BUILD_AOT=1 -DWAMR_BUILD_SIMD=1 \
    -DWAMR_BUILD_THREAD_MGR=0 -DWAMR_BUILD_LOAD_CUSTOM_SECTION=1 \
    "-DCMAKE_C_FLAGS=-DWASM_ENABLE_HEAP_AUX_STACK_ALLOCATION=1 $flags" "-DCMAKE_CXX_FLAGS=$flags" \
    "-DWEIR_LLVM=$llvm_includes"
  install -m 644 -t "$out/include" source/core/iwasm/include/aot_{export,comp_option}.h
  ln -s -t "$out/lib" "$llvm_prefix"/lib/*.a
}

command -v cargo > /dev/null || die "cargo is missing: it fetches the sources"
fetch_llvm
install_prefix "$prefix" build
say "WAMR $wamr_version with its compiler is ready"
