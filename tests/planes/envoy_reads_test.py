"""What plugins read in a stock Envoy, by its own Wasm filter on its own V8 and by Weir: header values, properties, what
other filters have attached. What is not the same is in docs/envoy.md."""

import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    network_filter,
    network_wasm_filter,
    plugin_config,
    set_filter_state,
    tcp_listener,
    wasm_filter,
    weir_filter,
)
from peers.http1 import Http1Upstream
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

    def told(self, envoy, lines, phases="qsl"):
        """What the plugin has logged: by phase and line, None where there is no value, or the value's bytes."""
        count = len(lines) * len(phases)
        eventually(lambda: len(envoy.lines("read [qsdl] ")) >= count, f"{count} lines in\n{envoy.log}")
        values = {}
        for line in envoy.lines("read [qsdl] "):
            what, _, value = line.split("read ", 1)[1].rpartition(": ")
            status, _, value = value.partition(" ")
            values[what] = bytes.fromhex(value) if status == "0" else None
        return values


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
