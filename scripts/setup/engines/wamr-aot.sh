#!/usr/bin/env bash
# Builds WAMR with its compiler into the cache, as a static library, on the LLVM 19 of Debian 12.
#   wamr-aot.sh            makes the prefix if it is absent (about two minutes)
#   wamr-aot.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$repo_root/scripts/setup/wamr_source.sh"

llvm_version=19
case $(uname -m) in
  aarch64) target=AArch64 ;;
  *) target=X86 ;;
esac
# What of LLVM the adapter takes objects from.
archives=(
  AggressiveInstCombine Analysis AsmParser AsmPrinter BinaryFormat BitReader BitWriter BitstreamReader
  CFGuard CodeGen CodeGenTypes Core Coroutines DebugInfoCodeView DebugInfoDWARF Demangle ExecutionEngine
  FrontendOffloading FrontendOpenMP GlobalISel HipStdPar IRPrinter IRReader InstCombine Instrumentation
  JITLink Linker MC MCDisassembler MCParser ObjCARCOpts Object Option OrcJIT OrcShared OrcTargetProcess
  Passes ProfileData Remarks RuntimeDyld ScalarOpts SelectionDAG Support Target TargetParser TextAPI
  TransformUtils Vectorize WindowsDriver ipo
)
prefix=$(keyed_prefix "wamr-aot-$wamr_version" "${BASH_SOURCE[0]}" "${wamr_recipe[@]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

# LLVM's headers know of all targets that Debian's library has; WAMR is to ask for this machine's only.
only_this_target() {
  local kind
  mkdir -p llvm-config/llvm/Config
  for kind in Target:Targets Asm_Printer:AsmPrinters Asm_Parser:AsmParsers Disassembler:Disassemblers; do
    printf 'LLVM_%s(%s)\n#undef LLVM_%s\n' "$(tr a-z A-Z <<< "${kind%:*}")" "$target" \
      "$(tr a-z A-Z <<< "${kind%:*}")" > "llvm-config/llvm/Config/${kind#*:}.def"
  done
}

build() {
  local out=$1 root=$PWD/root llvm flags
  say "fetching LLVM $llvm_version"
  unpack_suite bookworm/only "$root" "llvm-$llvm_version-dev" libzstd-dev
  llvm=$root/usr/lib/llvm-$llvm_version/lib
  only_this_target
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
    "-DWEIR_LLVM=$PWD/llvm-config;$root/usr/include/llvm-$llvm_version;$root/usr/include/llvm-c-$llvm_version"
  install -m 644 -t "$out/include" source/core/iwasm/include/aot_{export,comp_option}.h
  archives=("${archives[@]/#/$llvm/libLLVM}")
  install -m 644 -t "$out/lib" "${archives[@]/%/.a}" "$llvm/libLLVM$target"*.a "$root"/usr/lib/*/libzstd.a
}

command -v cargo > /dev/null || die "cargo is missing: it fetches the sources"
install_prefix "$prefix" build
say "WAMR $wamr_version with its compiler is ready"
