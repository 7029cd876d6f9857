#!/usr/bin/env python3
"""Compares `weir serve` with a stock Envoy: CPU time and rate of requests that pass the same plugins.

Both proxies read the same bootstrap, serve with one worker, and stand before the same upstream; each
plugin is the same .wasm file, on Wasmtime in Weir and on V8 in Envoy. Rounds are short and interleaved, so
that what else happens on the machine meets both alike. Everything listens on loopback only.
"""

import argparse
import contextlib
import dataclasses
import json
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import processor_time

REPO = pathlib.Path(__file__).resolve().parent.parent
TYPES = "type.googleapis.com/envoy.extensions.filters"
READY_SECONDS = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def plugin_filter(index, wasm, runtime):
    """One plugin; its configuration tells it from the others, so that each has a root context."""
    config = {
        "name": f"plugin{index}",
        "configuration": {
            "@type": "type.googleapis.com/google.protobuf.StringValue",
            "value": f"plugin {index}",
        },
        "vm_config": {"runtime": runtime, "code": {"local": {"filename": str(wasm)}}},
    }
    return {
        "name": f"plugin{index}",
        "typed_config": {"@type": f"{TYPES}.http.wasm.v3.Wasm", "config": config},
    }


def bootstrap(port, upstream_port, plugins, wasm, runtime):
    router = {
        "name": "router",
        "typed_config": {"@type": f"{TYPES}.http.router.v3.Router"},
    }
    manager = {
        "@type": f"{TYPES}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "upstream"}}],
                }
            ]
        },
        "http_filters": [plugin_filter(i, wasm, runtime) for i in range(plugins)] + [router],
    }
    listener = {
        "name": "bench",
        "address": address(port),
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    endpoint = {"endpoint": {"address": address(upstream_port)}}
    cluster = {
        "name": "upstream",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "upstream",
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def lighten_for_envoy(settings):
    """Turns off what Envoy does by default and Weir does not do: request ids, headers of its own."""
    manager = settings["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0][
        "typed_config"
    ]
    manager["generate_request_id"] = False
    manager["http_filters"][-1]["typed_config"].update(
        {"suppress_envoy_headers": True, "dynamic_stats": False}
    )
    return settings


@dataclasses.dataclass
class Server:
    """A running process that answers on `port`."""

    process: subprocess.Popen
    port: int
    log: pathlib.Path
    http2_port: int = 0  # where that is another

    def cpu_seconds(self):
        return processor_time.cpu_seconds(self.process.pid)

    def url(self):
        return f"http://127.0.0.1:{self.port}/some/path?with=query"

    def answer(self):
        """Status, body, and the headers that are not a proxy's own."""
        own = {"connection", "date", "server", "transfer-encoding", "x-envoy-upstream-service-time"}
        with urllib.request.urlopen(self.url(), timeout=5) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            headers = {name: value for name, value in headers.items() if name not in own}
            return response.status, response.read(), headers

    def wait_until_ready(self):
        deadline = time.monotonic() + READY_SECONDS
        while True:
            if self.process.poll() is not None:
                sys.exit(f"{self.process.args[0]} has ended:\n{self.log.read_text()}")
            try:
                with urllib.request.urlopen(self.url(), timeout=5):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    sys.exit(f"{self.process.args[0]} does not answer: {error}; {self.log.read_text()}")
                time.sleep(0.1)


class Servers:
    """Starts servers that live as long as the `with` block does, and keeps their files."""

    def __init__(self):
        self._exits = contextlib.ExitStack()

    def __enter__(self):
        self.folder = pathlib.Path(self._exits.enter_context(tempfile.TemporaryDirectory()))
        # The workers of nginx run as another user where the benchmark runs as root.
        self.folder.chmod(0o755)
        return self

    def __exit__(self, *exception):
        return self._exits.__exit__(*exception)

    def start(self, name, port, command):
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        self._exits.callback(self._stop, process)  # also of one that has ended by then
        server = Server(process, port, log)
        server.wait_until_ready()
        return server

    def end(self, server):
        """Before the others do."""
        self._stop(server.process)

    @staticmethod
    def _stop(process):
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def start_upstream(self):
        port = free_port()
        config = self.folder / "nginx.conf"
        config.write_text(
            f"""daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log stderr;
            events {{ worker_connections 1024; }}
            http {{
              access_log off; default_type text/plain; keepalive_requests 1000000000;
              client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
              fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder};
              scgi_temp_path {self.folder};
              server {{ listen 127.0.0.1:{port}; return 200 "Hello from the upstream.\\n"; }}
            }}
            """
        )
        nginx = ["nginx", "-p", str(self.folder), "-e", "stderr", "-c", str(config)]
        return self.start("nginx", port, nginx)

    def start_weir(self, program, plugins, wasm, upstream):
        port = free_port()
        config = self.folder / f"weir-{plugins}.json"
        settings = bootstrap(port, upstream.port, plugins, wasm, "envoy.wasm.runtime.wasmtime")
        config.write_text(json.dumps(settings))
        command = [program, "serve", "-c", config, "--workers", "1", "--log-level", "warn"]
        return self.start(f"weir-{plugins}", port, [str(part) for part in command])

    def start_envoy(self, program, plugins, wasm, upstream):
        port = free_port()
        config = self.folder / f"envoy-{plugins}.json"
        settings = bootstrap(port, upstream.port, plugins, wasm, "envoy.wasm.runtime.v8")
        config.write_text(json.dumps(lighten_for_envoy(settings)))
        command = [program, "-c", config, "--concurrency", "1", "--log-level", "warning"]
        command += ["--disable-hot-restart"]
        return self.start(f"envoy-{plugins}", port, [str(part) for part in command])


def run(command):
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout


def first_number(pattern, text):
    found = re.search(pattern, text)
    if found is None:
        sys.exit(f"the load generator's output lacks /{pattern}/:\n{text}")
    return int(found[1])


def load_http1(url, seconds):
    """The number of requests answered."""
    output = run(["wrk", "-t1", "-c16", f"-d{seconds}s", url])
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"requests failed:\n{output}")
    return first_number(r"(\d+) requests in", output)


def load_http2(url, seconds):
    output = run(["h2load", "-t1", "-c4", "-m8", f"-D{seconds}", url])
    good = first_number(r"status codes: (\d+) 2xx", output)
    done = first_number(r"(\d+) done", output)
    if good == 0 or first_number(r"(\d+) failed", output) > 0 or good < done:
        sys.exit(f"requests failed:\n{output}")
    return good


LOADS = {"HTTP/1.1": load_http1, "HTTP/2": load_http2}


@dataclasses.dataclass
class Series:
    """What the rounds of one proxy measured."""

    cpu_us: list = dataclasses.field(default_factory=list)
    per_second: list = dataclasses.field(default_factory=list)

    def measure(self, server, load, seconds):
        cpu, began = server.cpu_seconds(), time.monotonic()
        requests = load(server.url(), seconds)
        self.cpu_us.append(1e6 * (server.cpu_seconds() - cpu) / requests)
        self.per_second.append(requests / (time.monotonic() - began))

    def summary(self):
        return {
            "cpu_us_min": min(self.cpu_us),
            "cpu_us_median": statistics.median(self.cpu_us),
            "requests_per_second_max": max(self.per_second),
            "requests_per_second_median": statistics.median(self.per_second),
            "cpu_us": self.cpu_us,
            "requests_per_second": self.per_second,
        }


def versions(args):
    def line(command, pattern):
        # wrk tells its version with exit code 1.
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(pattern, told.stdout + told.stderr)
        return found[1] if found else "unknown"

    return {
        "weir": line([args.weir, "--version"], r"(\d+\.\d+\.\d+)"),
        "envoy": line([args.envoy, "--version"], r"/(\d+\.\d+\.\d+)/"),
        "nginx": line(["nginx", "-v"], r"nginx/(\S+)"),
        "wrk": line(["wrk", "-v"], r"wrk (\S+)"),
        "h2load": line(["h2load", "--version"], r"nghttp2/(\S+)"),
    }


def check_alike(weir, envoy):
    """What is compared has to be the same work."""
    if weir.answer() != envoy.answer():
        sys.exit(f"the proxies answer differently: {weir.answer()} and {envoy.answer()}")


def print_table(results):
    print("\nCPU of the proxy for one request, in microseconds; requests per second, median")
    head = ("protocol", "plugins", "weir min", "median", "envoy min", "median", "weir/s", "envoy/s")
    print(("{:9}{:>8}" + "{:>11}" * 6 + "{:>14}").format(*head, "weir : envoy"))
    for row in results:
        weir, envoy = row["weir"], row["envoy"]
        print(
            f"{row['protocol']:9}{row['plugins']:>8}"
            f"{weir['cpu_us_min']:>11.1f}{weir['cpu_us_median']:>11.1f}"
            f"{envoy['cpu_us_min']:>11.1f}{envoy['cpu_us_median']:>11.1f}"
            f"{weir['requests_per_second_median']:>11.0f}"
            f"{envoy['requests_per_second_median']:>11.0f}"
            f"{row['ratio_of_min']:>7.2f} /{row['ratio_of_median']:>5.2f}"
        )


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weir", default=REPO / "build/bin/weir", help="the program to measure")
    parser.add_argument("--envoy", help="default: the one that scripts/setup/envoy.sh installs")
    parser.add_argument("--wasm", default=REPO / "build/guests/header-edit-rust.wasm")
    parser.add_argument("--plugins", default="0,1,10", help="how many in the chain: a list")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="the length of one measurement")
    parser.add_argument("--json", type=pathlib.Path, default=REPO / "build/bench/end_to_end.json")
    args = parser.parse_args()
    if args.envoy is None:
        setup = REPO / "scripts/setup/envoy.sh"
        run([setup])
        args.envoy = pathlib.Path(run([setup, "--prefix"]).strip()) / "bin/envoy"
    args.wasm = pathlib.Path(args.wasm).resolve()
    args.plugins = [int(count) for count in args.plugins.split(",")]
    return args


def measure(args):
    cases = [(protocol, plugins) for protocol in LOADS for plugins in args.plugins]
    series = {case: {"weir": Series(), "envoy": Series()} for case in cases}
    with Servers() as servers:
        upstream = servers.start_upstream()
        running = {
            plugins: {
                "weir": servers.start_weir(args.weir, plugins, args.wasm, upstream),
                "envoy": servers.start_envoy(args.envoy, plugins, args.wasm, upstream),
            }
            for plugins in args.plugins
        }
        for pair in running.values():
            check_alike(pair["weir"], pair["envoy"])
        for turn in range(args.rounds):
            print(f"round {turn + 1} of {args.rounds}", file=sys.stderr)
            for protocol, plugins in cases:
                # Neither proxy always goes first.
                for name in ("weir", "envoy") if turn % 2 == 0 else ("envoy", "weir"):
                    series[protocol, plugins][name].measure(
                        running[plugins][name], LOADS[protocol], args.seconds
                    )
    return series


def main():
    args = parse_arguments()
    known = versions(args)
    print("versions: " + ", ".join(f"{name} {version}" for name, version in known.items()))
    results = []
    for (protocol, plugins), by_proxy in measure(args).items():
        weir, envoy = by_proxy["weir"].summary(), by_proxy["envoy"].summary()
        results.append(
            {
                "protocol": protocol,
                "plugins": plugins,
                "weir": weir,
                "envoy": envoy,
                "ratio_of_min": weir["cpu_us_min"] / envoy["cpu_us_min"],
                "ratio_of_median": weir["cpu_us_median"] / envoy["cpu_us_median"],
            }
        )
    print_table(results)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"versions": known, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
