#!/usr/bin/env bash
# Installs WasmEdge's C API into the cache, from Debian's packages. Where the system's own suite has
# none, Debian trixie's are unpacked, with all libraries that they use: lib/ then holds a C library
# newer than the system's too, and its loader, lib/ld.so, must start a process that is to run WasmEdge.
#   wasmedge.sh            makes the prefix if it is absent
#   wasmedge.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

version=0.14.1
suite=trixie
prefix=$(keyed_prefix "wasmedge-$version" "${BASH_SOURCE[0]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

# The system's own WasmEdge: the prefix points to it.
build_from_system() {
  local out=$1
  say "installing the system's WasmEdge"
  "$repo_root/scripts/setup/apt.sh" wasmedge
  ln -s /usr/include "$out/include"
}

# The libraries of the package of which `archive` is the file.
libraries_of() {
  dpkg-deb --contents "$1" | sed -nE 's,.* \./(usr/lib/[^ ]*/lib[^ /]*\.so\.[0-9]+|usr/lib/[^ ]*/ld-linux[^ /]*)( -> .*)?$,\1,p'
}

build_from_packages() {
  local out=$1 folder loader file
  say "fetching WasmEdge $version and what it uses from Debian $suite"
  unpack_suite "$suite" root libwasmedge0 libwasmedge-dev
  folder=root/usr/lib/$(gcc -print-multiarch)
  mkdir -p "$out/include" "$out/lib"
  cp -r root/usr/include/wasmedge "$out/include/"

  # The C library is one whole, also where WasmEdge uses a part of it only.
  for file in $(libraries_of "apt-$suite"/cache/archives/libc6_*.deb); do
    cp -L "root/$file" "$out/lib/"
  done
  loader=$out/lib/ld.so
  mv "$out"/lib/ld-linux* "$loader" || die "libc6 of Debian $suite has no loader"
  for file in $("$loader" --library-path "$folder" --list "$folder/libwasmedge.so.0" |
    sed -nE "s,.*=> ($folder/[^ ]*) .*,\1,p"); do
    cp -L "$file" "$out/lib/"
  done
  cp -L "$folder/libwasmedge.so.0" "$out/lib/"
}

build() {
  local out=$1
  if apt-cache show libwasmedge-dev 2>/dev/null | grep -q "^Version: $version"; then
    build_from_system "$out"
  else
    build_from_packages "$out"
  fi
  grep -q "WASMEDGE_VERSION \"$version\"" "$out/include/wasmedge/version.h" ||
    die "this is not WasmEdge $version: $(grep 'WASMEDGE_VERSION ' "$out/include/wasmedge/version.h")"
}

install_prefix "$prefix" build
say "WasmEdge $version is ready"
