#!/usr/bin/env bash
# Builds WAMR's fast interpreter into the cache, as a static library, from the sources that a crate
# bundles.
#   wamr.sh            makes the prefix if it is absent (about a minute)
#   wamr.sh --prefix   prints where the prefix is or would be
source "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
source "$repo_root/scripts/setup/wamr_source.sh"

prefix=$(keyed_prefix "wamr-$wamr_version" "${BASH_SOURCE[0]}" "${wamr_recipe[@]}")

if [ "${1:-}" = --prefix ]; then
  echo "$prefix"
  exit
fi

# A function that the host has called may end by a tail call of an import. What the import gives back
# is the host's then: there is no function of the guest to go on in.
return_from_imports_to_the_host() {
  amend "$1/core/iwasm/interpreter/wasm_interp_fast.c" \
    '/^    call_func_from_entry:/,/^ *RECOVER_CONTEXT/s/^ *RECOVER_CONTEXT(prev_frame);/\
                if (!prev_frame->ip)\
                    return;\
&/'
}

build() {
  local out=$1
  say "fetching WAMR $wamr_version"
  fetch_wamr source
  return_from_imports_to_the_host source
  say "building the interpreter"
  # Its SIMD would need a library that no package holds.
  build_wamr source "$out" -DWAMR_BUILD_FAST_INTERP=1 -DWAMR_BUILD_AOT=0 -DWAMR_BUILD_SIMD=0
}

command -v cargo > /dev/null || die "cargo is missing: it fetches the sources"
install_prefix "$prefix" build
say "WAMR $wamr_version is ready"
