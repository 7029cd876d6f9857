#!/usr/bin/env python3
"""Writes what each engine can do into README.md, between its markers, from what a build tells and what its
conformance tests came to.

    engine_matrix.py BUILD           writes the table; BUILD is a folder like build/release, tested
    engine_matrix.py BUILD --check   fails where README.md says something else
    engine_matrix.py --self-test     tries out on made-up results what is to be an error

An engine that is not there keeps the row that it has, and is named. It is an error where a test has failed, where
engines that run wasm were not all put to the same conformance tests, and where an engine says of itself what the
test that shows it does not bear out.
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
    "wamr-jit": "compiled when loaded",
    "wasmedge": "its interpreter",
    "wasmedge-aot": "compiled ahead",
}
# The column, and the test that an engine passes which has it and skips which has not.
PROOFS = {
    "interrupt": "FailureTest.ACallbackThatTakesTooLongIsStopped",
    "stack_limit": "FailureTest.EndlessRecursionIsATrap",
    "memory_limit": "FailureTest.MemoryDoesNotGrowBeyondItsCeiling",
    "serialize": "EngineTest.RunsWhatItSerialized",
}
CONFORMANCE, ENGINE = "weir_conformance_test", "weir_engine_test"
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


def results_of(build, program):
    """The tests of that program by engine: which passed, and of the others why they were skipped."""
    files = sorted(build.glob(f"results/{program}.xml")) + sorted(build.glob(f"results/{program}.*.xml"))
    if not files:
        fail(f"no results in {build}/results: run ctest -R {program} there")
    passed, skipped = {}, {}
    for file in files:
        for case in xml.etree.ElementTree.parse(file).iter("testcase"):
            if case.get("status") != "run" or "/" not in case.get("name"):
                continue
            test, engine = case.get("name").split("/")
            test = case.get("classname").split("/")[-1] + "." + test
            engine = engine.replace("_", "-")
            if case.find("failure") is not None:
                fail(f"{test} failed on {engine}")
            skip = case.find("skipped")
            if skip is None:
                passed.setdefault(engine, set()).add(test)
            else:
                reason = skip.get("message").strip().splitlines()[-1]
                reason = re.sub(r"^\S+ (has no|has not|is) ", r"", reason)
                skipped.setdefault(engine, {})[test] = reason
    return passed, skipped


def check_same_tests(names, passed, skipped):
    """Fails unless these engines were put to the same tests: a row says "all" of what ran, so all must have run."""
    ran = {name: passed.get(name, set()) | skipped.get(name, {}).keys() for name in names}
    everything = set().union(*ran.values())
    for name, tests in ran.items():
        if missing := sorted(everything - tests):
            others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            fail(f"{missing[0]}{others} did not run on engine {name}, but on others")


def check_claims(name, capabilities, passed):
    """Fails where a capability that an engine says it has, or has not, is another by the test that shows it."""
    for key, test in PROOFS.items():
        has, shown = capabilities[key] != "missing", test in passed.get(name, set())
        if has and not shown:
            fail(f"engine {name} says that it has {key}, but {test} has not passed on it")
        if shown and not has:
            fail(f"engine {name} says that it has no {key}, but {test} has passed on it")


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
    conformance = "all" if name not in skipped else "all but: " + "; ".join(sorted(set(skipped[name].values())))
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


def self_test():
    """What each check is for, in both ways."""

    def refused(check, *arguments):
        try:
            check(*arguments)
        except SystemExit as error:
            return str(error)
        return ""

    def expect(told, part):
        if (part not in told) if part else told:
            sys.exit(f"engine_matrix.py: self-test: expected {part!r}, got {told!r}")

    many = {"A.One", "A.Two", "B.Three"}
    expect(refused(check_same_tests, ["x", "y"], {"x": many, "y": many - {"A.Two"}}, {"y": {"A.Two": "SIMD"}}), "")
    few = refused(check_same_tests, ["x", "y"], {"x": many, "y": {"A.One"}}, {})
    expect(few, "A.Two and 1 more did not run on engine y")
    expect(refused(check_same_tests, ["x", "y"], {"x": many}, {}), "did not run on engine y")
    every, none = dict.fromkeys(PROOFS, "native"), dict.fromkeys(PROOFS, "missing")
    expect(refused(check_claims, "x", every, {"x": set(PROOFS.values())}), "")
    expect(refused(check_claims, "x", every, {"x": many}), "says that it has interrupt, but")
    expect(refused(check_claims, "x", none, {"x": set(PROOFS.values())}), "has no interrupt, but")
    expect(refused(check_claims, "x", none, {}), "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, nargs="?")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    arguments = parser.parse_args()
    if arguments.self_test:
        return self_test()
    if arguments.build is None:
        parser.error("BUILD is missing")

    path = ROOT / "README.md"
    before, table, after = split(path.read_text(encoding="utf-8"))
    passed, skipped = results_of(arguments.build, CONFORMANCE)
    engine_tests, _ = results_of(arguments.build, ENGINE)
    engines = engines_of(arguments.build)
    wasm = [engine["name"] for engine in engines if "error" not in engine and engine["name"] != "null"]
    check_same_tests(wasm, passed, skipped)
    lines = [line_of(HEAD), "|" + "---|" * len(HEAD)]
    for engine in engines:
        if "error" in engine:
            print(f"not checked: {engine['error']}", file=sys.stderr)
            alias = f"`envoy.wasm.runtime.{engine['name']}`"
            lines += [line for line in table.splitlines() if alias in line]
        else:
            name = engine["name"]
            shown = {name: passed.get(name, set()) | engine_tests.get(name, set())}
            check_claims(name, engine["capabilities"], shown)
            lines.append(line_of(row_of(engine, passed, skipped)))
    made = before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + after
    if made == path.read_text(encoding="utf-8"):
        return
    if arguments.check:
        fail("README.md's table of engines is not what the tests say: run scripts/engine_matrix.py " + str(arguments.build))
    path.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
