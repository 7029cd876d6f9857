#!/usr/bin/env bash
# Builds and runs the benchmarks. Meaningful on an idle machine only.
# usage: bench.sh [NAME... [-- OPTION...]]   Default: all of bench/.
# A NAME is a program of Google Benchmark (engine_bench), or end_to_end, envoy_plane or envoy_memory,
# which compare with Envoy, serve_beside, which compares with Envoy and nginx, or ats_plane, which compares
# with Traffic Server as it is.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
names=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  names+=("$1")
  shift
done
[ $# = 0 ] || shift

scripts/build.sh release-tests
if [ ${#names[@]} = 0 ]; then
  mapfile -t names < <(find build/release/bench -maxdepth 1 -name '*_bench' -printf '%f\n' | sort)
  names+=(end_to_end serve_beside envoy_plane envoy_memory ats_plane)
fi
export WEIR_ENGINE_PATH=$repo_root/build/lib/weir/engines
for name in "${names[@]}"; do
  say "running $name"
  if [ "$name" = end_to_end ]; then
    scripts/setup/apt.sh bench
    scripts/guests.sh header-edit-rust
    bench/end_to_end.py "$@"
  elif [ "$name" = serve_beside ]; then
    scripts/setup/apt.sh bench
    scripts/guests.sh header-edit-rust
    bench/serve_beside.py "$@"
  elif [ "$name" = engines_bench ]; then
    # All engines in one process, by the loader that one of them may need.
    loader=$(find "$WEIR_ENGINE_PATH" -path '*/ld.so' | head -1)
    ${loader:+"$loader" --library-path "$(dirname "$loader")"} "build/release/bench/$name" "$@"
  elif [ "$name" = envoy_plane ]; then
    bench/envoy_plane.py "$@"
  elif [ "$name" = envoy_memory ]; then
    scripts/guests.sh header-edit-rust
    bench/envoy_memory.py "$@"
  elif [ "$name" = ats_plane ]; then
    bench/ats_plane.py "$@"
  else
    "build/release/bench/$name" "$@"
  fi
done
