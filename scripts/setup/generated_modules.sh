#!/usr/bin/env bash
# Makes the modules of tests/generated in the cache, by the Rust program there: the same ones at each run.
#   generated_modules.sh            makes the prefix if it is absent (about a minute)
#   generated_modules.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

count=150
crate=$repo_root/tests/generated/generator
prefix=$(keyed_prefix generated "${BASH_SOURCE[0]}" "$crate"/Cargo.toml "$crate"/Cargo.lock "$crate"/src/*.rs)

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi
command -v cargo > /dev/null || die "cargo is missing: install Rust 1.88 or newer"

build() {
  local out=$1 set
  say "building the generator of modules"
  (cd "$crate" && nice cargo build --quiet --locked --release --target-dir "$OLDPWD/target")
  for set in common more tail_calls exceptions plain_exceptions older_exceptions; do
    mkdir "$out/$set"
    target/release/weir_generator "$out/$set" "$count" "$set"
  done
}

install_prefix "$prefix" build
say "the generated modules are ready"
