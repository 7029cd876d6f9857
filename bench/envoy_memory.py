#!/usr/bin/env python3
"""What plugins take of memory in a stock Envoy: by Weir's module, and by Envoy's own V8.

An Envoy with one worker and so many filters, each with a VM of its own, answers requests by itself;
then its resident memory and address space are read. Each number of filters is an Envoy of its own.
"""

import argparse
import json
import os
import pathlib
import re

import end_to_end as common
import envoy_plane

REPO = common.REPO
MIB = 1 << 20
PER_LISTENER = 10  # filters


def filters_of(by, count, wasm):
    filters = []
    for index in range(count):
        make = envoy_plane.weir_filter if by == "weir" else envoy_plane.wasm_filter
        filter_ = make(index, wasm)
        typed = filter_["typed_config"]
        config = typed["filter_config"]["value"] if by == "weir" else typed["config"]
        config["vm_config"]["vm_id"] = str(index)
        filters.append(filter_)
    return filters


def memory_of(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    told = dict(re.findall(r"(VmRSS|VmSize):\s+(\d+) kB", status))
    return int(told["VmRSS"]) * 1024, int(told["VmSize"]) * 1024


def measure(args, by, count, wasm):
    """Resident memory and address space, in bytes."""
    with common.Servers() as servers:
        filters = filters_of(by, count, wasm) if by else []
        groups = [filters[at : at + PER_LISTENER] for at in range(0, max(count, 1), PER_LISTENER)]
        ports = [common.free_port() for _ in groups]
        listeners = [
            envoy_plane.listener(f"l{place}", port, group)
            for place, (port, group) in enumerate(zip(ports, groups))
        ]
        config = servers.folder / "envoy.json"
        config.write_text(json.dumps({"static_resources": {"listeners": listeners}}))
        command = [args.envoy, "-c", config, "--concurrency", "1", "--log-level", "error"]
        command += ["--disable-hot-restart"]
        envoy = servers.start("envoy", ports[-1], [str(part) for part in command])
        for port in ports:
            envoy_plane.load(port, args.requests)
        return memory_of(envoy.process)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module", type=pathlib.Path, default=REPO / "build/lib/libweir-envoy.so")
    parser.add_argument("--envoy", help="default: the one that scripts/setup/envoy.sh installs")
    plugin = REPO / "build/guests/header-edit-rust.wasm"
    parser.add_argument("--plugin", type=pathlib.Path, default=plugin)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--requests", type=int, default=200, help="of each listener")
    args = parser.parse_args()
    os.environ["ENVOY_DYNAMIC_MODULES_SEARCH_PATH"] = str(args.module.resolve().parent)
    if args.envoy is None:
        setup = REPO / "scripts/setup/envoy.sh"
        common.run([setup])
        args.envoy = pathlib.Path(common.run([setup, "--prefix"]).strip()) / "bin/envoy"
    nothing = measure(args, "", 0, args.plugin)
    resident, addresses = (part / MIB for part in nothing)
    print(f"Envoy without plugins: {resident:.0f} MiB resident, {addresses:.0f} MiB of addresses")
    print("added by so many plugins, MiB resident and of addresses:")
    for count in args.counts:
        for by in ("weir", "v8"):
            got = measure(args, by, count, args.plugin)
            resident, addresses = ((a - b) / MIB for a, b in zip(got, nothing))
            print(f"  {count:4} {by:5} {resident:8.1f} {addresses:12.0f}")


if __name__ == "__main__":
    main()
