#!/usr/bin/env bash
# Configures a CMake preset if need be and builds it.
# usage: build.sh PRESET [TARGET...]   Without targets: everything in it.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

preset=${1:?usage: build.sh PRESET [TARGET...]}
shift
cd "$repo_root"
# ninja itself configures anew when a CMake file changes, but it does not know of the presets.
if [ ! -f "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "build/$preset/build.ninja" ]; then
  say "configuring $preset"
  cmake --preset "$preset" > /dev/null
fi
say "building $preset${*:+: $*}"
cmake --build --preset "$preset" ${@:+--target "$@"} -- --quiet
say "$preset is built"
