#!/usr/bin/env bash
# Builds the control plane of the tests of libweir-envoy.so (tests/planes/control_plane) into the
# cache.
#   control_plane.sh            makes the prefix if it is absent (about a minute)
#   control_plane.sh --prefix   prints where the prefix is or would be; the program is
#                               bin/control_plane in it
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=$repo_root/tests/planes/control_plane
prefix=$(keyed_prefix control_plane "${BASH_SOURCE[0]}" "$program"/go.mod "$program"/go.sum "$program"/*.go)

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1
  say "building the control plane"
  mkdir -p "$out/bin"
  (cd "$program" && CGO_ENABLED=0 GOFLAGS=-mod=readonly nice go build -o "$out/bin/control_plane" .)
}

install_prefix "$prefix" build
say "the control plane is ready"
