"""Guests that fail in every way (tests/guests/README.md, faults): a fault costs the streams of
its own instance, and nothing else."""

import json
import pathlib
import signal
import subprocess
import tempfile
import unittest

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http2 import Http2Upstream
from peers.load import Streams
from peers.message import echo
from peers.weir import eventually

# The fault, its counter's name, and a function that the backtrace names.
TRAPS = [
    ("panic", "unreachable", "rust_panic"),
    ("loop", "deadline", "commit"),
    ("loop-calls", "deadline", "commit"),
    ("memory", "out_of_memory", "exhaust_memory|commit"),
    ("recursion", "stack_overflow", "recurse"),
    ("exit", "proc_exit", "exit"),
    ("wild-read", "memory_bounds", "commit"),
]
# What the host refuses: the fault, and the status that it answers, a number of the ABI.
REFUSALS = [
    ("wild-log", "6"),
    ("wild-out", "6"),
    ("huge-map", "0"),  # and it changes nothing
    ("flood-shared-data", "10"),
    ("flood-queue", "1"),
]
# So that the guest is at its limits before its time is over.
LIMITS = {
    "max_memory_bytes": 32 << 20,
    "max_shared_data_bytes": 4 << 20,
    "max_queue_bytes": 4 << 20,
}


class Gated:
    """An upstream's handler that holds requests of one path until the gate opens."""

    def __init__(self):
        self.gate = loop.Gate()

    async def __call__(self, request):
        if request.path == "/held":
            await self.gate.passed()
        return await echo(request)


class FaultCase(PlaneTest):
    def serve(self, *listeners, workers=1):
        self.handler = Gated()
        self.upstream = self.upstream(Http2Upstream, respond=self.handler)
        config = bootstrap(listeners, [cluster("upstream", self.upstream)])
        self.weir = self.weir(bootstrap=config, workers=workers, listeners=len(listeners))
        return [self.client(port) for port in self.weir.ports]

    def wait_for_held(self, count):
        eventually(lambda: self.handler.gate.waiting == count, f"{count} streams to be under way")

    def failures(self):
        """Failed instances by kind."""
        prefix = "wasm.faults.failed."
        return {
            name.removeprefix(prefix): value
            for name, value in self.weir.stats().items()
            if name.startswith(prefix)
        }

    def failure_lines(self):
        return self.weir.lines(r"\[error\] plugin 'faults': ")


class IsolationTest(FaultCase):
    STREAMS = 1000

    def send_following(self):
        """Streams of the good plugin, answered by itself."""
        url = f"http://127.0.0.1:{self.weir.ports[0]}/local-response"
        command = ["h2load", "-n", str(self.STREAMS), "-c", "10", "-m", "50", url]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        self.assertIn(f"{self.STREAMS} done, 0 succeeded", done.stdout)
        self.assertIn("0 errored, 0 timeout", done.stdout)
        self.assertIn(f"status codes: 0 2xx, 0 3xx, {self.STREAMS} 4xx, 0 5xx", done.stdout)

    def test_a_fault_costs_no_stream_of_another_plugin(self):
        good = plugin("good", guest("http_all"))
        bad = plugin("faults", guest("faults"), limits=LIMITS)
        _, client = self.serve(
            listener("good", good, timeout="0s"), listener("bad", bad), workers=2
        )
        held = Streams(self.weir.ports[0], self.STREAMS, "/held")
        self.wait_for_held(self.STREAMS)
        for number, (fault, kind, function) in enumerate(TRAPS, start=1):
            with self.subTest(fault=fault):
                before = self.failures().get(kind, 0)
                self.assertEqual(client.request(f"/{fault}").status, 503)
                self.send_following()
                self.assertEqual(self.failures()[kind], before + 1)
                lines = self.failure_lines()
                self.assertEqual(len(lines), number)
                self.assertRegex(lines[-1], rf"proxy_on_request_headers: .*\b\w*({function})")
                self.assertEqual(client.request("/next").status, 200)
        for fault, status in REFUSALS:
            with self.subTest(fault=fault):
                response = client.request(f"/{fault}")
                self.assertEqual(response.status, 200)
                self.assertEqual(response.headers.get("x-status"), status)
                self.send_following()
        self.assertEqual(len(self.failure_lines()), len(TRAPS))
        self.handler.gate.open()
        self.assertEqual(held.statuses(), {200: self.STREAMS})


class PolicyTest(FaultCase):
    """Streams of the instance that fails."""

    STREAMS = 30

    def fail_with_streams_under_way(self, **options):
        (client,) = self.serve(listener("bad", plugin("faults", guest("faults"), **options)))
        held = Streams(self.weir.port, self.STREAMS, "/held")
        self.wait_for_held(self.STREAMS)
        return client, held

    def test_closed_they_are_answered_with_503(self):
        client, held = self.fail_with_streams_under_way()
        self.assertEqual(client.request("/panic").status, 503)
        self.assertEqual(held.statuses(), {503: self.STREAMS})
        self.assertEqual(len(self.failure_lines()), 1)

    def test_open_they_go_on_without_the_plugin(self):
        client, held = self.fail_with_streams_under_way(failure_policy="FAIL_OPEN")
        response = client.request("/panic", method="POST", body=b"goes on")
        self.assertEqual((response.status, response.body), (200, b"goes on"))
        self.assertNotIn("x-seen", response.headers)
        self.handler.gate.open()
        self.assertEqual(held.statuses(), {200: self.STREAMS})

    def test_the_next_stream_has_a_fresh_instance(self):
        (client,) = self.serve(listener("bad", plugin("faults", guest("faults"))))
        self.assertEqual(client.request("/").headers.get("x-seen"), "1")
        self.assertEqual(client.request("/").headers.get("x-seen"), "2")
        self.assertEqual(client.request("/panic").status, 503)
        self.assertEqual(client.request("/").headers.get("x-seen"), "1")
        (told,) = self.weir.plugins()
        self.assertEqual(told["workers"][0]["failures"], 1)
        self.assertIn("unreachable", told["workers"][0]["last_failure"])
        self.assertEqual(self.weir.page("/ready?plugins"), (200, "LIVE\n"))
        self.assertEqual(self.weir.stat("wasm.faults.vm_reload_success"), 1)

    def test_repeated_failures_back_off(self):
        options = {"reload_config": {"backoff": {"base_interval": "3600s"}}}
        (client,) = self.serve(listener("bad", plugin("faults", guest("faults"), **options)))
        statuses = [client.request("/panic").status for _ in range(50)]
        self.assertEqual(set(statuses), {503})
        self.assertGreater(self.weir.stat("wasm.faults.vm_reload_backoff"), 0)
        (told,) = self.weir.plugins()
        self.assertEqual(told["workers"][0]["state"], "backing_off")
        self.assertEqual(self.weir.page("/ready"), (200, "LIVE\n"))
        status, why = self.weir.page("/ready?plugins")
        self.assertEqual(status, 503)
        self.assertRegex(why, "plugin 'faults' cannot be started on 1 of 1 workers: .*unreachable")

    def test_a_reload_starts_what_backs_off(self):
        """SIGHUP is what one does about a plugin that has failed too often: it does not wait."""
        options = {"reload_config": {"backoff": {"base_interval": "3600s"}}}
        (client,) = self.serve(listener("bad", plugin("faults", guest("faults"), **options)), workers=2)
        backing_off = {"backing_off"}
        eventually(
            lambda: client.request("/panic") and self.states() == backing_off, "both workers to back off"
        )
        self.weir.signal(signal.SIGHUP)
        eventually(lambda: json.loads(self.weir.page("/updates")[1])["accepted"] == 1, "the reload")
        self.assertEqual(self.states(), {"running"})
        self.assertEqual({client.request("/").status for _ in range(10)}, {200})

    def states(self):
        (told,) = self.weir.plugins()
        return {worker["state"] for worker in told["workers"]}


class StreamIsolationTest(FaultCase):
    """Streams that have an instance of their own."""

    STREAMS = 100

    def serve_isolated(self, **options):
        limits = {**LIMITS, **options.pop("limits", {})}
        isolated = plugin(
            "faults", guest("faults"), limits=limits, isolation="STREAM", **options
        )
        (client,) = self.serve(listener("bad", isolated))
        return client

    def worker(self):
        return self.weir.plugins()[0]["workers"][0]

    def test_a_fault_costs_its_own_stream(self):
        client = self.serve_isolated()
        held = Streams(self.weir.port, self.STREAMS, "/held")
        self.wait_for_held(self.STREAMS)
        self.assertEqual(self.worker()["stream_instances"], self.STREAMS)
        for number, (fault, kind, function) in enumerate(TRAPS, start=1):
            with self.subTest(fault=fault):
                before = self.failures().get(kind, 0)
                self.assertEqual(client.request(f"/{fault}").status, 503)
                self.assertEqual(self.failures()[kind], before + 1)
                lines = self.failure_lines()
                self.assertEqual(len(lines), number)
                self.assertRegex(lines[-1], rf"proxy_on_request_headers: .*\b\w*({function})")
                # Each stream is the first of its instance.
                self.assertEqual(client.request("/next").headers.get("x-seen"), "1")
        self.handler.gate.open()
        self.assertEqual(held.statuses(), {200: self.STREAMS})
        self.assertEqual(self.weir.plugins()[0]["isolation"], "STREAM")
        self.assertEqual(self.worker()["state"], "running")
        eventually(lambda: self.worker()["stream_instances"] == 0, "the instances to go")
        self.assertEqual(self.worker()["stream_memory_bytes"], 0)

    def test_failures_without_end_make_no_stream_wait(self):
        client = self.serve_isolated()
        for _ in range(50):
            self.assertEqual(client.request("/panic").status, 503)
            self.assertEqual(client.request("/next").status, 200)
        self.assertEqual(self.failures(), {"unreachable": 50})
        # The log has a burst of lines, and then one each second.
        lines = self.failure_lines()
        self.assertGreaterEqual(len(lines), 20)
        self.assertLess(len(lines), 50)

    def refuse_a_stream(self, policy):
        """What comes when streams have all the memory that they may."""
        client = self.serve_isolated(
            failure_policy=policy, limits={"max_stream_memory_bytes": 4 << 20}
        )
        held = Streams(self.weir.port, 1, "/held")
        self.wait_for_held(1)
        most = (4 << 20) // self.worker()["stream_memory_bytes"]
        more = Streams(self.weir.port, most - 1, "/held")
        self.wait_for_held(most)
        response = client.request("/next")
        self.assertNotIn("x-seen", response.headers)
        self.assertEqual(self.weir.stat("wasm.faults.stream_instances_refused"), 1)
        reason = "no instance for a stream: .*max_stream_memory_bytes"
        self.assertEqual(len(self.weir.lines(reason)), 1)
        self.handler.gate.open()
        self.assertEqual(held.statuses(), {200: 1})
        self.assertEqual(more.statuses(), {200: most - 1})
        self.assertEqual(client.request("/next").headers.get("x-seen"), "1")
        return response.status

    def test_instances_have_a_bound(self):
        self.assertEqual(self.refuse_a_stream("FAIL_CLOSED"), 503)

    def test_a_stream_beyond_it_goes_on_where_the_plugin_fails_open(self):
        self.assertEqual(self.refuse_a_stream("FAIL_OPEN"), 200)


class PhaseTest(FaultCase):
    def serve_one(self):
        (client,) = self.serve(listener("bad", plugin("faults", guest("faults"))))
        return client

    def test_in_the_response(self):
        client = self.serve_one()
        self.assertEqual(client.request("/panic/response").status, 503)
        self.assertEqual(client.request("/next").status, 200)
        self.assertRegex(self.failure_lines()[0], "proxy_on_response_headers: ")

    def test_in_the_request_body(self):
        client = self.serve_one()
        self.assertEqual(client.request("/panic/body", method="POST", body=b"b").status, 503)
        self.assertEqual(client.request("/next").status, 200)

    def test_when_the_stream_is_logged(self):
        client = self.serve_one()
        self.assertEqual(client.request("/panic/log").status, 200)
        self.weir.wait_for_line(r"plugin 'faults': proxy_on_log: ")
        self.assertEqual(client.request("/next").status, 200)


class WildAllocatorTest(FaultCase):
    def test_an_address_from_the_allocator_is_checked(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        module = pathlib.Path(folder.name) / "wild.wasm"
        source = pathlib.Path(__file__).parent / "modules" / "wild_allocator.wat"
        subprocess.run(["wat2wasm", source, "-o", module], check=True)
        (client,) = self.serve(listener("wild", plugin("wild", module)))
        for _ in range(3):
            self.assertEqual(client.request("/").status, 200)
        self.assertEqual(len(self.weir.lines("allocator gave an address outside its memory")), 3)
        self.assertEqual(len(self.weir.lines(r"\[wild\]: survived")), 3)


if __name__ == "__main__":
    unittest.main()
