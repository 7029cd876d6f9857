#!/usr/bin/env bash
# Compiles guest plugins into build/guests/NAME.wasm; those named NAME.so are native plugins.
# usage: guests.sh [NAME...]   Without names: all of them.
# What was compiled once is kept in the cache, keyed by its sources and by the recipe that makes it; FRESH=1 compiles from
# nothing all the same. A toolchain is installed only when something is to be compiled. Where that cannot be, all guests but those of the
# toolchain are compiled and the rest are named, save in CI (CI=true): there it is an error.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
output=$repo_root/build/guests
work=$output/work

# recipe NAME: sets `sources`, the paths that the guest is made of, and `compile`, the command that
# writes it to the file named by its last argument.
recipe() {
  local rust=tests/guests/rust
  sources=()
  local sdk=(sdk/cpp/include sdk/cpp/src sdk/cpp/weir-cxx src/engine/native_plugin.h)
  case $1 in
    http_all | grpc_all | faults | root_all | tcp_all)
      sources=("$rust/Cargo.toml" "$rust/Cargo.lock" "$rust/$1")
      compile=(rust wasm32-wasip1 "$rust" "$1")
      ;;
    header_v1)
      sources=("$rust/Cargo.toml" "$rust/Cargo.lock" "$rust/$1")
      compile=(rust wasm32-unknown-unknown "$rust" "$1")
      ;;
    http_all_malloc)
      sources=("$rust/Cargo.toml" "$rust/Cargo.lock" "$rust/http_all")
      compile=(rust wasm32-unknown-unknown "$rust" http_all)
      ;;
    cpp_http)
      sources=(tests/guests/cpp_http)
      compile=(cpp tests/guests/cpp_http/cpp_http.cc)
      ;;
    go_http)
      sources=(tests/guests/go_http)
      compile=(go_wasm tests/guests/go_http)
      ;;
    as_http)
      sources=(tests/guests/as_http)
      compile=(assemblyscript tests/guests/as_http)
      ;;
    cpp_sdk/usual_names)
      sources=(tests/guests/cpp_sdk/{usual_names,throwing.cc} "${sdk[@]}")
      compile=(cpp_sdk_with_its_warnings "$1" tests/guests/cpp_sdk/usual_names/*.cc)
      ;;
    cpp_sdk/http_all | cpp_sdk/http_all.so | cpp_sdk/usual_names.so)
      sources=("tests/guests/${1%.so}" "${sdk[@]}")
      compile=(cpp_sdk "$1" "tests/guests/${1%.so}"/*.cc)
      ;;
    cpp_sdk/*)
      sources=("tests/guests/${1%.so}.cc" "${sdk[@]}")
      compile=(cpp_sdk "$1" "tests/guests/${1%.so}.cc")
      ;;
    header-edit-cpp)
      sources=(examples/header-edit/cpp)
      compile=(cpp examples/header-edit/cpp/header_edit.cc)
      ;;
    *-cpp)  # The examples: NAME-LANGUAGE is in examples/NAME/LANGUAGE.
      sources=("examples/${1%-*}/cpp" "${sdk[@]}")
      compile=(cpp_sdk "$1" "examples/${1%-*}"/cpp/*.cc)
      ;;
    *-rust)
      sources=("examples/${1%-*}/rust")
      compile=(rust wasm32-wasip1 "examples/${1%-*}/rust" "$1")
      ;;
    *-go)
      sources=("examples/${1%-*}/go")
      compile=(go_wasm "examples/${1%-*}/go")
      ;;
    zig_sdk)
      sources=(tests/guests/zig_sdk sdk/zig scripts/setup/zig.sh)
      compile=(zig tests/guests/zig_sdk/zig_sdk.zig)
      ;;
    *-zig)
      sources=("examples/${1%-*}/zig" sdk/zig scripts/setup/zig.sh)
      compile=(zig "examples/${1%-*}"/zig/*.zig)
      ;;
    *-assemblyscript)
      sources=("examples/${1%-*}/assemblyscript")
      compile=(assemblyscript "examples/${1%-*}/assemblyscript")
      ;;
  esac
  [ -e "${sources[0]:-}" ] || die "there is no guest '$1'; known are: ${all[*]}"
}
all=(http_all http_all_malloc grpc_all faults root_all tcp_all header_v1 cpp_http go_http
  as_http zig_sdk cpp_sdk/http_all cpp_sdk/http_all.so cpp_sdk/grpc_all cpp_sdk/grpc_all.so
  cpp_sdk/low_level cpp_sdk/low_level.so cpp_sdk/tcp_all cpp_sdk/tcp_all.so cpp_sdk/throwing cpp_sdk/throwing.so)
for name in names filter telemetry grpc login resolver statics; do all+=("cpp_sdk/usual_$name" "cpp_sdk/usual_$name.so"); done
for folder in examples/*/{rust,go,cpp,assemblyscript,zig}; do
  [ ! -d "$folder" ] || all+=("$(basename "$(dirname "$folder")")-$(basename "$folder")")
done

need() {
  command -v "$1" > /dev/null || { say "$1 is not there"; return 1; }
}

# toolchain: what `compile` takes is there, or is installed now.
toolchain() {
  local setup=$repo_root/scripts/setup
  case ${compile[*]} in
    rust\ *) "$setup/apt.sh" guests && "$setup/rust-guest.sh" "${compile[1]}" ;;
    cpp_sdk\ *.so\ *) need "${WEIR_CXX:-c++}" ;;
    cpp\ * | cpp_sdk*) "$setup/apt.sh" guests ;;
    go_wasm\ *) need go ;;
    zig\ *) "$setup/zig.sh" ;;
    assemblyscript\ *) need npm ;;
  esac
}

# rust TARGET FOLDER PACKAGE OUT: a package of the crate or workspace in FOLDER.
rust() {
  local target=$1 folder=$2 package=$3 out=$4 sysroot variable
  "$repo_root/scripts/setup/apt.sh" guests
  "$repo_root/scripts/setup/rust-guest.sh" "$target"
  sysroot=$("$repo_root/scripts/setup/rust-guest.sh" --prefix "$target")
  variable=CARGO_TARGET_$(tr 'a-z-' 'A-Z_' <<< "$target")
  env RUSTC=/usr/bin/rustc "${variable}_LINKER=wasm-ld-14" \
    "${variable}_RUSTFLAGS=--sysroot $sysroot -Clink-arg=--allow-undefined" \
    /usr/bin/cargo build --quiet --locked --release --target "$target" --package "$package" \
    --manifest-path "$folder/Cargo.toml" --target-dir "$work/rust"
  cp "$work/rust/$target/release/${package//-/_}.wasm" "$out"
}

# cpp SOURCE OUT: one file against the raw ABI, without exceptions and standard streams.
cpp() {
  local source=$1 out=$2
  "$repo_root/scripts/setup/apt.sh" guests
  clang++-14 --target=wasm32-wasi -mexec-model=reactor -std=c++17 -O2 -fno-exceptions -fno-rtti \
    -Wall -Wextra -Werror -Wl,--export=malloc -Wl,--stack-first -Wl,--strip-debug -o "$out" "$source"
}

# cpp_sdk NAME SOURCE... OUT: against the C++ SDK, to native code where NAME ends in .so.
cpp_sdk() {
  local name=$1 sources=("${@:2:$#-2}") out=${!#} native=()
  case $name in
    *.so) native=(--native) ;;
    *) "$repo_root/scripts/setup/apt.sh" guests ;;
  esac
  sdk/cpp/weir-cxx "${native[@]}" -Wall -Wextra -Werror -o "$out" "${sources[@]}"
}

# cpp_sdk_with_its_warnings NAME SOURCE... OUT: the same, once the SDK's code for wasm, and its headers as guests use them,
# compile without the warnings that plugins do not see. tests/sdk does so with its native code.
cpp_sdk_with_its_warnings() {
  local sources=("${@:2:$#-2}") source
  "$repo_root/scripts/setup/apt.sh" guests
  for source in sdk/cpp/src/proxy_wasm_intrinsics.cc tests/guests/cpp_sdk/throwing.cc "${sources[@]}"; do
    "${WEIR_CXX:-clang++-14}" --target=wasm32-wasi -std=c++17 -fexceptions -fignore-exceptions -D_WASI_EMULATED_SIGNAL \
      -D_WASI_EMULATED_PROCESS_CLOCKS -DWEIR_SDK_WARNINGS -Wall -Wextra -Wshadow -Wconversion \
      -Wno-missing-field-initializers -Werror -Isdk/cpp/include/weir_sdk/one_thread -Isdk/cpp/include \
      -fsyntax-only "$source"
  done
  cpp_sdk "$@"
}

# go_wasm FOLDER OUT: the Go module in FOLDER.
go_wasm() {
  local folder=$1 out=$2
  (cd "$folder" && GOOS=wasip1 GOARCH=wasm GOFLAGS=-mod=readonly \
    go build -trimpath -buildmode=c-shared -o "$out" .)
}

# zig SOURCE OUT: one file, with sdk/zig as the module `proxy_wasm`.
zig() {
  local source=$1 out=$2 module=(-target wasm32-freestanding -O ReleaseSmall)
  "$repo_root/scripts/setup/zig.sh"
  "$("$repo_root/scripts/setup/zig.sh" --prefix)/ziglang/zig" build-exe "${module[@]}" --dep proxy_wasm \
    "-Mroot=$source" "${module[@]}" -Mproxy_wasm=sdk/zig/proxy_wasm.zig -fno-entry -rdynamic \
    --cache-dir "$work/zig" --global-cache-dir "$work/zig" "-femit-bin=$out"
}

# assemblyscript FOLDER OUT: the npm package in FOLDER.
assemblyscript() {
  local folder=$1 out=$2
  rm -rf "$work/assemblyscript"
  cp -r "$folder" "$work/assemblyscript"
  (cd "$work/assemblyscript" && npm ci --silent --no-audit --no-fund && npm run --silent build)
  cp "$work/assemblyscript/build/release.wasm" "$out"
}

# key: a hash of the sources, their names, and how they are compiled.
key() {
  {
    declare -f "${compile[0]}"
    printf '%s\n' "${compile[@]}"
    find "${sources[@]}" scripts/setup/rust-guest.sh \
      \( -name target -o -name node_modules \) -prune -o -type f -print0 |
      sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-16
}

# file_of NAME: the name of the file that the guest becomes.
file_of() {
  case $1 in
    *.so) printf '%s' "$1" ;;
    *) printf '%s.wasm' "$1" ;;
  esac
}

# toolchain_name: the toolchain of `compile`, as it is told.
toolchain_name() {
  case ${compile[*]} in
    cpp_sdk\ *.so\ *) echo "C++, native" ;;
    cpp*) echo C++ ;;
    rust\ *) echo Rust ;;
    go_wasm\ *) echo Go ;;
    zig\ *) echo Zig ;;
    assemblyscript\ *) echo AssemblyScript ;;
  esac
}

fresh=${FRESH:-0}
[ "$fresh" = 0 ] || rm -rf "$work"
mkdir -p "$work" "$weir_cache/guests"
compiled=0
left_out=()
declare -A made=()  # by toolchain: the guests that are there, each with a space before it
names=("$@")
[ $# -gt 0 ] || names=("${all[@]}")
for name in "${names[@]}"; do
  recipe "$name"
  file=$(file_of "$name")
  flat=${file//\//_}
  kept=$weir_cache/guests/${flat%.*}-$(key).${flat##*.}
  [ "$fresh" = 0 ] || rm -f "$kept"
  if [ ! -f "$kept" ] && ! toolchain; then
    { [ $# = 0 ] && [ "${CI:-}" != true ]; } || die "$name: its toolchain is missing"
    rm -f "$output/$file"  # of other sources, if any
    left_out+=("$name")
    continue
  fi
  if [ ! -f "$kept" ]; then
    say "compiling $name"
    "${compile[@]}" "$work/$flat"
    cp "$work/$flat" "$kept.$$"
    mv "$kept.$$" "$kept"
    compiled=$((compiled + 1))
  fi
  mkdir -p "$output/$(dirname "$name")"
  cmp -s "$kept" "$output/$file" || cp "$kept" "$output/$file"
  made[$(toolchain_name)]+=" $name"
done
for toolchain in "${!made[@]}"; do
  read -ra there <<< "${made[$toolchain]}"
  say "$toolchain, ${#there[@]} guests:${made[$toolchain]}"
done
say "$((${#names[@]} - ${#left_out[@]})) guests in build/guests: $compiled compiled now, the others as the cache has them"
[ ${#left_out[@]} = 0 ] || say "SKIPPED, with the tests that need them, for want of toolchains: ${left_out[*]}"
