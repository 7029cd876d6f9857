#!/usr/bin/env bash
# Runs all tests and checks, and tells what each step took. A failed step does not hide the rest;
# the last line names what failed.
# Left out on wish, by the environment: SANITIZERS=0, THREADS=0, FUZZ=0, LINT=0, TIDY=0. What is left
# out is named in the summary.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
scripts=$repo_root/scripts
summary=()
failed=()
second_tries=()

# step TITLE COMMAND...: runs the command under a heading.
step() {
  local title=$1 began=$SECONDS result=passed
  shift
  second_tries=()
  printf '\n==== %s\n' "$title"
  if ! "$@"; then
    result=FAILED
    failed+=("$title")
  fi
  summary+=("$(printf '%-32s %s, %d s' "$title" "$result" $((SECONDS - began)))")
  [ ${#second_tries[@]} = 0 ] || summary[-1]+="; at the second try: ${second_tries[*]}"
  printf '==== %s\n' "${summary[-1]}"
}

left_out() {
  summary+=("$(printf '%-32s LEFT OUT' "$1")")
}

dependencies() {
  "$scripts/setup/apt.sh" build test guests && make --no-print-directory deps engines &&
    "$scripts/setup/envoy.sh" && "$scripts/setup/envoy.sh" previous && "$scripts/setup/generated_modules.sh" &&
    "$scripts/setup/go_program.sh" control_plane && "$scripts/setup/go_program.sh" go_peers &&
    "$scripts/setup/envoy-api.sh"
}

layers() {
  "$scripts/check_includes.py" --self-test && "$scripts/check_includes.py"
}

# tests PRESET [CTEST_OPTION...]: runs its tests. One that fails has a second try, alone: what a busy machine alone has
# broken passes then, and the summary names it.
tests() {
  local preset=$1 log=build/${1%-tests}/Testing/Temporary/LastTestsFailed.log
  rm -f "$log"
  ctest --preset "$preset" --parallel "$(nproc)" "${@:2}" && return
  [ -s "$log" ] || return 1
  local first
  first=$(cut -d: -f2 "$log" | paste -sd' ')
  say "failed, and is tried again alone: $first"
  ctest --preset "$preset" --rerun-failed || return 1
  second_tries+=("$first")
}

# suite PRESET: builds a preset and runs its tests.
suite() {
  "$scripts/build.sh" "$1" && tests "$1"
}

# example TARGET: what a user of `make TARGET` sees first, on a free port: a response that a plugin has changed.
example() {
  local port log=build/example-$1.log
  port=$("$scripts/free_port.sh")
  WEIR_RUN_ONCE=1 WEIR_RUN_PORT=$port make --no-print-directory "$1" | tee "$log" &&
    grep -qx 'x-weir-plugin: header-edit' "$log"
}

# The example in both servers, and an installed tree that finds its engines.
user_commands() {
  example run && example ats &&
    make --no-print-directory install "DESTDIR=$repo_root/build/stage" PREFIX=/usr > /dev/null &&
    build/stage/usr/bin/weir engines | grep '^wasmtime .*build/stage'
}

table_of_engines() {
  "$scripts/engine_matrix.py" --self-test && "$scripts/engine_matrix.py" build/release --check
}

thread_sanitizer() {
  "$scripts/build.sh" tsan threaded_tests && tests tsan -L threads
}

fuzz() {
  "$scripts/build.sh" asan-ubsan fuzzers && "$scripts/fuzz.sh" 15
}

step "dependencies" dependencies
[ ${#failed[@]} = 0 ] || die "the dependencies cannot be installed"
step "guest plugins" "$scripts/guests.sh"
step "release" suite release-tests
step "make run, ats, install" user_commands
step "weir new" "$scripts/check_templates.sh" build/bin/weir
if [ "${SANITIZERS:-1}" != 0 ]; then
  step "address, undefined behaviour" suite asan-ubsan
else
  left_out "address, undefined behaviour"
fi
if [ "${SANITIZERS:-1}" != 0 ] && [ "${THREADS:-1}" != 0 ]; then
  step "threads" thread_sanitizer
else
  left_out "threads"
fi
if [ "${FUZZ:-1}" != 0 ]; then
  step "fuzzing" fuzz
else
  left_out "fuzzing"
fi
step "layers" layers
if [ "${LINT:-1}" != 0 ]; then
  step "format" "$scripts/format.sh" --check
  step "table of engines" table_of_engines
fi
if [ "${LINT:-1}" != 0 ] && [ "${TIDY:-1}" != 0 ]; then
  step "clang-tidy" "$scripts/tidy.py"
else
  left_out "clang-tidy"
fi

printf '\n==== Summary, %d s\n' "$SECONDS"
printf '%s\n' "${summary[@]}"
[ ${#failed[@]} = 0 ] || die "failed: $(IFS=,; echo "${failed[*]}")"
