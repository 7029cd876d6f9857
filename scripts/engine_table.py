#!/usr/bin/env python3
"""Makes a table of what engines_bench has measured, engine by engine beside Wasmtime.

    engines_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=5 \\
        --benchmark_out=engines.json --benchmark_out_format=json
    engine_table.py engines.json

Of each benchmark the least processor time of its repetitions counts: what else the machine does can only add."""

import json
import sys

REFERENCE = "wasmtime"
# Benchmark, title, unit, and how many of the unit are in a nanosecond's count.
ROWS = [
    ("load", "compile, start and configure a plugin", "ms", 1e6),
    ("load_from_cache", "the same from the code cache", "ms", 1e6),
    ("instantiate", "an instance", "µs", 1e3),
    ("start", "an instance of that plugin, started and configured", "µs", 1e3),
    ("memory", "its memory", "kB", None),
    ("empty_callback", "an empty callback", "ns", 1),
    ("ten_get_header", "read a header", "ns", 10),
    ("compute", "a callback that computes", "µs", 1e3),
]


def measured(path):
    """The least of each benchmark, by engine and benchmark: in ns, or in kB."""
    with open(path, encoding="utf-8") as file:
        runs = json.load(file)["benchmarks"]
    least = {}
    for run in runs:
        if run["run_type"] != "iteration" or run.get("error_occurred"):
            continue
        # "load/wasmtime", "memory/wamr-aot/iterations:1"
        title, engine = run["name"].split("/")[:2]
        unit = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[run["time_unit"]]
        value = run.get("kB") or run.get("cpu") or run["cpu_time"] * unit
        least[engine, title] = min(value, least.get((engine, title), value))
    return least


def rounded(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.2g}"


def main():
    least = measured(sys.argv[1])
    engines = list(dict.fromkeys(engine for engine, _ in least))
    engines.sort(key=lambda name: name != REFERENCE)
    print("| | " + " | ".join(engines) + " |")
    print("|---|" + "---|" * len(engines))
    for title, text, unit, scale in ROWS:
        cells = []
        for engine in engines:
            value = least.get((engine, title))
            if value is None:
                cells.append("—")
                continue
            shown = rounded(value / (scale or 1))
            ratio = value / least[REFERENCE, title]
            cells.append(shown if engine == REFERENCE else f"{shown} ({rounded(ratio)}×)")
        print(f"| {text}, {unit} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
