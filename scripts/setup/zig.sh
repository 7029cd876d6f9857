#!/usr/bin/env bash
# Installs Zig into the cache, from the wheel that PyPI has of it.
#   zig.sh            installs it if it is absent
#   zig.sh --prefix   prints where it is or would be; the compiler is PREFIX/ziglang/zig
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The wheels of both architectures that Weir is built on.
x86_64=--hash=sha256:6eb9d4d759b292c83810dbee2e9e8e3fbfbf01d864e6e9811bae711fd74e1c2f
aarch64=--hash=sha256:7994b27f3cbfcedea43f9b7552e38b45857bdf0e9a45065474092dd74e7048cf
prefix=$(keyed_prefix zig "${BASH_SOURCE[0]}")
if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  say "fetching Zig"
  fetch_wheel "ziglang==0.14.1 $x86_64 $aarch64" "$1"
  chmod +x "$1/ziglang/zig"
}

install_prefix "$prefix" build
say "Zig is ready"
