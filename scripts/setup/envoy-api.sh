#!/usr/bin/env bash
# Puts Envoy's own definitions of its configuration into the cache, for a test that compares Weir's with
# them: out of the Go module that Envoy publishes them in, whose hashes are in go.sum.
#   envoy-api.sh            makes the prefix if it is absent
#   envoy-api.sh --prefix   prints where the prefix is or would be; envoy_api.binpb in it is a
#                           FileDescriptorSet
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

program=$repo_root/tests/config/envoy_api
prefix=$(keyed_prefix envoy-api "${BASH_SOURCE[0]}" "$program/go.mod" "$program/go.sum" "$program/main.go")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

build() {
  local out=$1
  say "building Envoy's definitions"
  (cd "$program" && GOFLAGS=-mod=readonly nice go run . > "$out/envoy_api.binpb")
  [ -s "$out/envoy_api.binpb" ] || die "there are no definitions"
}

install_prefix "$prefix" build
say "Envoy's definitions are ready"
