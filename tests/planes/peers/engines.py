"""The engines that have been built."""

import os
import pathlib


def engines_of_other_hosts():
    """Those that run in a program that is not `weir`. An engine with a C library of its own does not: a stock
    program does not start again by that one's loader."""
    names = []
    for folder in os.environ["WEIR_ENGINE_PATH"].split(":"):
        for adapter in sorted(pathlib.Path(folder).glob("weir-engine-*.so")):
            name = adapter.stem.removeprefix("weir-engine-")
            if (adapter.parent / name.split("-")[0] / "ld.so").exists():
                print(f"not tested: {name}, which has a C library of its own")
            else:
                names.append(name)
    return names
