"""Every engine in one process, each with plugins of its own, and none in another's way."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import faults_test
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client
from peers.http2 import Http2Upstream
from peers.load import SteadyLoad, Streams
from peers.loop import PATIENCE_S
from peers.weir import BINARY

# The fault, and the kind that it is counted as, on every engine.
FAULTS = [
    ("panic", "unreachable"),
    ("loop", "deadline"),
    ("loop-calls", "deadline"),
    ("memory", "out_of_memory"),
    ("recursion", "stack_overflow"),
    ("exit", "proc_exit"),
    ("wild-read", "memory_bounds"),
]
LIMITS = {"max_memory_bytes": 32 << 20}
# Interpreters need longer; and what an adapter compiles, it compiles before.
LIMITS_UNDER_LOAD = {"call_cpu_time": "1s", **LIMITS}


def engines():
    """The engines that run wasm and are there. In CI none may be missing, save one that needs another
    C library than a build with sanitizers can have."""
    listed = subprocess.run([BINARY, "engines", "--json"], capture_output=True, text=True, check=True)
    told = [engine for engine in json.loads(listed.stdout)["engines"] if engine["name"] != "null"]
    missing = [engine["error"] for engine in told if "error" in engine]
    for error in missing:
        print("not tested:", error)
        excused = "C library newer" in error and "this build has sanitizers" in listed.stderr
        if os.environ.get("CI") == "true" and not excused:
            raise AssertionError(error)
    return [engine["name"] for engine in told if "error" not in engine]


class EnginesTest(PlaneTest):
    def setUp(self):
        self.engines = engines()
        upstream = self.upstream(Http2Upstream)
        listeners = [
            listener(
                name,
                plugin("good-" + name, guest("http_all"), engine=name, limits=LIMITS_UNDER_LOAD),
            )
            for name in self.engines
        ] + [
            listener("bad-" + name, plugin("bad-" + name, guest("faults"), engine=name, limits=LIMITS))
            for name in self.engines
        ]
        self.weir = self.weir(
            bootstrap=bootstrap(listeners, [cluster("upstream", upstream)]),
            workers=2,
            listeners=len(listeners),
            # Some compile for ten seconds what nobody has kept yet.
            patience_s=5 * PATIENCE_S,
        )
        count = len(self.engines)
        self.good_ports = dict(zip(self.engines, self.weir.ports[:count]))
        self.bad_ports = dict(zip(self.engines, self.weir.ports[count:]))

    def failures(self, engine, kind):
        return self.weir.stats().get(f"wasm.bad-{engine}.failed.{kind}", 0)

    def test_each_serves_its_plugin(self):
        told = {entry["name"]: entry["engine"] for entry in self.weir.plugins()}
        for name, port in self.good_ports.items():
            with self.subTest(engine=name):
                self.assertEqual(told["good-" + name], name)
                response = self.client(port).request("/local-response")
                self.assertEqual(response.status // 100, 4)

    def test_each_fails_alone(self):
        loads = {
            name: SteadyLoad(Http1Client, port, connections=2, path="/local-response")
            for name, port in self.good_ports.items()
        }
        for round_number in range(1, 3):
            for fault, kind in FAULTS:
                for name, port in self.bad_ports.items():
                    with self.subTest(engine=name, fault=fault, round=round_number):
                        before = self.failures(name, kind)
                        client = self.client(port)
                        self.assertEqual(client.request(f"/{fault}").status, 503)
                        self.assertEqual(self.failures(name, kind), before + 1)
                        self.assertEqual(client.request("/next").status, 200)
        for name, load in loads.items():
            statuses = [answer.status for answer in load.stop()]
            with self.subTest(engine=name):
                self.assertGreater(len(statuses), 0)
                self.assertEqual({status // 100 for status in statuses}, {4})


class StreamIsolationTest(faults_test.FaultCase):
    """Streams that have an instance of their own, on every engine: a fault costs its own stream alone."""

    HELD = 20
    FAULTS = [
        ("unreachable", "unreachable"),
        ("loop", "deadline"),
        ("recursion", "stack_overflow"),
        ("wild", "memory_bounds"),
        ("memory", "out_of_memory"),
    ]

    def test_a_fault_costs_its_own_stream(self):
        names = engines()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        module = pathlib.Path(folder.name) / "small_faults.wasm"
        source = pathlib.Path(__file__).parent / "modules" / "small_faults.wat"
        subprocess.run(["wat2wasm", source, "-o", module], check=True)
        plugins = [
            plugin(name, module, engine=name, limits=LIMITS, isolation="STREAM") for name in names
        ]
        clients = self.serve(*[listener(it["name"], it) for it in plugins])
        held = {name: Streams(port, self.HELD, "/held") for name, port in zip(names, self.weir.ports)}
        self.wait_for_held(self.HELD * len(names))
        for fault, kind in self.FAULTS:
            for name, client in zip(names, clients):
                with self.subTest(engine=name, fault=fault):
                    self.assertEqual(client.request(f"/{fault}").status, 503)
                    self.assertEqual(self.weir.stat(f"wasm.{name}.failed.{kind}"), 1)
                    self.assertEqual(client.request("/next").status, 200)
        self.handler.gate.open()
        for name, streams in held.items():
            with self.subTest(engine=name):
                self.assertEqual(streams.statuses(), {200: self.HELD})
        for told in self.weir.plugins():
            self.assertEqual(told["workers"][0]["state"], "running")


class CompilerProcessTest(unittest.TestCase):
    """WasmEdge compiles in a process of its own, which nobody needs without the one that started it."""

    def setUp(self):
        if "wasmedge-aot" not in engines():
            self.skipTest("wasmedge-aot is not there")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def compile(self, temporary):
        return subprocess.Popen(
            [BINARY, "compile", guest("go_http"), "--engine", "wasmedge-aot", "-o", os.devnull],
            env={**os.environ, "TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def compilers(self):
        """The processes that compile in the test's folder."""
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = entry.read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended
            in_folder = any(word.startswith(bytes(self.folder)) for word in words)
            if in_folder and any(word.endswith(b"/weir-wasmedge-compile") for word in words):
                found.append(int(entry.parent.name))
        return found

    def wait_until(self, what, done):
        end = time.monotonic() + PATIENCE_S
        while not done():
            self.assertLess(time.monotonic(), end, what)
            time.sleep(0.05)

    def test_it_ends_with_the_one_that_waits_for_it(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(signal=number):
                weir = self.compile(self.folder)
                self.addCleanup(weir.wait)
                self.addCleanup(weir.stderr.close)
                self.wait_until("nothing compiles", self.compilers)
                weir.send_signal(number)
                self.assertEqual(weir.wait(), -number)
                self.wait_until("it still compiles", lambda: not self.compilers())
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_missing_temporary_folder_is_named(self):
        missing = self.folder / "missing"
        weir = self.compile(missing)
        self.assertIn(
            f"no folder to compile in can be made in {missing}, which TMPDIR names: No such file or "
            "directory; set TMPDIR to a folder where this process may write",
            weir.communicate()[1],
        )
        self.assertNotEqual(weir.returncode, 0)


if __name__ == "__main__":
    unittest.main()
