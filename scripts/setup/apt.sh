#!/usr/bin/env bash
# Installs the Debian packages that Weir needs, by section:
#   build    to compile, install and run Weir
#   test     to build and run all tests, benchmarks, sanitizers, fuzz targets and checks
#   guests   to compile the guest plugins (C++ and Rust)
#   bench    to compare with real servers
#   wasmedge to use the system's WasmEdge, where it has one
# usage: apt.sh SECTION...   Silent and without network if nothing is missing.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

build=(
  ca-certificates ccache cmake curl dpkg-dev g++ git make ninja-build pkg-config python3
  libarchive-dev libboost1.81-dev libcli11-dev libcurl4-openssl-dev libnghttp2-dev libprotobuf-dev libprotoc-dev
  libre2-dev libspdlog-dev libssl-dev libyaml-cpp-dev nlohmann-json3-dev protobuf-compiler
  trafficserver-dev zlib1g-dev
)
test=(
  libabsl-dev libbenchmark-dev libgmock-dev libgrpc++-dev libgtest-dev protobuf-compiler-grpc
  clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev lld-14
  chromium-headless-shell docker-registry nghttp2-client nginx-light openssl python3-h2 python3-websockets python3-yaml
  systemd trafficserver wabt
)
guests=(
  clang-14 lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32
  cargo-web rust-web-src rustc-web
)
bench=(nghttp2-client nginx-light wrk)
wasmedge=(libwasmedge-dev)

[ $# -gt 0 ] || die "name at least one section: build, test, guests, bench, wasmedge"
wanted=()
for section in "$@"; do
  case $section in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    guests) wanted+=("${guests[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    wasmedge) wanted+=("${wasmedge[@]}") ;;
    *) die "'$section' is no section: build, test, guests, bench, wasmedge" ;;
  esac
done

# A package counts by what is installed; a program that the machine has from elsewhere is as good.
missing() {
  local installed package
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
  for package in "$@"; do
    case $package in
      cmake | g++ | git | make | python3) command -v "$package" > /dev/null && continue ;;
      ninja-build) command -v ninja > /dev/null && continue ;;
    esac
    grep -qxF "$package" <<< "$installed" || echo "$package"
  done
}

mapfile -t absent < <(missing "${wanted[@]}" | sort -u)
[ ${#absent[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo > /dev/null || die "needs root or sudo to install: ${absent[*]}"
  as_root=(sudo)
fi
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq)

say "installing ${absent[*]}"
"${apt[@]}" update
"${apt[@]}" install --yes --no-install-recommends "${absent[@]}" > /dev/null
say "packages are ready"
