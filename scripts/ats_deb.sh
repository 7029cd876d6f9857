#!/usr/bin/env bash
# Makes a Debian package of weir-ats.so and the engines' adapters, for the folder of plugins of Debian's
# trafficserver. It names in its dependencies what the files are linked to.
# usage: ats_deb.sh   after `make build`; writes build/weir-ats_VERSION_ARCH.deb
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

cd "$repo_root"
version=$(sed -n 's/^project(weir VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
arch=$(dpkg --print-architecture)
stage=$repo_root/build/ats-deb
modules=$stage/root/usr/lib/trafficserver/modules
doc=$stage/root/usr/share/doc/weir-ats

[ -f build/lib/weir-ats.so ] || die "build/lib/weir-ats.so is not there: run make build"
rm -rf "$stage"
mkdir -p "$modules/weir/engines" "$doc" "$stage/debian" "$stage/root/DEBIAN"
install -m 644 build/lib/weir-ats.so "$modules/"
install -m 644 build/lib/weir/weir-ats-core.so "$modules/weir/"
# All engines, with the libraries that come with them, but those that come with a C library of their own: a stock
# server does not start by it.
for file in build/lib/weir/engines/*.so build/lib/weir/engines/*.so.*; do
  name=$(basename "$file" .so)
  name=${name#weir-engine-}
  [ -e "build/lib/weir/engines/${name%%-*}/ld.so" ] || install -m 644 "$file" "$modules/weir/engines/"
done
install -m 644 docs/traffic-server.md docs/configuration.md CHANGELOG.md "$doc/"
install -m 644 LICENSE "$doc/copyright"

# What libraries the plugin and its engines need that they do not bring.
printf 'Source: weir\n\nPackage: weir-ats\nArchitecture: any\n' > "$stage/debian/control"
depends=$(cd "$stage" && dpkg-shlibdeps -O --ignore-missing-info -l"$modules/weir/engines" \
  "$modules/weir-ats.so" "$modules/weir/weir-ats-core.so" "$modules"/weir/engines/* 2> "$stage/shlibdeps.log" |
  sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || die "dpkg-shlibdeps found nothing: see $stage/shlibdeps.log"

cat > "$stage/root/DEBIAN/control" << EOF
Package: weir-ats
Version: $version
Architecture: $arch
Maintainer: Weir <weir@localhost>
Section: web
Priority: optional
Depends: trafficserver (>= 9.2), trafficserver (<< 10), $depends
Description: Proxy-Wasm plugins in Apache Traffic Server
 A plugin for a stock Traffic Server that runs Proxy-Wasm plugins, WebAssembly modules that read and
 change HTTP traffic, on any of Weir's engines and within limits.
EOF
dpkg-deb --root-owner-group -Zgzip --build "$stage/root" "build/weir-ats_${version}_$arch.deb" > /dev/null
say "made build/weir-ats_${version}_$arch.deb"
