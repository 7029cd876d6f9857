#!/usr/bin/env python3
"""Runs clang-tidy over sources that the release build compiles, as many at a time as there are CPUs.

usage: tidy.py [FILE...]   Without files: src/ without tests, since GoogleTest's macros take most of
the time and tell little. build/release must be built.

Headers take most of the time. So sources of one target are looked at together first, and one by one
only where there is something to say, or where they cannot be compiled at once.

A source that passed is not looked at again until it, a header of the project that it includes, its
compile command or .clang-tidy changes; the passes are kept in the cache.
"""

import collections
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "weir/tidy"
TIDY = "clang-tidy-14"
TOGETHER = 8
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

Unit = collections.namedtuple("Unit", "source target options key")


@functools.cache
def included(path):
    """The project's files that one names in an #include, and for a message's header all .proto files."""
    found = set()
    for name in INCLUDE.findall(path.read_text()):
        if name.endswith(".pb.h"):
            found.update((ROOT / "src/config/proto").rglob("*.proto"))
        found.update(file for file in (ROOT / "src" / name, path.parent / name) if file.is_file())
    return found


def closure(source):
    """The source and the project's files that it includes, whatever is above them."""
    found, new = set(), {source}
    while new:
        found |= new
        new = {file for path in new if path.suffix != ".proto" for file in included(path)} - found
    return found


def units(only):
    config = (ROOT / ".clang-tidy").read_bytes()
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        compiled = pathlib.Path(entry["file"])
        options, output = entry["command"].split(" -o ")
        target = re.search(r"CMakeFiles/([^/]+)\.dir", output)[1]
        # What stands before the options are the compiler and what launches it.
        words = shlex.split(options)
        first = next(at for at, word in enumerate(words) if word.startswith("-"))
        words = [word for word in words[first:] if word != "-Wno-shadow"]
        # Of sources that are compiled at once, each is a unit, and held to the warning that they cannot be held to.
        at_once = compiled.parent.name == "Unity"
        for source in map(pathlib.Path, INCLUDE.findall(compiled.read_text())) if at_once else [compiled]:
            wanted = source in only if only else (
                source.is_relative_to(ROOT / "src") and source.suffix == ".cc"
                and not source.stem.endswith(("_test", "_fuzz")))
            if not wanted:
                continue
            key = hashlib.sha256(config + options.replace(str(ROOT), "").encode())
            for path in sorted(closure(source)):
                key.update(path.read_bytes())
            yield Unit(source, target, tuple(words), key.hexdigest())


def lumps(changed):
    """The units in groups that can be looked at together."""
    groups = collections.defaultdict(list)
    for unit in changed:
        groups[unit.target, unit.options].append(unit)
    for group in groups.values():
        for at in range(0, len(group), TOGETHER):
            yield group[at:at + TOGETHER]


def look(source, options):
    """What clang-tidy says of a source: nothing if all is well."""
    run = subprocess.run([TIDY, "--quiet", f"--config-file={ROOT / '.clang-tidy'}",
                          r"--header-filter=src/.*\.(h|cc)$", source, "--", *options],
                         capture_output=True, text=True)
    # A mistake in .clang-tidy is only told, and then other checks run.
    if run.returncode == 0 and "error:" not in run.stderr:
        return ""
    return run.stdout + "".join(
        line for line in run.stderr.splitlines(True) if "warnings generated" not in line)


def findings(lump):
    """What clang-tidy says of each unit of a lump that does not pass."""
    together = CACHE / f"{lump[0].key}.cc"
    together.write_text("".join(f'#include "{unit.source}"  // NOLINT\n' for unit in lump))
    alike = len(lump) > 1 and not look(together, lump[0].options)
    together.unlink()
    reports = []
    for unit in lump:
        report = "" if alike else look(unit.source, unit.options)
        if report:
            reports.append(report)
        else:
            (CACHE / unit.key).touch()
    return reports


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
        for reports in pool.map(findings, lumps(changed)):
            for report in reports:
                failed += 1
                print(report, flush=True)
    print(f"tidy.py: {len(everything)} sources, {len(changed)} looked at, {failed} with findings "
          f"({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
