"""Guests that fail in every way, in a stock Traffic Server: the server stays up, and a fault costs the
streams of its own instance."""

import re
import unittest

import faults_test as everywhere
from peers import loop
from peers.ats import TrafficServer, plugin_options
from peers.bootstrap import plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client
from peers.message import make_request
from peers.weir import eventually

_BAD = "bad.test"


class FaultCase(PlaneTest):
    STREAMS = 200

    def serve(self, threads=2, **options):
        """A server whose rule for one host has the plugin that fails, and for all others a good one."""
        self.handler = everywhere.Gated()
        up = self.upstream(respond=self.handler)
        options = {"limits": everywhere.LIMITS, **options}
        bad = plugin_options(plugin("faults", guest("faults"), **options))
        good = plugin_options(plugin("good", guest("http_all")))
        rules = [(f"http://{_BAD}/", [bad], up), ("/", [good], up)]
        self.weir = TrafficServer(up, rules=rules, threads=threads)
        self.addCleanup(self.weir.stop)
        return self.client(self.weir.port)

    def wait_for_held(self, count):
        eventually(lambda: self.handler.gate.waiting == count, f"{count} streams to be under way")

    def hold(self, count, authority="weir.test"):
        """Streams that wait for the origin: futures of their responses."""
        client = Http1Client(self.weir.port)
        request = make_request("/held", authority=authority)
        answers = [loop.start(client.exchange(request)) for _ in range(count)]
        self.wait_for_held(count)
        return answers

    def statuses(self, answers):
        return {answer.result(loop.PATIENCE_S).status for answer in answers}

    def ask_bad(self, client, path, **parts):
        return client.request(path, authority=_BAD, **parts)

    def failure_lines(self):
        return self.weir.lines(r"ERROR: .*plugin 'faults': ")


class SharedTest(FaultCase):
    def test_a_fault_costs_no_stream_of_another_plugin(self):
        client = self.serve()
        held = self.hold(self.STREAMS)
        for number, (fault, _, function) in enumerate(everywhere.TRAPS, start=1):
            with self.subTest(fault=fault):
                self.assertEqual(self.ask_bad(client, f"/{fault}").status, 503)
                self.weir.wait_for_line(rf"plugin 'faults': .*proxy_on_request_headers: .*({function})")
                eventually(lambda: len(self.failure_lines()) == number, f"{number} failures")
                self.assertEqual(self.ask_bad(client, "/next").status, 200)
        for fault, status in everywhere.REFUSALS:
            with self.subTest(fault=fault):
                response = self.ask_bad(client, f"/{fault}")
                self.assertEqual(response.headers.get("x-status"), status)
        self.handler.gate.open()
        self.assertEqual(self.statuses(held), {200})

    def test_streams_of_the_failed_instance_are_answered(self):
        """While their origin still lets the server wait."""
        client = self.serve(threads=1)
        held = self.hold(30, _BAD)
        self.assertEqual(self.ask_bad(client, "/panic").status, 503)
        self.assertEqual(self.statuses(held), {503})
        self.handler.gate.open()
        self.assertEqual(self.ask_bad(client, "/next").headers.get("x-seen"), "1")

    def test_or_go_on_without_the_plugin_where_it_fails_open(self):
        client = self.serve(threads=1, failure_policy="FAIL_OPEN")
        held = self.hold(30, _BAD)
        response = self.ask_bad(client, "/panic", method="POST", body=b"goes on")
        self.assertEqual((response.status, response.body), (200, b"goes on"))
        self.handler.gate.open()
        self.assertEqual(self.statuses(held), {200})


class StreamIsolationTest(FaultCase):
    def test_a_fault_costs_its_own_stream(self):
        client = self.serve(isolation="STREAM")
        held = self.hold(self.STREAMS, _BAD)
        for fault, _, _ in everywhere.TRAPS:
            with self.subTest(fault=fault):
                self.assertEqual(self.ask_bad(client, f"/{fault}").status, 503)
                self.assertEqual(self.ask_bad(client, "/next").headers.get("x-seen"), "1")
        self.handler.gate.open()
        self.assertEqual(self.statuses(held), {200})


class StormTest(FaultCase):
    """500 clients at once, of which a tenth bring a fault each."""

    CLIENTS = 500
    THREADS = 2
    FAULTS = ("panic", "loop", "memory", "exit")

    def storm(self, isolation):
        """The statuses of requests under way by what they ask for: those of another plugin, those of the
        one that fails, and those that make it fail."""
        self.serve(
            self.THREADS,
            isolation=isolation,
            limits={**everywhere.LIMITS, "call_cpu_time": "0.02s"},
            failure_policy="FAIL_RELOAD",
        )
        client = Http1Client(self.weir.port)

        def ask(path, authority):
            return loop.start(client.exchange(make_request(path, authority=authority)))

        others = [ask("/held", "weir.test") for _ in range(150)]
        beside = [ask("/held", _BAD) for _ in range(300)]
        self.wait_for_held(len(others) + len(beside))
        failing = [ask(f"/{self.FAULTS[i % len(self.FAULTS)]}", _BAD) for i in range(50)]
        self.assertEqual(len(others) + len(beside) + len(failing), self.CLIENTS)
        self.assertEqual(self.statuses(failing), {503})
        if isolation == "SHARED":
            eventually(self.failed_everywhere, "the instances of all threads to fail")
        self.handler.gate.open()
        return [[one.result(loop.PATIENCE_S).status for one in asked] for asked in (others, beside)]

    def failed_everywhere(self):
        """Which of its threads the server gives a connection to nobody knows: one that has been given none of those
        that fail gets another try."""
        threads = {re.search(r"ET_NET \d+", line)[0] for line in self.failure_lines()}
        if len(threads) < self.THREADS:
            client = Http1Client(self.weir.port)
            loop.run(client.exchange(make_request("/panic", authority=_BAD)))
        return len(threads) == self.THREADS

    def test_stream_isolation_loses_no_other_transaction(self):
        others, beside = self.storm("STREAM")
        self.assertEqual(set(others), {200})
        self.assertEqual(set(beside), {200})
        self.assertEqual(self.ask_bad(self.client(self.weir.port), "/next").headers.get("x-seen"), "1")

    def test_a_shared_instance_loses_what_was_open_in_it_and_each_is_answered(self):
        others, beside = self.storm("SHARED")
        self.assertEqual(set(others), {200})
        # All that were open in the threads' instances are answered for.
        self.assertEqual(set(beside), {503})
        client = self.client(self.weir.port)
        eventually(lambda: self.ask_bad(client, "/next").status == 200, "an instance that serves")

    def test_new_transactions_pass_while_instances_fail(self):
        """Half of the clients are the good plugin's, and all of these pass."""
        self.serve(limits={**everywhere.LIMITS, "call_cpu_time": "0.02s"})
        faults = [fault for fault, _, _ in everywhere.TRAPS]
        client = Http1Client(self.weir.port)
        good, bad = [], []
        for i in range(self.CLIENTS // 2):
            good.append(loop.start(client.exchange(make_request("/other"))))
            path = f"/{faults[i % len(faults)]}"
            bad.append(loop.start(client.exchange(make_request(path, authority=_BAD))))
        self.assertEqual(self.statuses(good), {200})
        self.assertEqual(self.statuses(bad), {503})


class PhaseTest(FaultCase):
    def test_in_the_response(self):
        client = self.serve()
        self.assertEqual(self.ask_bad(client, "/panic/response").status, 503)
        self.assertEqual(self.ask_bad(client, "/next").status, 200)

    def test_in_the_request_body(self):
        client = self.serve()
        self.assertEqual(self.ask_bad(client, "/panic/body", method="POST", body=b"b").status, 503)
        self.assertEqual(self.ask_bad(client, "/next").status, 200)

    def test_when_the_stream_is_logged(self):
        client = self.serve()
        self.assertEqual(self.ask_bad(client, "/panic/log").status, 200)
        self.weir.wait_for_line(r"plugin 'faults': proxy_on_log: ")
        self.assertEqual(self.ask_bad(client, "/next").status, 200)


if __name__ == "__main__":
    unittest.main()
