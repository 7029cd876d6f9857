#!/usr/bin/env bash
# Builds the expression language (src/runtime/foreign/cel) into the cache, as a static library that
# shows nothing but its C interface: Rust's runtime in it cannot meet another one in the same process.
#   cel.sh            makes the prefix if it is absent (about two minutes)
#   cel.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

crate=$repo_root/src/runtime/foreign/cel
command -v cargo > /dev/null || die "cargo is missing: install Rust 1.86 or newer, or configure with -DWEIR_CEL=OFF"
prefix=$(keyed_prefix cel "${BASH_SOURCE[0]}" "$crate"/Cargo.toml "$crate"/Cargo.lock \
  "$crate"/src/*.rs "$(cd "$crate" && rustc --version)")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 symbol
  local -a roots=() kept=()
  for symbol in weir_cel_compile weir_cel_evaluate weir_cel_free; do
    roots+=(-u "$symbol")
    kept+=("--keep-global-symbol=$symbol")
  done

  say "building the expression language"
  (cd "$crate" && nice cargo build --quiet --locked --release --target-dir "$OLDPWD/target")
  ld -r --gc-sections "${roots[@]}" -o weir_cel.o target/release/libweir_cel.a
  objcopy --strip-debug "${kept[@]}" weir_cel.o
  mkdir "$out/lib"
  ar rcs "$out/lib/libweir_cel.a" weir_cel.o
}

install_prefix "$prefix" build
say "the expression language is ready"
