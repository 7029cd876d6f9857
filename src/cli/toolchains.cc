#include "cli/toolchains.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace weir::cli {
namespace {

constexpr Toolchain kToolchains[] = {
    {"cpp", "clang++-14", "", "",
     "clang 14 with libc++ for wasm; on Debian 12: apt-get install --no-install-recommends "
     "clang-14 "
     "lld-14 wasi-libc libc++-14-dev-wasm32 libc++abi-14-dev-wasm32 libclang-rt-14-dev-wasm32"},
    {"rust", "cargo", "test -d \"$(rustc --print target-libdir --target wasm32-wasip1)\"",
     "standard library for wasm32-wasip1",
     "cargo, and the standard library for wasm32-wasip1: with rustup (rustup.rs) by rustup target "
     "add wasm32-wasip1; how to do without rustup stands in docs/toolchains.md of Weir"},
    {"go", "go", "", "",
     "Go 1.24 or newer, which is newer than the one of Debian 12: go.dev/dl has it"},
    {"assemblyscript", "npm", "", "",
     "Node 20 or newer with npm, which is newer than the one of Debian 12: nodejs.org has it"},
    {"zig", "python3", "python3 -m ziglang version", "module 'ziglang' of python3",
     "Zig 0.14, the whole of which is a package of Python: python3 -m venv .zig && .zig/bin/pip "
     "install ziglang==0.14.1, then make ZIG=\".zig/bin/python -m ziglang\""},
};

}  // namespace

const Toolchain& toolchain_of(std::string_view language) {
  const auto* found = std::ranges::find(kToolchains, language, &Toolchain::language);
  WEIR_CHECK(found != std::end(kToolchains));
  return *found;
}

}  // namespace weir::cli
