"""Plugins on the connections of a stock Envoy: the claims of tcp_test, and what Envoy does its own
way."""

import os
import re
import time
import unittest

import tcp_test as everywhere
from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    network_filter,
    network_wasm_filter,
    plugin_config,
    tcp_listener,
)
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import TcpClient, TcpUpstream, echo, read_exactly
from peers.weir import eventually

_MIB = 1 << 20


class EnvoyTcp(everywhere.TcpTest):
    """Goes before the classes of tcp_test, and puts an Envoy in the place of `weir serve`."""

    def serve(self, *plugins, upstream=echo, clusters=(), workers=1, **proxy):
        if callable(upstream):
            upstream = self.upstream(TcpUpstream, serve=upstream)
        self.upstream_peer = upstream
        self.running = Envoy(
            [tcp_listener("carried", *plugins, **proxy)],
            [cluster("upstream", upstream), *clusters],
            workers=workers,
        )
        self.addCleanup(self.running.stop)
        self.port = self.running.port
        return self.running

    def scenario(self, name, **options):
        self.plugins = getattr(self, "plugins", 0) + 1
        config = plugin_config("tcp", guest("tcp_all"), name, vm_id=str(self.plugins), **options)
        return network_filter(config)


class PluginTest(EnvoyTcp, everywhere.PluginTest):
    def test_a_connection_waits_for_a_call_of_its_plugin(self):
        status = {"/auth": 200}

        async def answer(_):
            return Response(status["/auth"])

        auth = self.upstream(Http1Upstream, respond=answer)
        self.serve(self.scenario("auth"), clusters=[cluster("auth", auth)])
        self.assertEqual(self.exchange(b"let me in"), b"let me in")
        status["/auth"] = 403
        client = self.connect()
        client.send(b"let me in")  # which nobody reads
        self.assertTrue(client.is_reset())
        self.assertEqual(self.upstream_peer.accepted, 1)

    def test_a_call_to_a_cluster_that_is_not_there_fails_the_callers_connection(self):
        self.serve(self.scenario("auth"))
        self.assertTrue(self.connect().is_reset())

    def test_a_plugin_closes_either_side(self):
        for command in (b"close-downstream", b"close-upstream"):
            with self.subTest(command=command):
                envoy = self.serve(self.scenario("commands"))
                client = self.connect()
                client.send(b"word")
                self.assertEqual(client.receive(4), b"word")
                self.assertEqual(self.active(envoy), 1)
                client.send(command)
                self.assertEqual(client.receive_all(), b"")
                eventually(lambda: self.active(envoy) == 0, "the end")

    def active(self, envoy):
        pattern = r"listener\.\d[\d._]*\.downstream_cx_active$"
        return sum(value for name, value in envoy.stats().items() if re.match(pattern, name))

    def test_a_failing_plugin_closes_or_lets_pass_as_its_policy_says(self):
        self.serve(self.scenario("commands"))
        other = self.connect()
        client = self.connect()
        for one in (client, other):
            one.send(b"word")
            self.assertEqual(one.receive(4), b"word")
        client.send(b"panic")
        self.assertTrue(client.is_reset())
        self.assertTrue(other.is_reset())
        self.assertEqual(self.exchange(b"the next"), b"the next")
        self.assertEqual(self.running.stat("wasmcustom.wasm.tcp.failed.unreachable"), 1)
        self.assertEqual(self.running.stat("wasmcustom.wasm.tcp.vm_reload_success"), 1)

        self.serve(self.scenario("commands", failure_policy="FAIL_OPEN"))
        self.assertEqual(self.exchange(b"panic"), b"panic")

    def test_with_an_instance_each_a_failure_costs_one_connection(self):
        config = plugin_config("tcp", guest("tcp_all"), "commands")
        options = {"plugin": config, "isolation": "STREAM"}
        self.serve(network_filter(options, name="tcp"))
        clients = [self.connect() for _ in range(8)]
        for one in clients:
            one.send(b"word")
            self.assertEqual(one.receive(4), b"word")
        clients[3].send(b"panic")
        self.assertTrue(clients[3].is_reset())
        for place, one in enumerate(clients):
            if place == 3:
                continue
            one.send(b"more")
            self.assertEqual(one.receive(4), b"more")

    # Envoy does not tell a filter when the upstream's connection closes, nor by whom: its own Wasm
    # filter, too, calls the end of the upstream's bytes a close by nobody known.
    def test_callbacks_come_in_order(self):
        self.serve(self.scenario("events"))
        client = self.connect()
        client.send(b"four")
        self.assertEqual(client.receive(4), b"four")
        client.send_end()
        self.assertEqual(client.receive_all(), b"")
        eventually(lambda: "delete" in self.events(), "the end")
        expected = [
            *("new connection", "downstream data 4 false", "upstream data 4 false"),
            *("downstream data 0 true", "upstream data 0 true", "upstream close unknown"),
            *("downstream close", "done", "log", "delete"),
        ]
        self.assertEqual([re.sub("(local|remote)$", "", one).strip() for one in self.events()], expected)

    def test_a_plugin_hears_who_closed(self):
        self.serve(self.scenario("events"), idle_timeout="0.3s")
        client = self.connect()
        client.send(b"four")
        self.assertEqual(client.receive_all(), b"four")
        eventually(lambda: "delete" in self.events(), "the end")
        self.assertIn("downstream close local", self.events())

    def events(self):
        return [line.split("event: ")[1] for line in self.running.lines("event: ")]

    def test_an_upstream_that_is_held_beyond_all_bounds_is_closed(self):
        def flood(connection):
            while True:
                connection.sendall(b"z" * 65536)

        self.serve(self.scenario("hold-upstream"), upstream=flood)
        self.assertTrue(self.connect().is_reset())
        self.assertLess(self.running.rss_bytes(), 400 * _MIB)

    def test_the_client_ends_first_and_still_gets_the_answer(self):
        def answer(connection):
            data = everywhere.read_all(connection)
            time.sleep(0.1)
            connection.sendall(data[::-1])

        self.serve(self.scenario(""), self.scenario("lines"), upstream=answer)
        data = os.urandom(_MIB)
        self.assertTrue(self.exchange(data) == data[::-1])

    def test_the_upstream_ends_first_and_still_gets_the_rest(self):
        received = []

        def farewell(connection):
            connection.sendall(b"bye")
            connection.shutdown(1)
            received.append(everywhere.read_all(connection))

        self.serve(self.scenario(""), upstream=farewell)
        client = self.connect()
        self.assertEqual(client.receive_all(), b"bye")
        client.send(b"the rest")
        client.send_end()
        eventually(lambda: received, "the upstream to get all")
        self.assertEqual(received, [b"the rest"])

    def test_two_plugins_that_hold_hear_each_byte_once(self):
        pieces = []

        def keep(connection):
            pieces.append(read_exactly(connection, 15))

        self.serve(self.scenario("append"), self.scenario("lines"), upstream=keep)
        client = self.connect()
        for piece in (b"one ", b"two ", b"three\n!"):
            client.send(piece)
            time.sleep(0.05)
        client.send_end()
        eventually(lambda: pieces, "what the second plugin held")
        self.assertEqual(pieces, [b"one two three\n!"])

    def test_many_connections_on_two_workers_keep_apart(self):
        self.serve(self.scenario("lines"), workers=2)
        words = [os.urandom(5000) for _ in range(40)]
        running = [everywhere.in_thread(self.exchange, word) for word in words]
        self.assertEqual([one.join() for one in running], words)


class BeforeHttpTest(everywhere.BeforeHttpTest):
    def serve(self, scenario, respond=None):
        arguments = {"respond": respond} if respond else {}
        self.peer = self.upstream(Http1Upstream, **arguments)
        network = network_filter(plugin_config("tcp", guest("tcp_all"), scenario))
        envoy = Envoy([listener("web", network_filters=[network])], [cluster("upstream", self.peer)])
        self.addCleanup(envoy.stop)
        return envoy

    # The manager's own names of header fields are lower-case anyway, its phrases are not.
    def test_a_plugin_changes_the_bytes_of_responses(self):
        async def loud(_):
            return Response(200, [], b"LOUD")

        envoy = self.serve("rewrite", loud)
        client = TcpClient(envoy.port)
        self.addCleanup(client.close)
        client.send(b"GET / HTTP/1.1\r\nHOST: A\r\nCONNECTION: CLOSE\r\n\r\n")
        answer = client.receive_all()
        self.assertTrue(answer.startswith(b"http/1.1 200"), answer)
        self.assertIn(b"loud", answer)


class DifferentialTest(PlaneTest):
    """The same bytes through the same plugin in Envoy's own filter and in Weir's, in one Envoy: every
    byte that client and upstream get is the same, and what the plugin is told is in the same order."""

    SCENARIOS = ("", "rewrite", "append", "lines", "events", "properties")
    SENT = (b"one ", b"two\n", b"Three\nand the rest")

    def exchange(self, port):
        del self.received[:]
        client = TcpClient(port)
        self.addCleanup(client.close)
        for piece in self.SENT:
            client.send(piece)
            time.sleep(0.05)
        client.send_end()
        answer = client.receive_all()
        eventually(lambda: self.received, "the upstream to get all")
        return answer, self.received[0]

    def serve_upstream(self, connection):
        data = everywhere.read_all(connection)
        connection.sendall(b"Answer to " + data)
        self.received.append(data)

    def without_what_differs(self, parts):
        """Addresses and numbers of connections, of which each has its own; and the cluster, which
        Envoy's filter does not know."""
        pattern = rb"(source|port|destination|id|cluster)=[\w.:]+"
        return [re.sub(pattern, rb"\1=", part) for part in parts]

    def test_both_do_the_same(self):
        for scenario in self.SCENARIOS:
            with self.subTest(scenario=scenario):
                self.received = []
                config = plugin_config("tcp", guest("tcp_all"), scenario)
                envoy = Envoy(
                    [
                        tcp_listener("ours", network_filter(config)),
                        tcp_listener("theirs", network_wasm_filter(config)),
                    ],
                    [cluster("upstream", self.upstream(TcpUpstream, serve=self.serve_upstream))],
                )
                self.addCleanup(envoy.stop)
                ours, theirs = (
                    self.without_what_differs(self.exchange(port)) for port in envoy.ports
                )
                self.assertEqual(ours, theirs)


class RefusalTest(PlaneTest):
    def test_a_plugin_that_refuses_its_configuration_ends_the_start(self):
        network = network_filter(plugin_config("tcp", guest("tcp_all"), "no such scenario"))
        with self.assertRaises(AssertionError) as caught:
            Envoy(
                [tcp_listener("carried", network)], [cluster("upstream", self.upstream(TcpUpstream))]
            ).stop()
        self.assertIn("plugin 'tcp'", str(caught.exception))
        self.assertIn("proxy_on_configure", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
