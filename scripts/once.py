#!/usr/bin/env python3
"""Runs a test unless it has passed before and nothing that it depends on has changed since.

usage: once.py --root ROOT [--input PATH]... [--but SUFFIX]... -- COMMAND...

It depends on the command, on the contents of files that the command names, on those of all files at or below the
inputs, save such as end in a SUFFIX, on what the environment says to tests, and on the machine's packages. Paths below
ROOT, the tree's root, count as relative to it: a clone elsewhere that builds the same has passed too. What a pass left
in the file that GTEST_OUTPUT names is kept with it and put there again.
A pass is kept in the cache, beside the engines, unless the test has left something out. FRESH=1 runs the test all the
same.
"""

import argparse
import ctypes
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "weir/passed"
DIGESTS = CACHE / "digests.json"
PACKAGES = pathlib.Path("/var/lib/dpkg/status")
ENVIRONMENT = re.compile(r"^(WEIR_|GTEST_|[ATU]SAN_|UBSAN_|ENGINES$)")
LEFT_OUT = re.compile(rb"^OK \(.*skipped=")
KEPT_DAYS = 30
PR_SET_PDEATHSIG = 1


class Digests:
    """Digests of files' contents, remembered by what the file system says of the files."""

    def __init__(self):
        try:
            self.known = json.loads(DIGESTS.read_text())
        except (OSError, ValueError):
            self.known = {}
        self.is_changed = False

    def of(self, path):
        found = path.stat()
        state = [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]
        known = self.known.get(str(path))
        if known is None or known[0] != state:
            known = [state, hashlib.sha256(path.read_bytes()).hexdigest()]
            self.known[str(path)] = known
            self.is_changed = True
        return known[1]

    def keep(self):
        """Tests that run at once may lose each other's digests, which are computed anew then."""
        if self.is_changed:
            CACHE.mkdir(parents=True, exist_ok=True)
            known = {path: entry for path, entry in self.known.items() if os.path.exists(path)}
            with tempfile.NamedTemporaryFile("w", dir=CACHE, delete=False) as file:
                json.dump(known, file)
            os.replace(file.name, DIGESTS)


def files_of(paths):
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*")
                              if file.is_file() and "__pycache__" not in file.parts)
        elif path.is_file():
            yield path


def key_of(options, digests):
    root = str(options.root.resolve())

    def relative(text):
        return str(text).replace(root, "")

    key = hashlib.sha256()
    for word in options.command:
        key.update(f"{relative(word)}\0".encode())
    for name, value in sorted(os.environ.items()):
        if ENVIRONMENT.match(name):
            key.update(f"{name}={relative(value)}\0".encode())
    named = [path for path in map(pathlib.Path, options.command) if path.is_file()]
    for path in files_of([PACKAGES, *named, *options.input]):
        if path in named or not path.name.endswith(tuple(options.but)):
            key.update(f"{relative(path)}\0{digests.of(path)}\0".encode())
    return key.hexdigest()


def results_file():
    kind, _, path = os.environ.get("GTEST_OUTPUT", "").partition(":")
    return pathlib.Path(path) if kind == "xml" and path else None


def run(command):
    """Its exit code, and whether it has left something out. What it prints passes on as it comes."""
    # Whoever ends this program for its time ends the test too.
    def end_with_parent():
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    left_out = False
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=end_with_parent) as test:
        for line in test.stdout:
            left_out = left_out or LEFT_OUT.match(line) is not None
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    code = test.returncode
    return (code if code >= 0 else 128 - code), left_out


def forget_old():
    before = time.time() - KEPT_DAYS * 24 * 3600
    for path in CACHE.iterdir():
        if path != DIGESTS and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--root", type=pathlib.Path, required=True)
    parser.add_argument("--input", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--but", action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    digests = Digests()
    key = key_of(options, digests)
    digests.keep()
    passed = CACHE / key
    results = results_file()
    if passed.exists() and os.environ.get("FRESH", "0") in ("", "0"):
        passed.touch()
        if results and passed.stat().st_size > 0:
            results.parent.mkdir(parents=True, exist_ok=True)
            results.write_bytes(passed.read_bytes())
        print("passed before, and nothing has changed since; FRESH=1 runs it again")
        return 0
    code, left_out = run(options.command)
    # A build or an edit beside the test: what has passed is neither the old nor the new.
    if code == 0 and not left_out and key_of(options, Digests()) == key:
        CACHE.mkdir(parents=True, exist_ok=True)
        content = results.read_bytes() if results and results.exists() else b""
        with tempfile.NamedTemporaryFile(dir=CACHE, delete=False) as file:
            file.write(content)
        os.replace(file.name, passed)
        forget_old()
    return code


if __name__ == "__main__":
    sys.exit(main())
