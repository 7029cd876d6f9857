#!/usr/bin/env python3
"""`weir serve` beside a stock Envoy and nginx, as proxies before the same upstream.

CPU time of the proxy for one request, requests per second, and memory; plain, with a plugin that does
nothing and with one that edits headers (nginx runs none; Envoy runs them by its own filter on V8), over
HTTP/1.1 and HTTP/2. Rounds are short and interleaved, so that what else happens on the machine meets all
alike, and ratios are of one run. Everything listens on loopback only.
"""

import argparse
import json
import os
import pathlib
import resource
import socket
import subprocess
import sys

import end_to_end as common
import processor_time

REPO = common.REPO
KIB = 1024
PROXIES = ("weir", "envoy", "nginx")


class Servers(common.Servers):
    def start_sized_upstream(self, sizes):
        """Answers /SIZE with so many bytes."""
        port = common.free_port()
        www = self.folder / "www"
        www.mkdir()
        for size in sizes:
            (www / str(size)).write_bytes(b"x" * size)
        self._nginx_settings(
            "upstream",
            f"""server {{
                listen 127.0.0.1:{port}; root {www};
                location = /ready {{ return 200; }}
                location /some {{ return 200 ready; }}
            }}""",
            "open_file_cache max=100; sendfile on;",
        )
        return self._start_nginx("upstream", port)

    def start_nginx_proxy(self, upstream, workers):
        """HTTP/1.1 on its port, HTTP/2 with prior knowledge on the next argument's."""
        port, http2 = common.free_port(), common.free_port()
        proxy = "location / { proxy_pass http://upstream; proxy_http_version 1.1; proxy_set_header Connection \"\"; }"
        self._nginx_settings(
            "proxy",
            f"""upstream upstream {{ server 127.0.0.1:{upstream.port}; keepalive 64;
                  keepalive_requests 1000000000; }}
            server {{ listen 127.0.0.1:{port}; {proxy} }}
            server {{ listen 127.0.0.1:{http2} http2; http2_max_concurrent_streams 256; {proxy} }}""",
            "proxy_buffers 16 16k;",
            workers,
        )
        server = self._start_nginx("proxy", port)
        server.http2_port = http2
        return server

    def _nginx_settings(self, name, servers, extra, workers=1):
        text = f"""daemon off; worker_processes {workers}; pid {self.folder}/{name}.pid; error_log stderr;
            events {{ worker_connections 20000; }}
            http {{
              access_log off; default_type text/plain; keepalive_requests 1000000000; {extra}
              client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
              fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder};
              scgi_temp_path {self.folder};
              {servers}
            }}
            """
        (self.folder / f"{name}.conf").write_text(text)

    def _start_nginx(self, name, port):
        nginx = ["nginx", "-p", self.folder, "-e", "stderr", "-c", self.folder / f"{name}.conf"]
        return self.start(f"nginx-{name}", port, [str(part) for part in nginx])

    def start_proxy(self, proxy, args, plugin, upstream, workers):
        if proxy == "nginx":
            return self.start_nginx_proxy(upstream, workers)
        port = common.free_port()
        runtime = "envoy.wasm.runtime." + ("wasmtime" if proxy == "weir" else "v8")
        count = 0 if plugin is None else 1
        settings = common.bootstrap(port, upstream.port, count, args.wasm.get(plugin), runtime)
        name = f"{proxy}-{plugin}-{workers}"
        config = self.folder / f"{name}.json"
        if proxy == "weir":
            command = [args.weir, "serve", "-c", config, "--workers", workers, "--log-level", "warn"]
        else:
            settings = common.lighten_for_envoy(settings)
            command = [args.envoy, "-c", config, "--concurrency", workers, "--log-level", "warning"]
            command += ["--disable-hot-restart"]
        config.write_text(json.dumps(settings))
        server = self.start(name, port, [str(part) for part in command])
        server.http2_port = port
        return server


def processes_of(server):
    """The process and its children: nginx serves in those."""
    pid = server.process.pid
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_seconds(server):
    return sum(processor_time.cpu_seconds(pid) for pid in processes_of(server))


def memory_bytes(server):
    """What all its processes have to themselves, and their part of what they share."""
    total = 0
    for pid in processes_of(server):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * KIB
    return total


class Proxy:
    """A server and what was measured of it; Series asks it as it asks a common.Server."""

    def __init__(self, server):
        self.server = server
        self.memory = memory_bytes(server)

    def url(self, protocol, size):
        port = self.server.http2_port if protocol == "HTTP/2" else self.server.port
        return f"http://127.0.0.1:{port}/{size}"


class Series(common.Series):
    def measure_proxy(self, proxy, protocol, size, seconds):
        class Server:
            """One protocol and path of a proxy."""

            @staticmethod
            def cpu_seconds():
                return cpu_seconds(proxy.server)

            @staticmethod
            def url():
                return proxy.url(protocol, size)

        self.measure(Server, common.LOADS[protocol], seconds)


def compile_noop(folder):
    wasm = folder / "noop.wasm"
    subprocess.run(["wat2wasm", REPO / "bench/guests/noop.wat", "-o", wasm], check=True)
    return wasm


def measure(args, servers, upstream):
    """Series by case and proxy, memory by plugin and proxy."""
    series, memory = {}, {}
    for workers in args.workers:
        running = {}
        for plugin in args.plugins:
            for proxy in PROXIES:
                if proxy == "nginx" and plugin is not None:
                    continue
                running[plugin, proxy] = Proxy(servers.start_proxy(proxy, args, plugin, upstream, workers))
        for turn in range(args.rounds):
            print(f"{workers} workers, round {turn + 1} of {args.rounds}", file=sys.stderr)
            for protocol in common.LOADS:
                for size in args.bodies:
                    # None always goes first.
                    order = sorted(running, key=str)
                    order = order[turn % len(order) :] + order[: turn % len(order)]
                    for plugin, proxy in order:
                        case = (workers, protocol, size, plugin)
                        of = series.setdefault(case, {}).setdefault(proxy, Series())
                        of.measure_proxy(running[plugin, proxy], protocol, size, args.seconds)
        for (plugin, proxy), known in running.items():
            memory[f"{workers} {plugin or 'none'} {proxy}"] = {
                "idle": known.memory,
                "after_load": memory_bytes(known.server),
            }
            servers.end(known.server)
    return series, memory


def idle_connections(args, servers, upstream):
    """What a connection takes that has asked once and asks nothing more: bytes, by proxy and number."""
    taken = {}
    for proxy in PROXIES:
        server = servers.start_proxy(proxy, args, None, upstream, 1)
        before = memory_bytes(server)
        clients = []
        for count in args.idle:
            while len(clients) < count:
                client = socket.create_connection(("127.0.0.1", server.port))
                client.sendall(b"GET /ready HTTP/1.1\r\nhost: a\r\n\r\n")
                client.recv(4096)
                clients.append(client)
            taken[f"{proxy} {count}"] = (memory_bytes(server) - before) / count
        for client in clients:
            client.close()
        servers.end(server)
    return taken


def print_table(results):
    print("\nCPU of the proxy for one request, in microseconds (least, median); requests per second, median")
    head = ("workers", "protocol", "bytes", "plugin", "proxy", "least", "median", "req/s", "of Weir's CPU")
    print("{:8}{:9}{:>7} {:12}{:7}{:>9}{:>9}{:>10}{:>15}".format(*head))
    for row in results:
        print(
            f"{row['workers']:<8}{row['protocol']:9}{row['bytes']:>7} {row['plugin']:12}{row['proxy']:7}"
            f"{row['cpu_us_min']:>9.1f}{row['cpu_us_median']:>9.1f}"
            f"{row['requests_per_second_median']:>10.0f}{row['cpu_of_weirs']:>15.2f}"
        )


def rows_of(series):
    rows = []
    for (workers, protocol, size, plugin), by_proxy in series.items():
        weir = by_proxy["weir"].summary()
        for proxy, of in by_proxy.items():
            summary = of.summary()
            rows.append(
                {
                    "workers": workers,
                    "protocol": protocol,
                    "bytes": size,
                    "plugin": plugin or "none",
                    "proxy": proxy,
                    **summary,
                    "cpu_of_weirs": summary["cpu_us_median"] / weir["cpu_us_median"],
                }
            )
    return rows


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--weir", default=REPO / "build/bin/weir", help="the program to measure")
    parser.add_argument("--envoy", help="default: the one that scripts/setup/envoy.sh installs")
    parser.add_argument("--header-edit", default=REPO / "build/guests/header-edit-rust.wasm", type=pathlib.Path)
    parser.add_argument("--bodies", default="1024,65536", type=numbers, help="bytes of responses")
    parser.add_argument("--workers", default="1,2", type=numbers)
    parser.add_argument("--idle", default="1,10,100,1000,10000", type=numbers, help="numbers of idle connections")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="the length of one measurement")
    parser.add_argument("--json", type=pathlib.Path, default=REPO / "build/bench/serve_beside.json")
    args = parser.parse_args()
    if args.envoy is None:
        setup = REPO / "scripts/setup/envoy.sh"
        common.run([setup])
        args.envoy = pathlib.Path(common.run([setup, "--prefix"]).strip()) / "bin/envoy"
    args.plugins = [None, "noop", "header-edit"]
    args.idle.sort()
    return args


def main():
    args = parse_arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(args.idle, default=0) + 1000
    if hard != resource.RLIM_INFINITY and hard < wanted:
        sys.exit(f"{hard} open files are allowed: too few for {wanted - 1000} idle connections; see --idle")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * wanted)), hard))
    known = common.versions(args)
    print("versions: " + ", ".join(f"{name} {version}" for name, version in known.items()))
    print(f"load average at the start: {os.getloadavg()[0]:.2f}; numbers count on an idle machine only")
    with Servers() as servers:
        args.wasm = {"noop": compile_noop(servers.folder), "header-edit": args.header_edit.resolve()}
        upstream = servers.start_sized_upstream(args.bodies)
        series, memory = measure(args, servers, upstream)
        idle = idle_connections(args, servers, upstream)
    rows = rows_of(series)
    print_table(rows)
    print("\nMiB of memory (proportional set): workers, plugin, proxy; when started, after the load")
    for name, of in memory.items():
        print(f"  {name:26}{of['idle'] / KIB**2:>8.1f}{of['after_load'] / KIB**2:>8.1f}")
    print("\nKiB for each idle connection: proxy, number of them")
    for name, size in idle.items():
        print(f"  {name:26}{size / KIB:>8.2f}")
    args.json.parent.mkdir(parents=True, exist_ok=True)
    result = {"versions": known, "results": rows, "memory": memory, "idle_connections": idle}
    args.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
