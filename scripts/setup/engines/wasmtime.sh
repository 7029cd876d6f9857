#!/usr/bin/env bash
# Installs Wasmtime's C API into the cache: the library from the wheel of its Python binding, the
# headers from the crate of the same version.
#   wasmtime.sh            makes the prefix if it is absent
#   wasmtime.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

version=50.0.1
# What pip may install: the wheels for x86_64 and aarch64.
wheels="wasmtime==$version \
--hash=sha256:cc14c3a17654e0394e0225b11813532ef0cd7bd1e222a0c5494cdedaabeddac4 \
--hash=sha256:675484e525c028dc02762b777f1db4477ea70caa3fec6775426daff4d64edfb1"
prefix=$(keyed_prefix "wasmtime-$version" "${BASH_SOURCE[0]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 library crate
  say "fetching the library, Wasmtime $version"
  fetch_wheel "$wheels" wheel
  library=wheel/wasmtime/linux-$(uname -m)/_libwasmtime.so
  [ -f "$library" ] || die "the wheel of Wasmtime $version has no library for $(uname -m)"
  install -D -m 755 "$library" "$out/lib/libwasmtime.so"

  say "fetching the headers"
  crate=$(fetch_crate wasmtime-c-api-impl "$version")
  (cd "$crate" && cmake "-DCMAKE_INSTALL_PREFIX=$out" -P cmake/install-headers.cmake > /dev/null)
  [ -f "$out/include/wasmtime/conf.h" ] || die "the crate of Wasmtime $version installed no headers"
}

install_prefix "$prefix" build
say "Wasmtime $version is ready"
