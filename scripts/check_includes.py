#!/usr/bin/env python3
"""Checks that every #include in src/ goes the way the layers allow.

usage: check_includes.py [--self-test]
"""

import pathlib
import re
import sys

# What each layer may include beside itself and the standard library. A layer is a folder of src/.
LAYERS = {
    "base": [],
    "engine": ["base"],
    "module": ["base"],
    "abi": ["base", "engine", "module"],
    "runtime": ["base", "engine", "module", "abi"],
    "config": ["base"],
    "fetch": ["base"],
    "planes": ["base", "abi", "runtime", "config", "fetch"],
    # It observes engines, and makes a host of its own for each scenario.
    "scenario": ["base", "engine", "abi", "runtime", "config", "planes"],
    # The command makes what a program has one of, the engines among it.
    "cli": ["base", "engine", "module", "abi", "runtime", "config", "fetch", "planes", "scenario"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"')


def below(layer):
    """All layers that `layer` stands on. Its tests may make any of them, to give to their subject."""
    return {lower for allowed in LAYERS[layer] for lower in {allowed} | below(allowed)}


def fault_of(path, included):
    """What is wrong with the source `path`, relative to src/, including `included`; None if nothing."""
    layer = path.parts[0]
    target = pathlib.PurePosixPath(included).parts
    if included.endswith(".pb.h"):
        return None  # Generated, and named after its .proto file.
    if layer not in LAYERS:
        return f"'{layer}' is no layer: add it to LAYERS in scripts/check_includes.py"
    if len(target) == 1 or ".." in target:
        return f'"{included}" must be named from src/, as "{layer}/..."'
    allowed = below(layer) if path.stem.endswith("_test") else LAYERS[layer]
    if target[0] in LAYERS and target[0] != layer and target[0] not in allowed:
        return f"layer '{layer}' must not include '{included}'"
    return None


def violations(path, text):
    """Yields a message for each include in the source `path` that goes astray."""
    for number, line in enumerate(text.splitlines(), start=1):
        match = INCLUDE.match(line)
        fault = match and fault_of(path, match.group(1))
        if fault:
            yield f"src/{path}:{number}: {fault}"


def check(root):
    found = []
    sources = sorted(p for p in root.rglob("*") if p.suffix in (".h", ".cc") and p.parent != root)
    for source in sources:
        found += violations(source.relative_to(root), source.read_text())
    return len(sources), found


def self_test():
    """Shows that each kind of violation is found, and that nothing else is."""
    cases = [
        ("planes/serve/a.cc", '#include "engine/engine.h"', "layer 'planes' must not include"),
        ("engine/a.h", '#include "abi/types.h"', "layer 'engine' must not include"),
        ("abi/a.cc", '  #  include "runtime/host.h"', "layer 'abi' must not include"),
        ("config/a.cc", '#include "runtime/options.h"', "layer 'config' must not include"),
        ("fetch/a.cc", '#include "config/bootstrap.h"', "layer 'fetch' must not include"),
        ("engine/a.cc", '#include "../base/result.h"', "must be named from src/"),
        ("engine/a.cc", '#include "engine.h"', "must be named from src/"),
        ("extra/a.cc", '#include "base/result.h"', "'extra' is no layer"),
        ("runtime/a.cc", '#include "engine/engine.h"', None),
        ("planes/serve/a.cc", '#include "planes/serve/b.h"', None),
        ("config/a.cc", '#include "weir/envoy/wasm.pb.h"', None),
        ("runtime/a.cc", '#include "foreign.pb.h"', None),
        ("cli/a.cc", '#include "engine/engines.h"', None),
        ("planes/serve/a_test.cc", '#include "engine/engines.h"', None),
        ("engine/a_test.cc", '#include "abi/types.h"', "layer 'engine' must not include"),
        ("base/a.cc", "#include <vector>\n// #include \"abi/types.h\"", None),
    ]
    failures = 0
    for path, text, expected in cases:
        found = list(violations(pathlib.PurePosixPath(path), text))
        as_expected = not found if expected is None else len(found) == 1 and expected in found[0]
        if not as_expected:
            failures += 1
            print(f"{path} with {text!r}: expected {expected!r}, found {found}", file=sys.stderr)
    print(f"check_includes.py: self-test, {len(cases)} cases, {failures} failed")
    return failures == 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return 0 if self_test() else 1
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    count, found = check(pathlib.Path(__file__).resolve().parent.parent / "src")
    for message in found:
        print(message, file=sys.stderr)
    print(f"check_includes.py: {count} files, {len(found)} wrong includes")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
