"""scripts/guests.sh: where toolchains are missing it says what it leaves out, save in CI; in an empty cache it compiles."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from peers.case import leave_out

ROOT = pathlib.Path(__file__).parents[2]
TOOLS = "bash dirname basename readlink find sort xargs sha256sum cut mkdir rm cp mv cmp".split()


class GuestsTest(unittest.TestCase):
    """In a tree of links, where nothing can be installed, with a compiler that writes empty files."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-guests-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("examples", "tests", "sdk", "src"):
            (self.folder / name).symlink_to(ROOT / name)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))
        setup = self.folder / "scripts" / "setup"
        setup.mkdir(parents=True)
        shutil.copy(ROOT / "scripts" / "guests.sh", setup.parent)
        for name in ("lib.sh", "rust-guest.sh"):
            shutil.copy(ROOT / "scripts" / "setup" / name, setup)
        for name in ("apt.sh", "zig.sh"):
            self.write(setup / name, "exit 1")
        self.write(self.bin / "compiler", 'while [ "$1" != -o ]; do shift; done\n: > "$2"')

    def write(self, file, text):
        file.write_text(f"#!{shutil.which('bash')}\n{text}\n")
        file.chmod(0o755)

    def make(self, *names, **environment):
        own = {"PATH": str(self.bin), "HOME": str(self.folder), "WEIR_CXX": "compiler"}
        done = subprocess.run(
            [self.folder / "scripts" / "guests.sh", *names],
            env={**own, **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stderr

    def test_all_others_are_compiled_and_the_missing_are_named(self):
        stale = self.folder / "build" / "guests" / "header-edit-go.wasm"
        stale.parent.mkdir(parents=True)
        stale.touch()
        code, told = self.make()
        self.assertEqual(code, 0, told)
        skipped = told.splitlines()[-1]
        self.assertIn("SKIPPED, with the tests that need them", skipped)
        for name in ("http_all", "cpp_http", "go_http", "as_http", "header-edit-zig"):
            self.assertIn(f" {name} ", f"{skipped} ")
        self.assertFalse(stale.exists())
        self.assertTrue((stale.parent / "cpp_sdk" / "tcp_all.so").exists(), told)
        self.assertNotIn("tcp_all.so", skipped)

    def test_what_is_kept_is_compiled_again_on_wish(self):
        for compiled, environment in [("1", {}), ("0", {}), ("1", {"FRESH": "1"}), ("0", {"FRESH": "0"})]:
            code, told = self.make("cpp_sdk/tcp_all.so", **environment)
            self.assertEqual(code, 0, told)
            self.assertIn(f"1 guests in build/guests: {compiled} compiled now", told)

    def test_in_ci_it_is_an_error(self):
        code, told = self.make(CI="true")
        self.assertEqual(code, 1, told)
        self.assertIn("error: http_all: its toolchain is missing", told)

    def test_so_it_is_where_the_guest_is_asked_for(self):
        code, told = self.make("header-edit-go")
        self.assertEqual(code, 1, told)
        self.assertIn("go is not there", told)


# The smallest of each language.
SMALL = {
    "C++": "cpp_http",
    "C++, native": "cpp_sdk/low_level.so",
    "Rust": "header-edit-rust",
    "Go": "header-edit-go",
    "AssemblyScript": "header-edit-assemblyscript",
    "Zig": "header-edit-zig",
}


class EmptyCacheTest(unittest.TestCase):
    """In a tree of links again, with the machine's toolchains and a cache that has those, and no guest."""

    def test_a_guest_of_each_language_is_compiled_from_nothing(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-guests-")
        self.addCleanup(folder.cleanup)
        tree, cache = pathlib.Path(folder.name), pathlib.Path(folder.name) / "cache" / "weir"
        for name in ("examples", "tests", "sdk", "src", "scripts"):
            (tree / name).symlink_to(ROOT / name)
        cache.mkdir(parents=True)
        kept = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
        for pattern in ("rust-*", "zig-*"):
            for toolchain in (kept / "weir").glob(pattern):
                (cache / toolchain.name).symlink_to(toolchain)
        there = [name for name in SMALL.values() if self.has_been_made(name)]
        # Go's own cache has its standard library.
        environment = {"GOCACHE": str(kept / "go-build"), **os.environ, "XDG_CACHE_HOME": str(cache.parent)}
        done = subprocess.run(
            [tree / "scripts" / "guests.sh", *there],
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"{len(there)} guests in build/guests: {len(there)} compiled now", done.stderr)
        for language, name in SMALL.items():
            if name not in there:
                continue
            self.assertIn(f": {language}, 1 guests: {name} (", done.stderr)
            file = tree / "build" / "guests" / (name if name.endswith(".so") else f"{name}.wasm")
            start = b"\x7fELF" if name.endswith(".so") else b"\0asm\1\0\0\0"
            self.assertEqual(file.read_bytes()[: len(start)], start, name)
        missing = [name for name in SMALL.values() if name not in there]
        if missing:
            leave_out(f"{', '.join(missing)} is missing: run `make guests`")

    def has_been_made(self, name):
        """Whether its toolchain is there."""
        file = ROOT / "build" / "guests" / (name if name.endswith(".so") else f"{name}.wasm")
        return file.exists()


if __name__ == "__main__":
    unittest.main()
