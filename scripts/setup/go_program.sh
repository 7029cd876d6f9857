#!/usr/bin/env bash
# Builds a Go program of the tests, a folder of tests/planes, into the cache.
#   go_program.sh NAME            makes the prefix if it is absent (about a minute)
#   go_program.sh NAME --prefix   prints where the prefix is or would be; the program is bin/NAME in it
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

name=${1:?NAME}
program=$repo_root/tests/planes/$name
prefix=$(keyed_prefix "$name" "${BASH_SOURCE[0]}" "$program"/go.mod "$program"/go.sum "$program"/*.go)

if [ "${2:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1
  say "building $name"
  mkdir -p "$out/bin"
  (cd "$program" && CGO_ENABLED=0 GOFLAGS=-mod=readonly nice go build -o "$out/bin/$name" .)
}

install_prefix "$prefix" build
say "$name is ready"
