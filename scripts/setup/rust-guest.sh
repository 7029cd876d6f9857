#!/usr/bin/env bash
# Builds Rust's standard library for a wasm target into a private sysroot in the cache, from
# Debian's compiler and its matching source: no wasm target needs to be installed, and rustup's
# toolchain stays as it is.
#   rust-guest.sh TARGET            makes the sysroot if it is absent (about a minute)
#   rust-guest.sh --prefix TARGET   prints where the sysroot is or would be
# TARGET is wasm32-wasip1 or wasm32-unknown-unknown.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

print_only=
if [ "${1:-}" = --prefix ]; then
  print_only=yes
  shift
fi
target=${1:?usage: rust-guest.sh [--prefix] TARGET}
[ -x /usr/bin/rustc ] || die "/usr/bin/rustc is missing: run scripts/setup/apt.sh guests"
prefix=$(keyed_prefix "rust-$target" "${BASH_SOURCE[0]}" "$(/usr/bin/rustc --version)")

if [ -n "$print_only" ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 lib
  lib=$out/lib/rustlib/$target/lib
  say "building Rust's standard library for $target"
  mkdir -p std/src
  touch std/src/lib.rs
  cat > std/Cargo.toml <<TOML
[package]
name = "std-for-guests"
version = "0.0.0"
edition = "2021"
[workspace]
TOML
  (cd std && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes \
    nice /usr/bin/cargo build --quiet --release --target "$target" --target-dir target \
    -Zbuild-std=std,panic_abort,panic_unwind)
  mkdir -p "$lib"
  cp "std/target/$target"/release/deps/*.rlib "$lib"
  rm "$lib"/libstd_for_guests-*.rlib
  if [ "$target" = wasm32-wasip1 ]; then
    mkdir "$lib/self-contained"
    cp /usr/lib/wasm32-wasi/{libc.a,crt1-command.o,crt1-reactor.o} "$lib/self-contained"
  fi
}

install_prefix "$prefix" build
say "Rust's standard library for $target is ready"
