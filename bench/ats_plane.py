#!/usr/bin/python3
"""What plugins cost in a stock Traffic Server: its CPU time for a request without any plugin, with a native
plugin that adds a header both ways, and with one, and five, plugins of Weir that do the same.

Every case is a remap rule of one server with one event thread, which answers from its cache. Rounds are
short and interleaved, so that what else happens on the machine meets all alike. Loopback only.
"""

import argparse
import http.client
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

from processor_time import cpu_seconds

REPO = pathlib.Path(__file__).resolve().parent.parent


def compiled(folder):
    """The native plugin and the guests, where the server's user can read them."""
    native = folder / "ats_native.so"
    source = REPO / "bench/ats_native.cc"
    subprocess.run(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", source, "-o", native], check=True)
    guests = {}
    for name in ("noop", "header_both_ways"):
        guests[name] = folder / f"{name}.wasm"
        subprocess.run(["wat2wasm", REPO / f"bench/guests/{name}.wat", "-o", guests[name]], check=True)
    return native, guests


def headers_added(port, host):
    """How many headers the plugins of that host have added to a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/", headers={"host": host})
    response = connection.getresponse()
    response.read()
    connection.close()
    return len(response.headers.get_all("x-weir-bench") or [])


def load(port, host, requests):
    """`requests` requests on four connections."""
    # Without the port: the rules are of the standard one.
    url = f"http://{host}/"
    command = ["h2load", "--h1", "-t1", "-c4", "-n", str(requests), f"--connect-to=127.0.0.1:{port}", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    match = re.search(r"status codes: (\d+) 2xx", done.stdout)
    if match is None or int(match[1]) != requests:
        sys.exit(f"requests failed:\n{done.stdout}")


def measure(args):
    os.environ.setdefault("WEIR_BIN", "")
    os.environ.setdefault("WEIR_GUESTS", "")
    os.environ["WEIR_TEST_ATS_PLUGIN"] = str(args.plugin)
    os.environ["WEIR_ENGINE_PATH"] = str(args.plugin.parent / "weir/engines")
    sys.path.insert(0, str(REPO / "tests/planes"))
    from peers.ats import TrafficServer, plugin_file
    from peers.http1 import Http1Upstream
    from peers.message import Fields, Response

    async def respond(_):
        return Response(200, Fields([("cache-control", "max-age=3600")]), b"x" * 1024)

    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        native, guests = compiled(folder)
        upstream = Http1Upstream(respond)
        adds = plugin_file("adds", guests["header_both_ways"])
        cases = {
            "none": [],
            "native": f"@plugin={native}",
            "weir noop": [plugin_file("noop", guests["noop"])],
            "weir 1": [adds],
            "weir 5": [adds] * 5,
        }
        added = {"none": 0, "native": 1, "weir noop": 0, "weir 1": 1, "weir 5": 5}
        hosts = {case: f"{case.replace(' ', '-')}.test" for case in cases}
        rules = [(f"http://{hosts[case]}/", plugins, upstream) for case, plugins in cases.items()]
        records = {"proxy.config.http.cache.http": 1, "proxy.config.http.wait_for_cache": 1}
        server = TrafficServer(upstream, rules=rules, records=records)
        try:
            server.wait_for_line("fully initialized")
            for case, host in hosts.items():
                if (count := headers_added(server.port, host)) != added[case]:
                    sys.exit(f"{case}: the plugins have added {count} headers")
            cpu_us = {case: [] for case in cases}
            for round_ in range(args.rounds + 1):
                for case, host in hosts.items():
                    before = cpu_seconds(server.process.pid)
                    load(server.port, host, args.requests)
                    # The first round fills the cache.
                    if round_ > 0:
                        used = cpu_seconds(server.process.pid) - before
                        cpu_us[case].append(1e6 * used / args.requests)
            return cpu_us
        finally:
            server.stop()
            upstream.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--plugin", type=pathlib.Path, default=REPO / "build/lib/weir-ats.so")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=20000, help="of one measurement")
    parser.add_argument("--json", type=pathlib.Path, default=REPO / "build/bench/ats_plane.json")
    args = parser.parse_args()
    args.plugin = args.plugin.resolve()
    cpu_us = measure(args)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(cpu_us, indent=1))
    print("CPU of Traffic Server in microseconds for a request that its cache answers")
    for case, rounds in cpu_us.items():
        print(f"  {case:10} min {min(rounds):6.2f}  median {statistics.median(rounds):6.2f}")


if __name__ == "__main__":
    main()
