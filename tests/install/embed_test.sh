#!/usr/bin/env bash
# Installs Weir into a folder, builds examples/embed against it in both ways, and runs a plugin in it.
# usage: embed_test.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1 source=$2
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

cmake --install "$build" --prefix "$stage/usr" > /dev/null
export PKG_CONFIG_PATH=$stage/usr/$LIBDIR/pkgconfig
read -ra flags <<< "$(pkg-config --cflags --libs weir)"
"$CXX" "$source/examples/embed/main.cc" "${flags[@]}" -o "$stage/by_pkg_config"
cmake -S "$source/examples/embed" -B "$stage/build" -DCMAKE_PREFIX_PATH="$stage/usr" > /dev/null
cmake --build "$stage/build" > /dev/null

# The adapter is found beside bin/, as the program would be installed.
for program in "$stage/by_pkg_config" "$stage/build/embed"; do
  install "$program" "$stage/usr/bin/embed"
  output=$("$stage/usr/bin/embed" "$source/build/guests/header-edit-rust.wasm" greeting)
  [ "$(grep -c 'x-weir-plugin: greeting' <<< "$output")" = 2 ] || {
    echo "the plugin did not edit both headers: $output"
    exit 1
  }
done
"$stage/usr/bin/weir" engines | grep -q "$stage/usr/$LIBDIR/weir/engines/weir-engine-wasmtime.so" || {
  echo "the installed weir does not find its adapter"
  exit 1
}

# The installed C++ SDK makes plugins, and the installed weir runs them.
cat > "$stage/plugin.cc" <<'EOF'
#include "proxy_wasm_intrinsics.h"
static RegisterContextFactory registered(CONTEXT_FACTORY(Context));
EOF
cxx=$stage/usr/share/weir/sdk/cpp/weir-cxx
WEIR_CXX=$CXX "$cxx" --native -o "$stage/plugin.so" "$stage/plugin.cc"
if command -v clang++-14 > /dev/null && [ -d /usr/include/wasm32-wasi ]; then
  "$cxx" -o "$stage/plugin.wasm" "$stage/plugin.cc"
  "$stage/usr/bin/weir" inspect "$stage/plugin.wasm" --engine wasmtime | grep -q 'C++ SDK of Weir' || {
    echo "the installed SDK's plugin is not what it should be"
    exit 1
  }
fi
