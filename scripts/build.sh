#!/usr/bin/env bash
# Configures a CMake preset if need be and builds it.
# usage: build.sh PRESET [TARGET...]   Without targets: everything in it.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

preset=${1:?usage: build.sh PRESET [TARGET...]}
shift
cd "$repo_root"
folder=build/${preset%-tests}

engines=
for script in scripts/setup/engines/*.sh; do
  [ ! -d "$("$script" --prefix)" ] || engines+=" $(basename "$script" .sh)"
done

# ninja itself configures anew when a CMake file changes, but it does not know of the presets, nor of
# engines installed since. A folder configured with tests serves the preset without them too.
is_configured() {
  [ -f "$folder/build.ninja" ] && [ ! CMakePresets.json -nt "$folder/build.ninja" ] &&
    grep -qxE "$preset(-tests)?:$engines" "$folder/preset"
}

if ! is_configured; then
  say "configuring $preset, engines:$engines"
  cmake --preset "$preset" > /dev/null
  echo "$preset:$engines" > "$folder/preset"
fi
say "building $preset${*:+: $*}"
cmake --build --preset "$preset" ${@:+--target "$@"} -- --quiet
say "$preset is built"
