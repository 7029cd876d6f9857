#!/usr/bin/env bash
# Runs everything at once for a while, and fails on what is lost or left behind: tests/planes/soak_test.py.
# usage: soak.sh   SOAK_SECONDS (600): for how long. SOAK_PRESET (asan-ubsan): of CMakePresets.json; asan-ubsan
# looks for leaks and for what is used after its end, release-tests is quicker.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
preset=${SOAK_PRESET:-asan-ubsan}
output=$repo_root/build
[[ $preset == release* ]] || output=$repo_root/build/$preset
scripts/setup/apt.sh test
scripts/guests.sh http_all http_all_malloc faults root_all tcp_all header-edit-rust
scripts/build.sh "$preset" weir weir-engine-wasmtime
say "soaking for ${SOAK_SECONDS:-600} seconds"
cd tests/planes
# Of ASAN_OPTIONS, see WEIR_ASAN_OPTIONS in cmake/weir.cmake.
ASAN_OPTIONS=${ASAN_OPTIONS:-intercept_tls_get_addr=0} WEIR_BIN=$output/bin/weir WEIR_ENGINE_PATH=$output/lib/weir/engines \
  WEIR_GUESTS=$repo_root/build/guests SOAK_SECONDS=${SOAK_SECONDS:-600} \
  /usr/bin/python3 -B -m unittest -v soak_test
