#!/usr/bin/env python3
"""Writes what each engine can do into README.md, between its markers, from what a build tells and what its
conformance tests came to.

    engine_matrix.py BUILD           writes the table; BUILD is a folder like build/release, tested
    engine_matrix.py BUILD --check   fails where README.md says something else

An engine that is not there keeps the row that it has, and is named. A failed test is an error.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN = "<!-- engines: scripts/engine_matrix.py writes this table -->"
END = "<!-- /engines -->"
HEAD = ["engine", "names in configurations", "interrupt", "stack limit", "memory ceiling", "code cached"]
HEAD += ["extensions", "conformance"]
# What stands in the engine's cell beside its name and version; the same for every build.
REMARKS = {
    "wasmtime": "the default",
    "null": "plugins compiled to native code, which are trusted",
    "wamr": "its fast interpreter",
    "wamr-aot": "compiled ahead",
    "wasmedge": "its interpreter",
    "wasmedge-aot": "compiled ahead",
}
TITLES = {"wasmtime": "Wasmtime", "v8": "V8", "wamr": "WAMR", "wasmedge": "WasmEdge", "wavm": "WAVM", "null": "`null`"}


def fail(message):
    sys.exit(f"engine_matrix.py: error: {message}")


def engines_of(build):
    """What `weir engines` says of each."""
    binaries = [build / "bin/weir", ROOT / "build/bin/weir"]
    binary = next((path for path in binaries if path.exists()), None)
    if binary is None:
        fail(f"no weir in {build}: build it")
    told = subprocess.run([binary, "engines", "--json"], capture_output=True, text=True, check=True)
    return json.loads(told.stdout)["engines"]


def results_of(build):
    """The conformance tests by engine: how many passed, and why others were skipped."""
    files = sorted(build.glob("results/weir_conformance_test*.xml"))
    if not files:
        fail(f"no results in {build}/results: run ctest -R weir_conformance_test there")
    passed, skipped = {}, {}
    for file in files:
        for case in xml.etree.ElementTree.parse(file).iter("testcase"):
            if case.get("status") != "run" or "/" not in case.get("name"):
                continue
            test, engine = case.get("name").split("/")
            engine = engine.replace("_", "-")
            if case.find("failure") is not None:
                fail(f"{case.get('classname')}.{test} failed on {engine}")
            skip = case.find("skipped")
            if skip is None:
                passed.setdefault(engine, set()).add((case.get("classname"), test))
            else:
                reason = skip.get("message").strip().splitlines()[-1]
                reason = re.sub(r"^\S+ (has no|has not|is) ", r"", reason)
                skipped.setdefault(engine, set()).add(reason)
    return passed, skipped


def version_of(engine):
    """What a reader knows: "10.2" of "10.2.154.26-node.37"."""
    text = engine["version"]
    return ".".join(text.split(".")[:2]) if engine["name"] == "v8" else text


def row_of(engine, passed, skipped):
    name = engine["name"]
    title = TITLES.get(name.split("-")[0], name)
    if name != "null":
        title += f" {version_of(engine)}"
    if remark := REMARKS.get(name):
        title += f": {remark}" if name == "null" else f", {remark}"
    capabilities = {"missing": "no", **{word: word for word in ("native", "supplied")}}
    limits = [capabilities[engine["capabilities"][key]] for key in ("interrupt", "stack_limit", "memory_limit")]
    cached = "yes" if engine["capabilities"]["serialize"] == "native" else "no"
    names = ", ".join(f"`{alias}`" for alias in engine["names"])
    if name not in passed:
        fail(f"no conformance test ran on engine {name}")
    conformance = "all" if name not in skipped else "all but: " + "; ".join(sorted(skipped[name]))
    return [title, names, *limits, cached, ", ".join(engine["features"]) or "none", conformance]


def line_of(cells):
    return "| " + " | ".join(cells) + " |"


def split(readme):
    try:
        before, rest = readme.split(BEGIN)
        table, after = rest.split(END)
    except ValueError:
        fail(f"README.md has not the lines {BEGIN} and {END}, once each")
    return before, table, after


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()

    path = ROOT / "README.md"
    before, table, after = split(path.read_text(encoding="utf-8"))
    passed, skipped = results_of(arguments.build)
    lines = [line_of(HEAD), "|" + "---|" * len(HEAD)]
    for engine in engines_of(arguments.build):
        if "error" in engine:
            print(f"not checked: {engine['error']}", file=sys.stderr)
            alias = f"`envoy.wasm.runtime.{engine['name']}`"
            lines += [line for line in table.splitlines() if alias in line]
        else:
            lines.append(line_of(row_of(engine, passed, skipped)))
    made = before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after
    if made == path.read_text(encoding="utf-8"):
        return
    if arguments.check:
        fail("README.md's table of engines is not what the tests say: run scripts/engine_matrix.py " + str(arguments.build))
    path.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
