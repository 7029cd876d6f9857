"""What plugins read in a stock Envoy, by its own Wasm filter on its own V8 and by Weir: header values, properties, what
other filters have attached. What is not the same is in docs/envoy.md."""

import asyncio
import time
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    network_filter,
    network_wasm_filter,
    plugin_config,
    plugin_log,
    set_filter_state,
    tcp_listener,
    wasm_filter,
    wasm_log,
    weir_filter,
)
from peers.http1 import Http1Upstream
from peers.message import Fields, Response
from peers.tcp import TcpClient, TcpUpstream, echo
from peers.weir import eventually


class ReadCase(PlaneTest):
    def envoy(self, listeners, clusters, **options):
        envoy = Envoy(listeners, clusters, **options)
        self.addCleanup(envoy.stop)
        return envoy

    def config(self, lines, name="reads"):
        """The plugin that reads `lines`."""
        return plugin_config(name, self.module("reads"), "\n".join(lines), vm_id=name)

    def told(self, envoy, lines, phases="qsl", name="reads"):
        """What the plugin has logged: by phase and line, None where there is no value, or the value's bytes."""
        count = len(lines) * len(phases)
        pattern = rf"\b{name}\b.*: read [qsdl] "
        eventually(lambda: len(envoy.lines(pattern)) >= count, f"{count} lines in\n{envoy.log}")
        values = {}
        for line in envoy.lines(pattern):
            what, _, value = line.split("read ", 1)[1].rpartition(": ")
            status, _, value = value.partition(" ")
            values[what] = bytes.fromhex(value) if status == "0" else None
        return values


class SameStreamTest(ReadCase):
    """Both see the same stream."""

    def both(self, lines, drive, of_logs=False, phases="qsl", respond=None, **options):
        """What the two are told: Envoy's own, and Weir's."""
        if of_logs:
            kinds, phases = (wasm_log, plugin_log), "l"
        else:
            kinds = (wasm_filter, weir_filter)
        plugins = [kind(self.config(lines, name)) for kind, name in zip(kinds, ("theirs", "ours"))]
        filters = [] if of_logs else plugins
        main = listener("main", *filters, access_log=plugins if of_logs else None, **options)
        main["filter_chains"][0]["name"] = "chain"
        main["traffic_direction"] = "OUTBOUND"
        upstream = self.upstream(Http1Upstream, **({"respond": respond} if respond else {}))
        envoy = self.envoy([main], [cluster("upstream", upstream)])
        drive(self.client(envoy.port))
        return [self.told(envoy, lines, phases, name) for name in ("theirs", "ours")]


class TimesTest(SameStreamTest):
    LINES = ("p request/time", "p request/duration", "p response/backend_latency")

    def check(self, of_logs, *lines):
        async def slow(_):
            await asyncio.sleep(0.02)
            return Response(200, Fields(), b"answer")

        theirs, ours = self.both(
            (*self.LINES, *lines), lambda client: client.request("/"), of_logs=of_logs, respond=slow
        )
        self.assertEqual(ours, theirs)
        now = time.time_ns()
        self.assertTrue(now - 60_000_000_000 < int.from_bytes(ours["l p request/time"], "little") < now)
        for line in (*self.LINES[1:], *lines):
            length = int.from_bytes(ours[f"l {line}"], "little")
            self.assertTrue(0 < length < 60_000_000_000, line)

    def test_of_a_stream(self):
        self.check(of_logs=False)

    def test_of_a_log(self):
        self.check(True, "p upstream/cx_pool_ready_duration")


class PlaceTest(SameStreamTest):
    """Where in Envoy's configuration a stream is."""

    LINES = ("p xds/filter_chain_name", "p xds/listener_direction", "p xds/virtual_host_name", "p xds/cluster_name")

    def test_of_a_stream(self):
        theirs, ours = self.both(self.LINES, lambda client: client.request("/"))
        self.assertEqual(ours, theirs)
        self.assertEqual(ours["l p xds/filter_chain_name"], b"chain")

    def test_of_a_log(self):
        theirs, ours = self.both(self.LINES, lambda client: client.request("/"), of_logs=True)
        self.assertEqual(ours, theirs)


class FilterStateTest(ReadCase):
    # By the objects' types: one that is a string, some that can be written as one, one that cannot be.
    OBJECTS = (
        ("test.note", "envoy.string", "a note"),
        ("envoy.network.upstream_server_name", "envoy.network.upstream_server_name", "host.example"),
        ("envoy.tcp_proxy.cluster", "envoy.tcp_proxy.cluster", "upstream"),
        ("envoy.network.application_protocols", "envoy.network.application_protocols", "h2,http/1.1"),
    )
    LINES = (*(f"p filter_state/{name}" for name, _, _ in OBJECTS), "p filter_state/nothing")

    def expected(self, phases):
        values = {f"p filter_state/{name}": text.encode() for name, _, text in self.OBJECTS}
        values["p filter_state/envoy.network.application_protocols"] = None
        values["p filter_state/nothing"] = None
        return {f"{phase} {line}": value for phase in phases for line, value in values.items()}

    def test_objects_of_streams_are_read_as_their_bytes(self):
        upstream = self.upstream(Http1Upstream)
        for kind in (wasm_filter, weir_filter):
            with self.subTest(kind.__name__):
                main = listener("main", set_filter_state(*self.OBJECTS), kind(self.config(self.LINES)))
                envoy = self.envoy([main], [cluster("upstream", upstream)])
                self.assertEqual(self.client(envoy.port).request("/").status, 200)
                self.assertEqual(self.told(envoy, self.LINES), self.expected("qsl"))

    def test_objects_of_connections_are_read_as_their_bytes(self):
        upstream = self.upstream(TcpUpstream, serve=echo)
        for kind in (network_wasm_filter, network_filter):
            with self.subTest(kind.__name__):
                sets = set_filter_state(*self.OBJECTS, of_connections=True)
                main = tcp_listener("main", sets, kind(self.config(self.LINES)))
                envoy = self.envoy([main], [cluster("upstream", upstream)])
                client = TcpClient(envoy.port)
                self.addCleanup(client.close)
                client.send(b"four")
                self.assertEqual(client.receive(4), b"four")
                self.assertEqual(self.told(envoy, self.LINES, "d"), self.expected("d"))

    def test_what_a_plugin_of_envoys_own_filter_sets_is_read(self):
        lines = ["p note", "p filter_state/wasm.note"]
        theirs = wasm_filter(plugin_config("sets", guest("root_all")))
        main = listener("main", theirs, weir_filter(self.config(lines)))
        envoy = self.envoy([main], [cluster("upstream", self.upstream(Http1Upstream))])
        self.assertEqual(self.client(envoy.port).request("/path").status, 200)
        told = self.told(envoy, lines, "s")
        for line in lines:
            self.assertEqual(told[f"s {line}"], b"/path")


if __name__ == "__main__":
    unittest.main()
