#!/usr/bin/env bash
# Runs each fuzz target of build/fuzz for a bounded time, from the seeds in tests/fuzz/seeds/TARGET.
# usage: fuzz.sh [SECONDS [TARGET...]]   Default: 15 seconds each, all targets.
# What a target finds new stays in the cache; an input that breaks it is left in build/fuzz/crashes.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
seconds=${1:-15}
shift $(($# > 0 ? 1 : 0))
targets=("$@")
if [ $# = 0 ]; then
  mapfile -t targets < <(find build/asan-ubsan/bin -maxdepth 1 -type f -name '*_fuzz' -printf '%f\n' | sort)
fi
[ ${#targets[@]} -gt 0 ] || die "build/asan-ubsan/bin holds no fuzz target: run scripts/build.sh asan-ubsan fuzzers"

fuzz() {
  local target=$1 corpus=$weir_cache/corpus/$1 log=build/fuzz/$1.log
  local folders=("$corpus")
  mkdir -p "$corpus"
  [ ! -d "tests/fuzz/seeds/$target" ] || folders+=("tests/fuzz/seeds/$target")
  if ! "build/asan-ubsan/bin/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="build/fuzz/crashes/$target-" "${folders[@]}" > "$log" 2>&1; then
    tail -n 60 "$log" >&2
    die "$target failed: see $log and build/fuzz/crashes"
  fi
  say "$target: $(grep -a '^Done' "$log")"
}

mkdir -p build/fuzz/crashes
say "fuzzing ${#targets[@]} targets for $seconds seconds each"
pids=()
failed=0
for target in "${targets[@]}"; do
  if [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; then
    wait -n || true  # Each one's result is taken below.
  fi
  fuzz "$target" &
  pids+=($!)
done
for pid in "${pids[@]}"; do
  wait "$pid" || failed=1
done
exit $failed
