#!/usr/bin/env bash
# A plugin author's way, for each language: a plugin by `weir new`, compiled by its Makefile, served, changed while it
# is served, tested, measured and looked into; with the time that each step takes.
# usage: check_templates.sh WEIR [LANGUAGE...]   WEIR is the program.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

weir=$(realpath "${1:?usage: check_templates.sh WEIR [LANGUAGE...]}")
shift
languages=("$@")
[ $# -gt 0 ] || languages=(cpp rust go assemblyscript zig)
folder=$(mktemp -d)
started=()
cleanup() {
  for process in "${started[@]}"; do kill "$process" 2> /dev/null && wait "$process" 2> /dev/null || true; done
  rm -rf "$folder"
}
trap cleanup EXIT
cd "$folder"
# Authors keep plugins in folders that are a workspace, which knows nothing of them, or takes them for its own.
echo 'go 1.24' > go.work
echo '{"name": "all", "private": true, "workspaces": ["*"]}' > package.json

# step NAME COMMAND...: runs the command in the plugin's folder, and tells how long it took.
step() {
  local name=$1 begin
  shift
  begin=$(date +%s%N)
  "$@" > "$folder/printed" 2>&1 || die "$language: $name: $(cat "$folder/printed")"
  printf '  %-8s %6d ms\n' "$name" $((($(date +%s%N) - begin) / 1000000))
}

# answers HEADER: waits until a response has this header.
answers() {
  local i
  for ((i = 0; i < 300; ++i)); do
    curl --silent --include "http://127.0.0.1:$port/" | tr -d '\r' | grep -qixF "$1" && return
    sleep 0.1
  done
  echo "no response has '$1'"
  curl --silent --include "http://127.0.0.1:$port/"
  cat "$folder/serve.log"
  return 1
}

# The variable of the plugin's Makefile that names the program that compiles.
declare -A compiler=([cpp]=WEIR_CXX [rust]=CARGO [go]=GO [assemblyscript]=NPM [zig]=ZIG)

# Where that is missing, what is printed is how to get it.
hint() {
  local told
  if told=$(make --silent --no-print-directory "${compiler[$language]}=nowhere" 2>&1); then
    echo "is made without its toolchain"
    return 1
  fi
  grep -qE ' not there.* takes' <<< "$told" || { echo "says not what is missing: $told"; return 1; }
}

serve() {
  "$weir" serve -c weir.yaml > "$folder/serve.log" 2>&1 &
  started+=($!)
  answers "x-my-$language: hello"
}

# Another header's name, in the plugin and in what its scenarios expect; `weir serve` takes it up by itself.
edit() {
  grep -rlF "x-my-$language" --include='*.cc' --include='*.rs' --include='*.go' --include='*.ts' --include='*.zig' \
    --include='scenario.yaml' --exclude-dir=node_modules --exclude-dir=target . |
    xargs sed -i "s/x-my-$language/x-edited/"
  make --silent --no-print-directory "${arguments[@]}"
  answers "x-edited: hello"
  # Neither of the two, nor the one that has ended, is to have failed.
  if grep -F '[error]' "$folder/serve.log"; then return 1; fi
}

# A file of the plugin's in a folder below: `make` is to see that it changes.
deeper() {
  case $language in
    cpp)
      mkdir lib
      echo '#define MARK "x-first"' > lib/mark.h
      sed -i '1i #include "lib/mark.h"' plugin.cc
      sed -i 's/"x-edited"/MARK/' plugin.cc
      ;;
    rust)
      mkdir src/mark
      echo 'pub const NAME: &str = "x-first";' > src/mark/mod.rs
      sed -i 's/"x-edited"/mark::NAME/' src/lib.rs
      echo 'mod mark;' >> src/lib.rs
      ;;
    go)
      mkdir mark
      printf 'package mark\n\nconst Name = "x-first"\n' > mark/mark.go
      sed -i 's/"x-edited"/mark.Name/; s|^import ($|&\n"example.com/my-go/mark"|' main.go
      ;;
    assemblyscript)
      mkdir assembly/mark
      echo 'export const NAME: string = "x-first";' > assembly/mark/name.ts
      sed -i 's/"x-edited"/NAME/; 1i import { NAME } from "./mark/name";' assembly/index.ts
      ;;
    zig)
      mkdir mark
      echo 'pub const name = "x-first";' > mark/name.zig
      sed -i 's|"x-edited"|@import("mark/name.zig").name|' plugin.zig
      ;;
  esac
  make --silent --no-print-directory "${arguments[@]}"
  answers "x-first: hello"
  grep -rlF '"x-first"' --include='mark.h' --include='mod.rs' --include='mark.go' --include='name.ts' --include='name.zig' . |
    xargs sed -i 's/x-first/x-deeper/'
  make --silent --no-print-directory "${arguments[@]}"
  answers "x-deeper: hello"
}

# Where npm cannot install, it says why.
reason() {
  local told
  cp -R . "$folder/offline"
  rm -rf "$folder/offline/node_modules"
  if told=$(make --silent --no-print-directory -C "$folder/offline" \
    NPM="npm --cache $folder/empty --registry http://127.0.0.1:9 --fetch-retries 0" 2>&1); then
    echo "is made without its packages"
    return 1
  fi
  grep -q ECONNREFUSED <<< "$told" || { echo "says not why npm fails: $told"; return 1; }
}

inspect() {
  local told
  told=$("$weir" inspect "my-$language.wasm" --engine wasmtime --config hello)
  grep -q '^  loads  *yes$' <<< "$told" || { echo "does not load: $told"; return 1; }
  # Without its configuration it is to say so.
  told=$("$weir" inspect "my-$language.wasm" --engine wasmtime)
  grep -q 'the configuration is the value of the header' <<< "$told" ||
    { echo "does not miss its configuration: $told"; return 1; }
}

# toolchain: what the language takes is there, or is installed now.
toolchain() {
  case $language in
    cpp | rust) "$repo_root/scripts/setup/apt.sh" guests ;;
    go) command -v go > /dev/null ;;
    assemblyscript) command -v npm > /dev/null ;;
    zig) "$repo_root/scripts/setup/zig.sh" ;;
  esac
}

skipped=()
upstream=$("$repo_root/scripts/free_port.sh")
python3 -m http.server --bind 127.0.0.1 "$upstream" > /dev/null 2>&1 &
started+=($!)
for language in "${languages[@]}"; do
  if ! toolchain; then
    [ "${CI:-}" != true ] || die "$language: its toolchain is missing"
    say "SKIPPED: a plugin in $language, for want of its toolchain"
    skipped+=("$language")
    continue
  fi
  say "a plugin in $language"
  arguments=()
  if [ "$language" = rust ]; then
    "$repo_root/scripts/setup/rust-guest.sh" wasm32-wasip1
    sysroot=$("$repo_root/scripts/setup/rust-guest.sh" --prefix wasm32-wasip1)
    arguments=(CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc LINKER=wasm-ld-14 "SYSROOT=$sysroot")
  fi
  if [ "$language" = zig ]; then
    arguments=("ZIG=$("$repo_root/scripts/setup/zig.sh" --prefix)/ziglang/zig")
  fi
  cd "$folder"
  step new "$weir" new "$language" "my-$language"
  cd "my-$language"
  port=$("$repo_root/scripts/free_port.sh")
  sed -i "s/port_value: 8080/port_value: $port/; s/port_value: 8000/port_value: $upstream/" weir.yaml
  step hint hint
  step build make --silent --no-print-directory "${arguments[@]}"
  step serve serve
  step edit edit
  step test "$weir" test scenario.yaml
  step bench "$weir" bench "my-$language.wasm" --config hello
  step inspect inspect
  step deeper deeper
  [ "$language" != assemblyscript ] || step reason reason
  kill "${started[-1]}" && wait "${started[-1]}" || true
  unset 'started[-1]'
done
say "$((${#languages[@]} - ${#skipped[@]})) templates are built, served, changed, tested, measured and inspected"
