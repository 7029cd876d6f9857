#!/usr/bin/env bash
# Makes a plugin of each language by `weir new`, compiles it as its Makefile says, and sees that it loads.
# usage: check_templates.sh WEIR [LANGUAGE...]   WEIR is the program.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

weir=$(realpath "${1:?usage: check_templates.sh WEIR [LANGUAGE...]}")
shift
languages=("$@")
[ $# -gt 0 ] || languages=(cpp rust go assemblyscript)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

"$repo_root/scripts/setup/apt.sh" guests
for language in "${languages[@]}"; do
  say "a plugin in $language"
  arguments=()
  if [ "$language" = rust ]; then
    "$repo_root/scripts/setup/rust-guest.sh" wasm32-wasip1
    sysroot=$("$repo_root/scripts/setup/rust-guest.sh" --prefix wasm32-wasip1)
    arguments=(CARGO=/usr/bin/cargo RUSTC=/usr/bin/rustc LINKER=wasm-ld-14 "SYSROOT=$sysroot")
  fi
  "$weir" new "$language" "my-$language" > /dev/null
  make --silent --no-print-directory -C "my-$language" "${arguments[@]}"
  told=$("$weir" inspect "my-$language/my-$language.wasm" --engine wasmtime --config hello)
  grep -q '^  loads  *yes$' <<< "$told" || die "the plugin in $language does not load: $told"
  # Without its configuration it is to say so.
  told=$("$weir" inspect "my-$language/my-$language.wasm" --engine wasmtime)
  grep -q 'the configuration is the value of the header' <<< "$told" ||
    die "the plugin in $language does not miss its configuration: $told"
done
say "${#languages[@]} templates build and load"
