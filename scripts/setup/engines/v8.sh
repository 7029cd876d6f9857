#!/usr/bin/env bash
# Unpacks V8 10.2 into the cache: the library and headers of Debian 12's Node.js 18, and the shared
# libraries it needs that Weir has no other use for. Nothing is installed, and no node is run.
#   v8.sh            makes the prefix if it is absent
#   v8.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

version=10.2
packages=(libnode108 libnode-dev libc-ares2 libbrotli1 libicu72 libuv1)
# The adapter's folder holds these by the names that the loader asks for.
libraries=(
  libnode.so.108 libcares.so.2 libbrotlicommon.so.1 libbrotlidec.so.1 libbrotlienc.so.1
  libicudata.so.72 libicui18n.so.72 libicuuc.so.72 libuv.so.1
)
prefix=$(keyed_prefix "v8-$version" "${BASH_SOURCE[0]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1 library file
  say "fetching the packages of Node.js with V8 $version"
  unpack_suite bookworm/only "$PWD/root" "${packages[@]}"
  for library in "${libraries[@]}"; do
    file=$(echo root/usr/lib/*-linux-gnu/"$library")
    [ -f "$file" ] || die "the packages of Debian 12 hold no $library"
    install -D -m 644 "$file" "$out/lib/$library"
  done
  mkdir "$out/include"
  cp -R root/usr/include/node/{v8*.h,cppgc,libplatform} "$out/include"
  [ -f "$out/include/v8-wasm.h" ] || die "libnode-dev holds no headers of V8"
}

install_prefix "$prefix" build
say "V8 $version is ready"
