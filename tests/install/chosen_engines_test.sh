#!/usr/bin/env bash
# Who names engines gets adapters of those, whatever else is in the cache or was built before.
# usage: chosen_engines_test.sh SOURCE_DIR
set -euo pipefail
source=$1
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

fail() {
  echo "$*"
  exit 1
}

# An engine that there is not is one sentence, before anything is done.
if told=$(make --no-print-directory -C "$source" engines ENGINES="v8 bogus" 2>&1); then
  fail "make takes any engine"
fi
[[ $told == *"unknown engine 'bogus' in ENGINES: there are "*v8*wasmtime* && $(wc -l <<< "$told") == 1 ]] ||
  fail "what make says of an unknown engine: $told"

# build.sh passes the names on, from a tree and a cache of the test's own. In place of cmake there is
# one that notes what it is told.
mkdir "$stage/bin" "$stage/tree"
cp -R "$source/scripts" "$stage/tree"
touch "$stage/tree/CMakePresets.json"
cat > "$stage/bin/cmake" <<'CMAKE'
#!/bin/sh
mkdir -p build/release
touch build/release/build.ninja
echo "$@" >> told
CMAKE
chmod +x "$stage/bin/cmake"
export XDG_CACHE_HOME=$stage/cache PATH=$stage/bin:$PATH
for script in "$stage"/tree/scripts/setup/engines/*.sh; do
  mkdir -p "$("$script" --prefix)"
done

# expect_choice ENGINES CHOICE: what cmake is told when these are named.
expect_choice() {
  : > "$stage/tree/told"
  ENGINES=$1 "$stage/tree/scripts/build.sh" release 2> /dev/null
  grep -qxF -- "--preset release -DWEIR_ENGINES=$2" "$stage/tree/told" ||
    fail "for ENGINES='$1' cmake was told: $(cat "$stage/tree/told")"
}
expect_choice "" ""
expect_choice "v8" "v8;wasmtime"
expect_choice "wasmtime" "wasmtime"
expect_choice "wavm v8" "v8;wasmtime;wavm"
rm -r "$("$stage/tree/scripts/setup/engines/v8.sh" --prefix)"
if told=$(ENGINES=v8 "$stage/tree/scripts/build.sh" release 2>&1); then
  fail "an engine that is named and not there is passed over"
fi
[[ $told == *"run \`make engine-v8\`"* ]] || fail "what is said of an engine that is not there: $told"
unset XDG_CACHE_HOME
PATH=${PATH#*:}

# CMake makes adapters of these alone, and removes others and what came with them.
adapters=$stage/out/lib/weir/engines
mkdir -p "$adapters/wasmedge"
touch "$adapters"/{weir-engine-{wasmtime,v8,wasmedge}.so,libnode.so.108,wasmedge/ld.so}
cmake -G Ninja -S "$source" -B "$stage/build" -DWEIR_BUILD_TESTS=OFF -DWEIR_CEL=OFF "-DWEIR_OUTPUT_DIR=$stage/out" \
  -DWEIR_ENGINES=wasmtime > "$stage/told" || fail "$(cat "$stage/told")"
made=$(ninja -C "$stage/build" -t targets all | grep -oE '^weir-engine-[a-z0-9-]+' | sort -u)
[ "$made" = weir-engine-wasmtime ] || fail "adapters of one engine: $made"
left=$(ls "$adapters")
[ -z "$left" ] || fail "left in the folder of adapters: $left"
