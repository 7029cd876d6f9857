#!/usr/bin/env python3
"""What plugins cost in one stock Envoy: by its own Wasm filter on its own V8, and by Weir's module, with a
native module beside them for what is Envoy's part.

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


def module_filter(index, module, name):
    config = {
        "@type": MODULE_FILTER,
        "dynamic_module_config": {"name": module},
        "filter_name": name,
    }
    return {"name": f"plugin{index}", "typed_config": config}


def native_filter(index, name):
    return module_filter(index, "envoy-native", name)


def weir_filter(index, wasm):
    made = module_filter(index, "weir-envoy", f"plugin{index}")
    made["typed_config"]["filter_config"] = {
        "@type": "type.googleapis.com/google.protobuf.Struct",
        "value": common.plugin_filter(index, wasm, "wasmtime")["typed_config"]["config"],
    }
    return made


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


def modules(weir, folder):
    """Where Envoy finds Weir's module and the native one."""
    source = REPO / "bench/envoy_native.cc"
    native = folder / "libenvoy-native.so"
    flags = ["-std=c++20", "-O2", "-fPIC", "-shared", f"-I{REPO}/src"]
    subprocess.run(["g++", *flags, source, "-o", native], check=True)
    (folder / weir.name).symlink_to(weir)
    os.environ["ENVOY_DYNAMIC_MODULES_SEARCH_PATH"] = str(folder)
    os.environ["WEIR_ENGINE_PATH"] = str(weir.parent / "weir/engines")


def chains(folder):
    """Filters by the chain's name."""
    bare, noop = compiled("bare", folder), compiled("noop", folder)
    reads, mixed = compiled("header_reads", folder), compiled("mixed_hostcalls", folder)
    makers = {"weir": weir_filter, "v8": wasm_filter}
    made = {"none": [], "native noop": [native_filter(i, "noop") for i in range(FILTERS)]}
    for name in ("mixed", "cleared"):
        made[f"native {name}"] = [native_filter(0, name)]
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
        modules(args.module, servers.folder)
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
    for kind, pick in (("min", min), ("median", statistics.median)):
        of = {name: pick(rounds) for name, rounds in cpu_us.items()}

        def added(chain, times=1):
            return (of[chain] - of["none"]) / times

        result[f"native filter {kind}"] = added("native noop", FILTERS)
        result[f"native ten calls {kind}"] = added("native mixed")
        result[f"native ten calls, new route {kind}"] = added("native cleared")
        for by in ("weir", "v8"):
            result[f"{by} bare filter {kind}"] = added(f"{by} bare", FILTERS)
            result[f"{by} filter {kind}"] = added(f"{by} noop", FILTERS)
            reads = of[f"{by} reads"] - of[f"{by} one noop"]
            result[f"{by} header read {kind}"] = reads / HEADER_READS
            result[f"{by} ten calls, new route {kind}"] = added(f"{by} mixed")
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
    print("CPU of Envoy in microseconds, added by")
    whats = {
        "bare filter": "a filter that takes no callbacks",
        "filter": "one that takes six and does nothing",
        "header read": "one header read",
        "ten calls": "ten calls of different kinds, two of which change headers",
        "ten calls, new route": "the same, and Envoy chooses the route anew",
    }
    for what, meaning in whats.items():
        print(f"  {meaning}:")
        for by in ("native", "weir", "v8"):
            if f"{by} {what} min" in result:
                low, middle = (result[f"{by} {what} {kind}"] for kind in ("min", "median"))
                print(f"    {by:7} min {low:6.3f}  median {middle:6.3f}")


if __name__ == "__main__":
    main()
