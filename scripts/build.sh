#!/usr/bin/env bash
# Configures a CMake preset if need be and builds it.
# usage: build.sh PRESET [TARGET...]   Without targets: everything in it.
# It makes an adapter for each engine in the cache; where ENGINES is in the environment, as `make` puts it there for
# whoever has named some, for Wasmtime and those.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

preset=${1:?usage: build.sh PRESET [TARGET...]}
shift
cd "$repo_root"
folder=build/${preset%-tests}

engines=
for script in scripts/setup/engines/*.sh; do
  name=$(basename "$script" .sh)
  if [ -n "${ENGINES:-}" ] && [[ " wasmtime $ENGINES " != *" $name "* ]]; then
    continue
  elif [ -d "$("$script" --prefix)" ]; then
    engines+=" $name"
  elif [ -n "${ENGINES:-}" ]; then
    die "the engine $name is not installed: run \`make engine-$name\`"
  fi
done
# For CMake; without a choice of the user's, whatever is in the cache.
chosen=${ENGINES:+${engines# }}

# ninja itself configures anew when a CMake file changes, but it does not know of the presets, nor of
# engines installed since. A folder configured with tests serves the preset without them too, and one
# that somebody configured by hand since is told by its cache.
is_configured() {
  [ -f "$folder/build.ninja" ] && [ ! CMakePresets.json -nt "$folder/build.ninja" ] &&
    [ ! "$folder/CMakeCache.txt" -nt "$folder/preset" ] &&
    grep -qxE "$preset(-tests)?:$engines" "$folder/preset"
}

if ! is_configured; then
  say "configuring $preset, engines:$engines"
  cmake --preset "$preset" "-DWEIR_ENGINES=${chosen// /;}" > /dev/null
  echo "$preset:$engines" > "$folder/preset"
fi
say "building $preset${*:+: $*}"
cmake --build --preset "$preset" ${@:+--target "$@"} -- --quiet
say "$preset is built"
