#!/usr/bin/env bash
# Builds WAVM of November 2019 into the cache, from the crate of its Rust binding, on the LLVM 9 of
# Debian bullseye, in about two minutes. It is for x86_64; on other machines nothing is done.
#   wavm.sh            makes the prefix if it is absent
#   wavm.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

crate_version=0.1.0
llvm_version=9.0.1
# What of LLVM the adapter takes objects from.
archives=(
  Analysis AsmPrinter BinaryFormat BitReader BitstreamReader CodeGen Core DebugInfoCodeView
  DebugInfoDWARF Demangle ExecutionEngine GlobalISel InstCombine MC MCDisassembler MCParser Object
  ProfileData Remarks RuntimeDyld ScalarOpts SelectionDAG Support Target TransformUtils X86AsmParser
  X86CodeGen X86Desc X86Disassembler X86Info X86Utils
)
prefix=$(keyed_prefix "wavm-$crate_version" "${BASH_SOURCE[0]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi
if [ "$(uname -m)" != x86_64 ]; then
  say "WAVM is for x86_64 only: left out"
  exit
fi

# Debian's own LLVMConfig.cmake names targets that llvm-9-dev does not bring. FOLDER is where that
# is unpacked.
write_llvm_config() {
  local folder=$1 kind
  mkdir -p llvm-config/include/llvm/Config
  for kind in Target:Targets Asm_Printer:AsmPrinters Asm_Parser:AsmParsers Disassembler:Disassemblers; do
    printf 'LLVM_%s(X86)\n#undef LLVM_%s\n' "$(tr a-z A-Z <<< "${kind%:*}")" \
      "$(tr a-z A-Z <<< "${kind%:*}")" > "llvm-config/include/llvm/Config/${kind#*:}.def"
  done
  cat > llvm-config/LLVMConfig.cmake <<CMAKE
set(LLVM_PACKAGE_VERSION $llvm_version)
set(LLVM_VERSION_MAJOR ${llvm_version%%.*})
set(LLVM_INCLUDE_DIRS "$PWD/llvm-config/include $folder/include")
set(LLVM_DEFINITIONS "-D_GNU_SOURCE -D__STDC_CONSTANT_MACROS -D__STDC_FORMAT_MACROS -D__STDC_LIMIT_MACROS")
set(LLVM_TARGETS_TO_BUILD X86)
function(llvm_map_components_to_libnames out)
  set(\${out} "" PARENT_SCOPE)
endfunction()
CMAKE
}

# In the folder of WAVM's sources: every function compares its stack pointer to the thread's bound
# where it begins (LLVM's code for split stacks), and calls the adapter where too little is left.
# WAVM itself finds out at the end of the thread's stack, where nothing is left for the host either.
check_stack() {
  sed -i '/^[[:space:]]*"wavm_probe_stack");$/a attrs = attrs.addAttribute(function->getContext(), llvm::AttributeList::FunctionIndex, "split-stack");' \
    Lib/LLVMJIT/LLVMJITPrivate.h
  sed -i -e '/extern "C" void wavm_probe_stack();/a extern "C" void weir_wavm_stack_used_up();' \
    -e '/{"wavm_probe_stack", /a {"__morestack", (void*)\&weir_wavm_stack_used_up},' Lib/LLVMJIT/LLVMJIT.cpp
  grep -q split-stack Lib/LLVMJIT/LLVMJITPrivate.h && grep -q __morestack Lib/LLVMJIT/LLVMJIT.cpp ||
    die "the sources of WAVM are not as expected"
}

build() {
  local out=$1 llvm=$PWD/root/usr/lib/llvm-9
  say "fetching LLVM $llvm_version"
  unpack_suite bullseye/only "$PWD/root" llvm-9-dev
  write_llvm_config "$llvm"
  say "fetching WAVM"
  cp -R "$(fetch_crate wavm-sys "$crate_version")/wavm" wavm
  (cd wavm && check_stack)

  say "building WAVM"
  cmake -S wavm -B build -G Ninja -DCMAKE_BUILD_TYPE=Release "-DLLVM_DIR=$PWD/llvm-config" \
    -DWAVM_ENABLE_STATIC_LINKING=ON -DWAVM_ENABLE_FUZZ_TARGETS=OFF -DWAVM_ENABLE_UNWIND=OFF \
    "-DCMAKE_CXX_FLAGS=-Wno-error=null-dereference -Wno-error=uninitialized" > cmake.log ||
    die "cmake failed: $(tail -5 cmake.log)"
  nice ninja -C build libWAVM > ninja.log || die "the build failed: $(tail -20 ninja.log)"
  # The adapter brings its own of these.
  ar d build/libWAVM.a {Diagnostics,Error,Signal,Thread}POSIX.cpp.o

  mkdir -p "$out/include" "$out/lib"
  archives=("${archives[@]/#/$llvm/lib/libLLVM}")
  cp -RL wavm/Include/WAVM build/Include/WAVM "$llvm/include/llvm-c" "$out/include/"
  find "$out/include" -type f ! -name '*.[hc]' -delete
  install -m 644 build/libWAVM.a "${archives[@]/%/.a}" "$out/lib"
}

install_prefix "$prefix" build
say "WAVM is ready"
