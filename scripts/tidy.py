#!/usr/bin/env python3
"""Runs clang-tidy over sources that the release build compiles, as many at a time as there are CPUs.

usage: tidy.py [FILE...]   Without files: src/ without tests, since GoogleTest's macros take most of
the time and tell little. build/release must be built.

A source that passed is not looked at again until it, a header of the project that it includes, its
compile command or .clang-tidy changes; the passes are kept in the cache.
"""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir/tidy"
TIDY = "clang-tidy-14"

Unit = collections.namedtuple("Unit", "source command key")


def dependencies():
    """The files each object was compiled from, as ninja recorded them."""
    listing = subprocess.run(["ninja", "-C", BUILD, "-t", "deps"], capture_output=True, text=True,
                             check=True).stdout
    found, current = {}, None
    for line in listing.splitlines():
        if line.startswith("    "):
            current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.split(":")[0], [])
    return found


def units(only):
    deps = dependencies()
    config = (ROOT / ".clang-tidy").read_bytes()
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        source = pathlib.Path(entry["file"])
        wanted = source in only if only else (
            source.is_relative_to(ROOT / "src") and source.suffix == ".cc"
            and not source.stem.endswith(("_test", "_fuzz")))
        if not wanted:
            continue
        output = entry["command"].split(" -o ")[1].split()[0]
        if output not in deps:
            sys.exit(f"tidy.py: error: {source} is not built: run `make build`")
        key = hashlib.sha256(config + entry["command"].replace(str(ROOT), "").encode())
        for path in sorted({source, *(BUILD / dep for dep in deps[output])}):
            if path.is_relative_to(ROOT) and path.exists():
                key.update(path.read_bytes())
        yield Unit(source, entry["command"], key.hexdigest())


def passes(unit):
    """Whether clang-tidy has nothing to say, and what it said."""
    run = subprocess.run([TIDY, "--quiet", f"-p={BUILD}", unit.source], capture_output=True,
                         text=True)
    # A mistake in .clang-tidy is only told, and then other checks run.
    if run.returncode == 0 and "error:" not in run.stderr:
        (CACHE / unit.key).touch()
        return True, ""
    return False, run.stdout + "".join(
        line for line in run.stderr.splitlines(True) if "warnings generated" not in line)


def main():
    if not (BUILD / "compile_commands.json").exists():
        sys.exit("tidy.py: error: build/release is not built: run `make build`")
    started = time.monotonic()
    CACHE.mkdir(parents=True, exist_ok=True)
    only = {pathlib.Path(name).resolve() for name in sys.argv[1:]}
    everything = list(units(only))
    if not everything:
        sys.exit("tidy.py: error: no such source in build/release")
    changed = [unit for unit in everything if not (CACHE / unit.key).exists()]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for passed, report in pool.map(passes, changed):
            if not passed:
                failed += 1
                print(report, flush=True)
    print(f"tidy.py: {len(everything)} sources, {len(changed)} looked at, {failed} with findings "
          f"({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
