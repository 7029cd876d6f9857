# Debian's LLVM 19, for the set-up of WAMR's engines that compile: its headers and static libraries.
# Sourced after lib.sh, never run.

llvm_version=19
case $(uname -m) in
  aarch64) llvm_target=AArch64 ;;
  *) llvm_target=X86 ;;
esac
# What of LLVM the adapters take objects from.
llvm_archives=(
  AggressiveInstCombine Analysis AsmParser AsmPrinter BinaryFormat BitReader BitWriter BitstreamReader
  CFGuard CodeGen CodeGenTypes Core Coroutines DebugInfoCodeView DebugInfoDWARF Demangle ExecutionEngine
  FrontendOffloading FrontendOpenMP GlobalISel HipStdPar IRPrinter IRReader InstCombine Instrumentation
  JITLink Linker MC MCDisassembler MCParser ObjCARCOpts Object Option OrcJIT OrcShared OrcTargetProcess
  Passes ProfileData Remarks RuntimeDyld ScalarOpts SelectionDAG Support Target TargetParser TextAPI
  TransformUtils Vectorize WindowsDriver ipo
)
llvm_prefix=$(keyed_prefix "llvm-$llvm_version" "${BASH_SOURCE[0]}")
# Where its headers are, as CMake has a list.
llvm_includes="$llvm_prefix/config;$llvm_prefix/include;$llvm_prefix/include-c"

# LLVM's headers know of all targets that Debian's library has; WAMR is to ask for this machine's only.
only_this_target() {
  local folder=$1 kind
  mkdir -p "$folder"
  for kind in Target:Targets Asm_Printer:AsmPrinters Asm_Parser:AsmParsers Disassembler:Disassemblers; do
    printf 'LLVM_%s(%s)\n#undef LLVM_%s\n' "$(tr a-z A-Z <<< "${kind%:*}")" "$llvm_target" \
      "$(tr a-z A-Z <<< "${kind%:*}")" > "$folder/${kind#*:}.def"
  done
}

build_llvm() {
  local out=$1 root=$PWD/root lib
  say "fetching LLVM $llvm_version"
  unpack_suite bookworm/only "$root" "llvm-$llvm_version-dev" libzstd-dev
  lib=$root/usr/lib/llvm-$llvm_version/lib
  only_this_target "$out/config/llvm/Config"
  mv "$root/usr/include/llvm-$llvm_version" "$out/include"
  mv "$root/usr/include/llvm-c-$llvm_version" "$out/include-c"
  llvm_archives=("${llvm_archives[@]/#/$lib/libLLVM}")
  install -D -m 644 -t "$out/lib" "${llvm_archives[@]/%/.a}" "$lib/libLLVM$llvm_target"*.a \
    "$root"/usr/lib/*/libzstd.a
}

# fetch_llvm: makes $llvm_prefix if it is absent.
fetch_llvm() {
  install_prefix "$llvm_prefix" build_llvm
}
