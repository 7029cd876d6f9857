"""Calls of root contexts in a stock Envoy, whose configurations come and go and which ends meanwhile."""

import asyncio
import contextlib
import os
import pathlib
import tempfile
import threading
import time
import types
import unittest
from unittest import mock

from peers import envoy as peer
from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    discovered_filter,
    listener,
    network_filter,
    plugin_config,
    plugin_log,
    pulse_cluster,
    service,
    tcp_listener,
    weir_filter,
    write_clusters,
    write_filter,
)
from peers.http1 import Http1Client
from peers.message import Broken, Response
from peers.weir import eventually

_PREVIOUS = os.environ.get("WEIR_TEST_ENVOY_PREVIOUS")

# Updates of a filter's configuration, and how long they go on.
_UPDATE_EACH_S = 0.05
_UPDATES_S = 4


def answer_after(seconds):
    async def respond(_):
        await asyncio.sleep(seconds)
        return Response(200, [], b"late")

    return respond


class RootCallCase(PlaneTest):
    """The plugin calls cluster `auth` every 20 ms."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def config(self, **options):
        return plugin_config("root", self.module("root_call"), **options)

    def start(self, listeners, clusters, **options):
        self.envoy = Envoy(listeners, clusters, **options)
        self.addCleanup(self.envoy.stop)
        return self.envoy


class UpdateTest(RootCallCase):
    """Envoy destroys a configuration of extension discovery on the worker whose stream is its last."""

    def stream(self, until):
        while not until.is_set():
            with contextlib.suppress(Broken, OSError):
                client = Http1Client(self.envoy.port)
                client.request("/")
                client.close()

    def fast_cluster(self, web):
        """One that answers more calls than Python would."""
        route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}}
        fast = Envoy([listener("fast", routes=[route])], [cluster("upstream", web)])
        self.addCleanup(fast.stop)
        return cluster("auth", types.SimpleNamespace(scheme="http", port=fast.port))

    def check_updates(self, *clusters):
        file = self.folder / "ecds.json"
        plugin = self.module("many_calls")

        def update(number):
            write_filter(file, "root", plugin_config("root", plugin, vm_id=str(number)))

        update(0)
        web = self.upstream(respond=answer_after(0.03))
        self.start(
            [listener("main", discovered_filter("root", file), cluster="web")],
            [self.fast_cluster(web), cluster("web", web), *clusters],
            workers=4,
            dynamic=True,
        )
        done = threading.Event()
        streams = [threading.Thread(target=self.stream, args=[done]) for _ in range(4)]
        for thread in streams:
            thread.start()
        try:
            end = time.monotonic() + _UPDATES_S
            number = 0
            while time.monotonic() < end:
                number += 1
                update(number)
                time.sleep(_UPDATE_EACH_S)
                self.assertIsNone(self.envoy.process.poll(), f"after {number} updates")
        finally:
            done.set()
            for thread in streams:
                thread.join()
        client = self.client(self.envoy.port)
        answered = self.envoy.stat("cluster.auth.internal.upstream_rq_200")

        def goes_on():
            self.assertEqual(client.request("/").status, 200)
            return self.envoy.stat("cluster.auth.internal.upstream_rq_200") > answered + 100

        eventually(goes_on, "answers through the last configuration")

    def test_calls_outlive_the_configurations_that_carry_them(self):
        self.check_updates(pulse_cluster())

    def test_and_so_they_do_where_streams_carry_ticks(self):
        self.check_updates()


class EndTest(RootCallCase):
    """Envoy aborts where calls of its main thread wait for a connection when it ends."""

    def check_end(self, *clusters, listener_=None, **options):
        auth = self.upstream(respond=answer_after(20))
        web = self.upstream()
        narrow = cluster("auth", auth)
        narrow["circuit_breakers"] = {"thresholds": [{"max_connections": 1}]}
        self.start(
            [listener_ or listener("main", weir_filter(self.config()), cluster="web")],
            [narrow, cluster("web", web), *clusters],
            **options,
        )
        client = self.client(self.envoy.port)

        def waiting():
            client.request("/")
            return self.envoy.stat("cluster.auth.upstream_rq_pending_active") >= 3

        eventually(waiting, "calls that wait for a connection")
        self.envoy.stop()  # in order

    def test_filters_alone_hear_of_it_by_their_calls(self):
        self.check_end()

    def test_the_cluster_tells_of_the_end(self):
        self.check_end(pulse_cluster())

    def test_it_waits_for_calls_that_cannot_be_taken_back(self):
        logger = plugin_log(self.config())
        logged = listener("main", cluster="web", access_log=[logger])
        self.check_end(pulse_cluster(), listener_=logged)

    def test_a_service_tells_of_the_end(self):
        config = plugin_config("service", guest("root_all"))
        self.check_end(extensions=[service({"config": config, "singleton": True})])

    @unittest.skipUnless(_PREVIOUS, "the previous Envoy is not there: run scripts/setup/envoy.sh previous")
    def test_so_does_the_previous_envoy(self):
        with mock.patch.object(peer, "BINARY", _PREVIOUS):
            self.check_end()
            self.check_end(pulse_cluster())


class WithoutFilterTest(RootCallCase):
    def serve_logger(self, *clusters):
        self.auth = self.upstream()
        self.start(
            [listener("main", cluster="auth", access_log=[plugin_log(self.config())])],
            [cluster("auth", self.auth), *clusters],
        )
        return self.client(self.envoy.port)

    def test_an_access_logger_alone_has_no_way(self):
        client = self.serve_logger()

        def failures():
            self.assertEqual(client.request("/").status, 200)
            return len(self.envoy.lines(r"\[root\]: failed")) >= 3

        eventually(failures, "calls to fail")
        self.assertEqual(len(self.envoy.lines("configure an HTTP filter of weir-envoy")), 1)
        self.assertNotIn("/root", [request.path for request in self.auth.requests])

    def test_the_cluster_carries_its_calls(self):
        self.serve_logger(pulse_cluster())
        self.envoy.wait_for_line(r"\[root\]: answered")
        self.assertIn("/root", [request.path for request in self.auth.requests])

    def test_it_carries_those_of_network_filters(self):
        auth = self.upstream()
        self.start(
            [tcp_listener("tcp", network_filter(self.config()), cluster="auth")],
            [cluster("auth", auth), pulse_cluster()],
        )
        self.envoy.wait_for_line(r"\[root\]: answered")


class PulseTest(RootCallCase):
    def test_ticks_go_on_when_the_later_of_two_clusters_is_gone(self):
        file = self.folder / "cds.json"
        first, second = pulse_cluster(), {**pulse_cluster(), "name": "second"}
        write_clusters(file, [first])
        auth = self.upstream()
        self.start(
            [listener("main", weir_filter(self.config()), cluster="auth")],
            [cluster("auth", auth)],
            dynamic=True,
            clusters_file=file,
        )

        def check_ticks():
            seen = self.envoy.stat("wasmcustom.root_call.made")
            eventually(lambda: self.envoy.stat("wasmcustom.root_call.made") > seen + 3, "ticks")

        check_ticks()
        write_clusters(file, [first, second])
        eventually(lambda: self.envoy.stat("cluster_manager.active_clusters") == 3, "the second")
        check_ticks()
        write_clusters(file, [first])
        eventually(lambda: self.envoy.stat("cluster_manager.active_clusters") == 2, "its removal")
        check_ticks()


if __name__ == "__main__":
    unittest.main()
