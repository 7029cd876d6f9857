#!/usr/bin/env python3
"""What plugins cost in one stock Envoy: by its own Wasm filter on its own V8, and by Weir's module.

Every chain is a listener of one Envoy with one worker, which answers by itself. Rounds are short and
interleaved, so that what else happens on the machine meets all alike. Loopback only.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

import end_to_end as common

REPO = common.REPO
MODULE_FILTER = f"{common.TYPES}.http.dynamic_modules.v3.DynamicModuleFilter"
HEADER_READS = 100  # of bench/guests/header_reads.wat for one request
FILTERS = 10


def weir_filter(index, wasm):
    config = common.plugin_filter(index, wasm, "wasmtime")["typed_config"]["config"]
    return {
        "name": f"plugin{index}",
        "typed_config": {
            "@type": MODULE_FILTER,
            "dynamic_module_config": {"name": "weir-envoy"},
            "filter_name": f"plugin{index}",
            "filter_config": {
                "@type": "type.googleapis.com/google.protobuf.Struct",
                "value": config,
            },
        },
    }


def wasm_filter(index, wasm):
    return common.plugin_filter(index, wasm, "envoy.wasm.runtime.v8")


def listener(name, port, filters):
    """As common.bootstrap() has it, but answered here."""
    settings = common.bootstrap(port, 1, 0, "", "")
    made = common.lighten_for_envoy(settings)["static_resources"]["listeners"][0]
    made["name"] = name
    manager = made["filter_chains"][0]["filters"][0]["typed_config"]
    manager["route_config"]["virtual_hosts"][0]["routes"] = [
        {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
    ]
    manager["http_filters"] = [*filters, manager["http_filters"][-1]]
    return made


def compiled(name, folder):
    module = folder / f"{name}.wasm"
    subprocess.run(["wat2wasm", REPO / f"bench/guests/{name}.wat", "-o", module], check=True)
    return module


def chains(folder):
    """Filters by the chain's name."""
    bare, noop = compiled("bare", folder), compiled("noop", folder)
    reads, mixed = compiled("header_reads", folder), compiled("mixed_hostcalls", folder)
    makers = {"weir": weir_filter, "v8": wasm_filter}
    made = {"none": []}
    for by, filter_ in makers.items():
        made[f"{by} bare"] = [filter_(i, bare) for i in range(30, 30 + FILTERS)]
        made[f"{by} noop"] = [filter_(i, noop) for i in range(FILTERS)]
        made[f"{by} one noop"] = [filter_(20, noop)]
        made[f"{by} reads"] = [filter_(21, reads)]
        made[f"{by} mixed"] = [filter_(22, mixed)]
    return made


def load(port, requests):
    url = f"http://127.0.0.1:{port}/some/path?with=query"
    output = common.run(["h2load", "-t1", "-c4", "-m8", "-n", str(requests), url])
    if common.first_number(r"status codes: (\d+) 2xx", output) != requests:
        sys.exit(f"requests failed:\n{output}")


def measure(args):
    with common.Servers() as servers:
        filters = chains(servers.folder)
        ports = {name: common.free_port() for name in filters}
        listeners = [listener(name, ports[name], filters[name]) for name in filters]
        config = servers.folder / "envoy.json"
        config.write_text(json.dumps({"static_resources": {"listeners": listeners}}))
        os.environ["ENVOY_DYNAMIC_MODULES_SEARCH_PATH"] = str(args.module.parent)
        command = [args.envoy, "-c", config, "--concurrency", "1", "--log-level", "warning"]
        command += ["--disable-hot-restart"]
        envoy = servers.start("envoy", ports["none"], [str(part) for part in command])
        cpu_us = {name: [] for name in filters}
        for round_ in range(args.rounds + 1):
            for name, port in ports.items():
                before = envoy.cpu_seconds()
                load(port, args.requests)
                # The first round warms up.
                if round_ > 0:
                    cpu_us[name].append(1e6 * (envoy.cpu_seconds() - before) / args.requests)
        return cpu_us


def summary(cpu_us):
    """Microseconds by what they buy, the minimum and the median of the rounds."""
    result = {}
    for by in ("weir", "v8"):
        for kind, pick in (("min", min), ("median", statistics.median)):
            of = {name: pick(rounds) for name, rounds in cpu_us.items()}
            result[f"{by} bare filter {kind}"] = (of[f"{by} bare"] - of["none"]) / FILTERS
            result[f"{by} filter {kind}"] = (of[f"{by} noop"] - of["none"]) / FILTERS
            read = (of[f"{by} reads"] - of[f"{by} one noop"]) / HEADER_READS
            result[f"{by} header read {kind}"] = read
            result[f"{by} ten calls {kind}"] = of[f"{by} mixed"] - of["none"]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module", type=pathlib.Path, default=REPO / "build/lib/libweir-envoy.so")
    parser.add_argument("--envoy", help="default: the one that scripts/setup/envoy.sh installs")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=20000, help="of one measurement")
    parser.add_argument("--json", type=pathlib.Path, default=REPO / "build/bench/envoy_plane.json")
    args = parser.parse_args()
    args.module = args.module.resolve()
    if args.envoy is None:
        setup = REPO / "scripts/setup/envoy.sh"
        common.run([setup])
        args.envoy = pathlib.Path(common.run([setup, "--prefix"]).strip()) / "bin/envoy"
    cpu_us = measure(args)
    result = summary(cpu_us)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"cpu_us": cpu_us, "summary": result}, indent=1))
    print(
        "CPU of Envoy in microseconds: added by a filter that takes no callbacks, by one that takes "
        "seven and does nothing, by one header read, and by a filter that makes ten calls of "
        "different kinds"
    )
    for what in ("bare filter", "filter", "header read", "ten calls"):
        for by in ("weir", "v8"):
            low, middle = (result[f"{by} {what} {kind}"] for kind in ("min", "median"))
            print(f"  {what:12} {by:5} min {low:6.3f}  median {middle:6.3f}")


if __name__ == "__main__":
    main()
