#!/usr/bin/env bash
# Makes a Debian package of weir-ats.so and the engines' adapters, for the folder of plugins of Debian's
# trafficserver. It names in its dependencies what the files are linked to.
# usage: ats_deb.sh [LIB [FOLDER]]   after `make build`; writes FOLDER/weir-ats_VERSION_ARCH.deb
# LIB is where weir-ats.so and the folder `weir` are, build/lib if not told; FOLDER is build.
# WEIR_DEB_COMPRESSION is what dpkg-deb knows as -Z, gzip if unset.
source "$(dirname "${BASH_SOURCE[0]}")/setup/lib.sh"

lib=$(realpath "${1:-$repo_root/build/lib}")
folder=$(realpath "${2:-$repo_root/build}")
cd "$repo_root"
version=$(sed -n 's/^project(weir VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
arch=$(dpkg --print-architecture)
stage=$folder/ats-deb
modules=$stage/root/usr/lib/trafficserver/modules
doc=$stage/root/usr/share/doc/weir-ats

for file in weir-ats.so weir/weir-ats-core.so; do
  [ -f "$lib/$file" ] || die "$lib/$file is not there: run make build"
done
rm -rf "$stage"
mkdir -p "$modules/weir/engines" "$doc" "$stage/debian" "$stage/root/DEBIAN"
# What the server loads, and what that loads.
install -m 644 "$lib/weir-ats.so" "$modules/"
install -m 644 "$lib/weir/weir-ats-core.so" "$modules/weir/"
# All engines, with the libraries that come with them, but those that come with a C library of their own: a stock
# server does not start by it.
for file in "$lib"/weir/engines/*.so "$lib"/weir/engines/*.so.*; do
  [ -e "$file" ] || continue
  name=$(basename "$file" .so)
  name=${name#weir-engine-}
  if [ -e "$lib/weir/engines/${name%%-*}/ld.so" ]; then
    say "left out: engine $name, which has a C library of its own"
  else
    install -m 644 "$file" "$modules/weir/engines/"
  fi
done
ls "$modules"/weir/engines/weir-engine-*.so > /dev/null 2>&1 || die "$lib/weir/engines has no engine that may come along"
# Names for debuggers stay with the build.
strip --strip-unneeded "$modules/weir-ats.so" "$modules/weir/weir-ats-core.so" "$modules"/weir/engines/weir-engine-*.so
# With the pages that they point to.
mkdir "$doc/adr"
install -m 644 docs/*.md CHANGELOG.md "$doc/"
install -m 644 docs/adr/*.md "$doc/adr/"
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
Installed-Size: $(du -sk "$stage/root/usr" | cut -f 1)
Priority: optional
Depends: trafficserver (>= 9.2), trafficserver (<< 10), $depends
Description: Proxy-Wasm plugins in Apache Traffic Server
 A plugin for a stock Traffic Server that runs Proxy-Wasm plugins, WebAssembly modules that read and
 change HTTP traffic, on any of Weir's engines and within limits.
EOF
(cd "$stage/root" && find usr -type f -print0 | sort -z | xargs -0 md5sum > DEBIAN/md5sums)
package=$folder/weir-ats_${version}_$arch.deb
dpkg-deb --root-owner-group "-Z${WEIR_DEB_COMPRESSION:-gzip}" --build "$stage/root" "$package" > /dev/null
say "made $package"
