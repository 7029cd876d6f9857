"""SIGTERM and SIGINT: requests under way are answered, then the process ends."""

import json
import os
import pathlib
import signal
import tempfile
import time
import unittest

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client, Http1Connection
from peers.http2 import Http2Client
from peers.message import Broken, Request, echo
from peers.weir import eventually


class DrainTest(PlaneTest):
    IN_FLIGHT = 20

    def start(self, *arguments):
        self.gate = loop.Gate()

        async def respond(request):
            await self.gate.passed()
            return await echo(request)

        upstream = self.upstream(respond=respond)
        self.weir = self.weir(
            guest("http_all"), "--upstream", upstream.url, *arguments, workers=2
        )

    def begin_requests(self, kind):
        clients = [self.client(self.weir.port, kind) for _ in range(self.IN_FLIGHT)]
        answers = [
            client.start("/body/rewrite", method="POST", body=b"slow") for client in clients
        ]
        eventually(lambda: self.gate.waiting == self.IN_FLIGHT, "all requests to be under way")
        return answers

    def refuses_connections(self):
        try:
            connection = loop.run(Http1Connection.open(self.weir.port))
        except OSError:
            return True
        loop.call(connection.close)
        return False

    def check_drain(self, kind, number):
        self.start()
        answers = self.begin_requests(kind)
        self.weir.signal(number)
        eventually(lambda: self.weir.page("/ready") == (503, "DRAINING\n"), "the drain to begin")
        # The page says so a moment before each worker has closed its listeners.
        eventually(self.refuses_connections, "new connections to be refused")
        self.assertIsNone(self.weir.process.poll())
        self.gate.open()
        bodies = {answer.result(loop.PATIENCE_S).body for answer in answers}
        self.assertEqual(bodies, {b"response(request(slow))"})
        self.assertEqual(self.weir.wait(), 0)
        self.assertTrue(self.weir.lines(r"\[info\] drained"))

    def test_sigterm_over_http1(self):
        self.check_drain(Http1Client, signal.SIGTERM)

    def test_sigterm_over_http2(self):
        self.check_drain(Http2Client, signal.SIGTERM)

    def test_sigint(self):
        self.check_drain(Http1Client, signal.SIGINT)

    def test_connections_without_a_request_are_closed(self):
        self.start()
        connection = loop.run(Http1Connection.open(self.weir.port))
        self.addCleanup(loop.call, connection.close)
        self.weir.signal(signal.SIGTERM)
        self.assertTrue(loop.run(connection.at_end()))
        self.assertEqual(self.weir.wait(), 0)

    def test_the_first_request_of_a_connection_is_waited_for(self):
        """Whoever was connected before SIGTERM, and sends after it, is no less served."""
        self.start()
        self.gate.open()
        connections = [loop.run(Http1Connection.open(self.weir.port)) for _ in range(8)]
        self.weir.signal(signal.SIGTERM)
        eventually(lambda: self.weir.page("/ready") == (503, "DRAINING\n"), "the drain to begin")

        async def ask(connection):
            await connection.send(Request("/late"))
            response = await connection.receive()
            return response.status, response.headers.get("connection"), await connection.at_end()

        # At once: they are waited for a second.
        answers = loop.run_all([ask(connection) for connection in connections])
        self.assertEqual(set(answers), {(200, "close", True)})
        for connection in connections:
            loop.call(connection.close)
        self.assertEqual(self.weir.wait(), 0)

    def test_the_drain_time_bounds_the_wait(self):
        self.start("--drain-time", "0.2")
        answers = self.begin_requests(Http1Client)
        self.weir.signal(signal.SIGTERM)
        self.assertEqual(self.weir.wait(), 0)
        for answer in answers:
            self.assertIsInstance(answer.exception(loop.PATIENCE_S), Broken)
        self.assertTrue(self.weir.lines("drain time is over"))

    def test_an_update_whose_plugin_never_ends_its_start_is_broken_off(self):
        """Its deadline is far away: nothing but the end of the process interrupts it."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        file = pathlib.Path(folder.name) / "weir.json"
        self.gate = loop.Gate()

        async def respond(request):
            await self.gate.passed()
            return await echo(request)

        upstream = self.upstream(respond=respond)

        def write(*plugins):
            aside = file.with_suffix(".new")
            config = bootstrap([listener("main", *plugins)], [cluster("upstream", upstream)])
            aside.write_text(json.dumps(config))
            os.rename(aside, file)

        write(plugin("edit", guest("http_all")))
        self.weir = self.weir("-c", file)
        answers = self.begin_requests(Http1Client)
        limits = {"start_cpu_time": "3600s"}
        endless = [
            plugin(name, guest("faults"), configuration="loop", vm_id=name, limits=limits) for name in "ab"
        ]
        write(*endless)
        self.weir.wait_for_line("weir.json has changed")
        # The code is kept compiled, or takes a moment; in any case the process is to end.
        time.sleep(0.5)
        began = time.monotonic()
        self.weir.signal(signal.SIGTERM)
        self.weir.wait_for_line("SIGTERM: draining")
        self.gate.open()
        self.assertEqual({answer.result(loop.PATIENCE_S).status for answer in answers}, {200})
        self.assertEqual(self.weir.wait(), 0)
        self.assertLess(time.monotonic() - began, 20)
        self.assertFalse(self.weir.lines("rejected"))

    def test_a_second_signal_ends_at_once(self):
        self.start()
        answers = self.begin_requests(Http1Client)
        self.weir.signal(signal.SIGTERM)
        self.weir.wait_for_line("SIGTERM: draining")
        self.weir.signal(signal.SIGTERM)
        self.assertEqual(self.weir.wait(), 1)
        for answer in answers:
            self.assertIsInstance(answer.exception(loop.PATIENCE_S), Broken)


if __name__ == "__main__":
    unittest.main()
