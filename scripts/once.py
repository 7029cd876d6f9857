#!/usr/bin/env python3
"""Runs a test unless it has passed before and no file has changed since.

usage: once.py [--input PATH]... -- COMMAND...

The files are the command's program and all at or below the inputs, told by path, size and time of
change. Passes are kept in the cache, beside the engines. FRESH=1 runs the test all the same.
"""

import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir/passed"


def files_of(paths):
    for path in paths:
        if path.is_dir():
            yield from sorted(file for file in path.rglob("*")
                              if file.is_file() and "__pycache__" not in file.parts)
        else:
            yield path


def key_of(command, inputs):
    key = hashlib.sha256("\0".join(command).encode())
    for path in files_of([pathlib.Path(command[0]), *inputs]):
        found = path.stat()
        key.update(f"\0{path}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return key.hexdigest()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--input", type=pathlib.Path, action="append", default=[])
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    passed = CACHE / key_of(options.command, options.input)
    if passed.exists() and os.environ.get("FRESH", "0") in ("", "0"):
        passed.touch()
        print("passed before, and nothing has changed since; FRESH=1 runs it again")
        return 0
    result = subprocess.run(options.command).returncode
    if result == 0:
        CACHE.mkdir(parents=True, exist_ok=True)
        passed.touch()
    return result if result >= 0 else 128 - result


if __name__ == "__main__":
    sys.exit(main())
