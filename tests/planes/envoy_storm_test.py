"""A stock Envoy through many updates, drains and faults under load: nothing is left behind, and no
request is lost that a fault does not concern. Beside Envoy's own Wasm filter, which is another story."""

import json
import os
import subprocess
import time
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import Envoy, cluster, listener, plugin_config, wasm_filter, weir_filter
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.load import SteadyLoad
from peers.message import Broken
from peers.tcp import TcpClient
from peers.weir import eventually

_MIB = 1 << 20


class LeakTest(PlaneTest):
    UPDATES = 30

    def config(self, number):
        return plugin_config(
            "http_all",
            guest("http_all"),
            f"scenario=/headers\ntick_ms={1000 + number}",
            vm_id=str(number % 3),
        )

    def start(self, **options):
        self.envoy = Envoy(
            [listener("main", weir_filter(self.config(0)))],
            [cluster("upstream", self.upstream())],
            **options,
        )
        self.addCleanup(self.envoy.stop)

    def request(self):
        client = Http1Client(self.envoy.port)
        try:
            return client.request("/any").headers.get("x-set")
        except Broken:
            return None
        finally:
            client.close()

    def allocated(self):
        return int(json.loads(self.envoy.page("/memory")[1])["allocated"])

    def update(self, first, count):
        for number in range(first, first + count):
            before = self.envoy.stat("listener_manager.listener_create_success")
            self.envoy.update([listener("main", weir_filter(self.config(number)))])
            eventually(
                lambda: self.envoy.stat("listener_manager.listener_create_success") > before,
                "the new listener",
            )
            eventually(lambda: self.request() == "guest", "the new plugin")

    def test_many_updates_leave_no_instance_and_no_memory(self):
        self.start(workers=2, dynamic=True)
        self.update(1, 6)
        rss, allocated = self.envoy.rss_bytes(), self.allocated()
        self.update(7, self.UPDATES)
        created = self.envoy.stat("wasmcustom.wasm.wasmtime.created")
        self.assertGreater(created, self.UPDATES)

        def active():
            self.request()
            return self.envoy.stat("wasmcustom.wasm.wasmtime.active")

        # One on each worker; what was replaced ends at its worker's next event.
        eventually(lambda: active() <= 2, "old instances to end")
        self.assertLess(self.envoy.rss_bytes() - rss, 40 * _MIB)
        # Envoy exports its allocator's malloc, and so the module uses it, too: nothing of a listener is left.
        self.assertLess(self.allocated() - allocated, 4 * _MIB)

    def test_listeners_drain_and_the_process_ends_in_order(self):
        self.start(workers=2)
        client = self.client(self.envoy.port)
        self.assertEqual(client.request("/any").headers.get("x-set"), "guest")
        self.assertEqual(self.envoy.page("/drain_listeners", "POST")[0], 200)
        client.close()
        self.envoy.stop()  # an end in disorder is an error

    def test_a_hot_restart_hands_over(self):
        """Two epochs of one Envoy: the second takes the sockets, the first ends by itself."""
        base = str(10_000 + os.getpid() % 5_000)
        hot = ["--base-id", base, "--parent-shutdown-time-s", "1"]
        self.start(hot_restart=[*hot, "--restart-epoch", "0"])
        first = self.envoy
        self.assertEqual(self.request(), "guest")
        port = first.port
        second_listener = listener("main", weir_filter(self.config(1)))
        second_listener["address"]["socket_address"]["port_value"] = port
        self.envoy = Envoy(
            [second_listener],
            [cluster("upstream", self.upstream())],
            hot_restart=[*hot, "--restart-epoch", "1"],
        )
        self.addCleanup(self.envoy.stop)
        self.assertEqual(self.request(), "guest")
        self.assertEqual(first.process.wait(30), 0)
        self.assertEqual(self.request(), "guest")


class UnderLoadTest(PlaneTest):
    """A plugin that fails in every way, beside one that does not, on one worker."""

    FAULTS = ("panic", "loop", "memory", "recursion")

    def start(self, isolation):
        options = {
            "plugin": plugin_config("faults", guest("faults"), vm_id="bad"),
            "limits": {"call_cpu_time": "0.1s", "max_memory_bytes": 32 * _MIB},
            "isolation": isolation,
        }
        good = plugin_config("good", guest("http_all"), "scenario=/headers", vm_id="good")
        self.envoy = Envoy(
            [
                listener("bad", weir_filter(options, name="faults")),
                listener("good", weir_filter(good)),
            ],
            [cluster("upstream", self.upstream(Http2Upstream))],
        )
        self.addCleanup(self.envoy.stop)
        return self.envoy.ports

    def fail_under_load(self, isolation):
        bad, good = self.start(isolation)
        load = SteadyLoad(Http2Client, good, connections=2)
        same = SteadyLoad(Http2Client, bad, connections=2, path="/fine")
        client = self.client(bad, Http2Client)
        for fault in self.FAULTS:
            self.assertEqual(client.request(f"/{fault}").status, 503)
            self.assertEqual(client.request("/fine").status, 200)
        statuses = [answer.status for answer in load.stop()]
        self.assertEqual(set(statuses), {200})
        self.assertGreater(len(statuses), 5)
        return [answer.status for answer in same.stop()]

    def test_with_an_instance_for_each_stream_a_fault_costs_one(self):
        self.assertEqual(set(self.fail_under_load("STREAM")), {200})

    def test_with_a_shared_instance_it_costs_those_that_were_open(self):
        statuses = self.fail_under_load("SHARED")
        self.assertLessEqual(statuses.count(503), 2 * len(self.FAULTS))  # one on each connection


class SideBySideTest(PlaneTest):
    """What stock Envoy's own filter does with the same plugin, so that it is known when that changes."""

    def start(self):
        plugin = plugin_config("faults", guest("faults"))
        envoy = Envoy(
            [listener("ours", weir_filter(plugin)), listener("theirs", wasm_filter(plugin))],
            [cluster("upstream", self.upstream(Http1Upstream))],
        )
        self.addCleanup(envoy.stop)
        return envoy.ports

    def test_a_trap(self):
        ours, theirs = (self.client(port) for port in self.start())
        for client in (ours, theirs):
            self.assertEqual(client.request("/fine").status, 200)
            self.assertEqual(client.request("/panic").status, 503)
        self.assertEqual([ours.request("/fine").status for _ in range(3)], [200] * 3)
        self.assertEqual([theirs.request("/fine").status for _ in range(3)], [503] * 3)

    def test_an_endless_loop(self):
        """In Envoy's own filter it holds the only worker for good: the request is never answered, nor
        any other, and SIGTERM does not end the process."""
        plugin = plugin_config("faults", guest("faults"))
        envoy = Envoy(
            [listener("ours", weir_filter(plugin)), listener("theirs", wasm_filter(plugin))],
            [cluster("upstream", self.upstream(Http1Upstream))],
        )
        try:
            ours, theirs = self.client(envoy.ports[0]), TcpClient(envoy.ports[1])
            self.addCleanup(theirs.close)
            self.assertEqual(ours.request("/loop").status, 503)
            self.assertEqual(ours.request("/fine").status, 200)
            theirs.send(b"GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
            time.sleep(0.5)
            other = TcpClient(envoy.ports[0])
            self.addCleanup(other.close)
            other.socket.settimeout(1)
            other.send(b"GET /fine HTTP/1.1\r\nhost: a\r\n\r\n")
            with self.assertRaises(TimeoutError):
                other.receive(1)
            envoy.process.terminate()
            with self.assertRaises(subprocess.TimeoutExpired):
                envoy.process.wait(2)
        finally:
            envoy.kill()


if __name__ == "__main__":
    unittest.main()
