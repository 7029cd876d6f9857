"""TCP connections through `weir serve`, with plugins on them and without."""

import hashlib
import os
import threading
import time
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import Nowhere, TcpClient, TcpUpstream, echo, read_all, read_exactly
from peers.weir import eventually

_MIB = 1 << 20


def in_thread(function, *arguments):
    """Runs it beside the test; join() returns its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)), daemon=True)
    thread.start()

    class Running:
        @staticmethod
        def join():
            thread.join(60)
            return results[0]

    return Running


class TcpTest(PlaneTest):
    def serve(self, *plugins, upstream=echo, clusters=(), **proxy):
        """A weir with one TCP listener; self.port is where it listens."""
        if callable(upstream):
            upstream = self.upstream(TcpUpstream, serve=upstream)
        self.upstream_peer = upstream
        settings = bootstrap.bootstrap(
            [bootstrap.tcp_listener("carried", *plugins, **proxy)],
            [bootstrap.cluster("upstream", self.upstream_peer), *clusters],
        )
        self.running = self.weir(bootstrap=settings)
        self.port = self.running.port
        return self.running

    def scenario(self, name, **options):
        return bootstrap.plugin("tcp", guest("tcp_all"), configuration=name, **options)

    def connect(self, **arguments):
        client = TcpClient(self.port, **arguments)
        self.addCleanup(client.close)
        return client

    def exchange(self, data):
        """Sends all, ends, and returns what came back."""
        client = self.connect()
        client.send(data)
        client.send_end()
        return client.receive_all()


class CarryingTest(TcpTest):
    def test_bytes_pass_both_ways(self):
        self.serve()
        client = self.connect()
        for word in (b"one", b"two", b"three"):
            client.send(word)
            self.assertEqual(client.receive(len(word)), word)
        client.send_end()
        self.assertEqual(client.receive_all(), b"")

    def test_an_upstream_that_speaks_first_is_heard(self):
        self.serve(upstream=lambda connection: connection.sendall(b"220 ready\r\n"))
        self.assertEqual(self.connect().receive_all(), b"220 ready\r\n")

    def test_the_client_ends_first_and_still_gets_the_answer(self):
        def answer(connection):
            data = read_all(connection)
            time.sleep(0.1)
            connection.sendall(hashlib.sha256(data).hexdigest().encode())

        self.serve(upstream=answer)
        data = os.urandom(_MIB)
        self.assertEqual(self.exchange(data).decode(), hashlib.sha256(data).hexdigest())

    def test_the_upstream_ends_first_and_still_gets_the_rest(self):
        received = []

        def farewell(connection):
            connection.sendall(b"bye")
            connection.shutdown(1)
            received.append(read_all(connection))

        self.serve(upstream=farewell)
        client = self.connect()
        self.assertEqual(client.receive_all(), b"bye")
        client.send(b"the rest")
        client.send_end()
        eventually(lambda: received, "the upstream to get all")
        self.assertEqual(received, [b"the rest"])

    def test_a_large_transfer_comes_out_the_same(self):
        self.serve()
        data = os.urandom(24 * _MIB)
        client = self.connect()
        back = in_thread(client.receive_all)
        client.send(data)
        client.send_end()
        self.assertTrue(back.join() == data)
        weir = self.running
        self.assertEqual(weir.stat("tcp.carried.downstream_cx_rx_bytes_total"), len(data))
        self.assertEqual(weir.stat("cluster.upstream.upstream_cx_rx_bytes_total"), len(data))
        eventually(lambda: weir.stat("tcp.carried.downstream_cx_active") == 0, "the end")
        self.assertEqual(weir.stat("tcp.carried.downstream_cx_total"), 1)
        self.assertEqual(weir.stat("listener.carried.downstream_cx_total"), 1)

    def test_a_slow_reader_holds_the_sender_back(self):
        sent = []

        def flood(connection):
            connection.settimeout(1)
            block = b"x" * 65536
            try:
                while True:
                    connection.sendall(block)
                    sent.append(len(block))
            except TimeoutError:
                pass

        self.serve(upstream=flood)
        client = self.connect(receive_buffer=4096)
        self.assertEqual(client.receive(10), b"x" * 10)
        time.sleep(1.5)
        # What the proxy and four socket buffers take: far less than came in a second.
        self.assertLess(sum(sent), 24 * _MIB)

    def test_a_reset_of_one_side_ends_the_other(self):
        ends = []

        def note_end(connection):
            connection.sendall(b"hello")
            try:
                ends.append(read_all(connection))
            except ConnectionError as error:
                ends.append(error)

        self.serve(upstream=note_end)
        client = self.connect()
        self.assertEqual(client.receive(5), b"hello")
        client.reset()
        eventually(lambda: ends, "the upstream to hear of it")
        eventually(lambda: self.running.stat("tcp.carried.downstream_cx_active") == 0, "the end")

    def test_what_was_written_before_the_upstream_broke_off_arrives(self):
        def break_off(connection):
            read_exactly(connection, 1)
            connection.sendall(b"y" * 100_000)
            connection.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER of nothing: reset

        self.serve(upstream=break_off)
        client = self.connect()
        client.send(b"?")
        got = client.receive_all()
        self.assertEqual(got, b"y" * len(got))

    def test_many_connections_at_a_time_keep_apart(self):
        self.serve()
        words = [os.urandom(5000) for _ in range(40)]
        running = [in_thread(self.exchange, word) for word in words]
        self.assertEqual([one.join() for one in running], words)


class ConnectingTest(TcpTest):
    def test_a_refusing_upstream_ends_the_connection(self):
        self.serve(upstream=self.upstream(Nowhere))
        self.assertTrue(self.connect().is_reset())
        self.assertEqual(self.running.stat("tcp.carried.upstream_connect_fail"), 1)
        self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_connect_fail"), 1)

    def test_other_endpoints_are_tried_where_that_is_allowed(self):
        there = self.upstream(TcpUpstream)
        endpoints = [self.upstream(Nowhere), there]
        cluster = bootstrap.cluster("upstream", there)
        cluster["load_assignment"]["endpoints"][0]["lb_endpoints"] = [
            bootstrap.endpoint(one) for one in endpoints
        ]
        settings = bootstrap.bootstrap(
            [bootstrap.tcp_listener("carried", max_connect_attempts=2)], [cluster]
        )
        self.running = self.weir(bootstrap=settings)
        self.port = self.running.port
        for _ in range(4):
            self.assertEqual(self.exchange(b"here"), b"here")

    def test_an_idle_connection_is_closed(self):
        self.serve(idle_timeout="0.3s")
        client = self.connect()
        client.send(b"word")
        self.assertEqual(client.receive(4), b"word")
        self.assertEqual(client.receive_all(), b"")
        self.assertEqual(self.running.stat("tcp.carried.idle_timeout"), 1)

    def test_weights_decide_among_clusters(self):
        peers = [self.upstream(TcpUpstream) for _ in range(2)]
        names = [{"name": "heavy", "weight": 9}, {"name": "light", "weight": 1}]
        settings = bootstrap.bootstrap(
            [bootstrap.tcp_listener("carried", weighted_clusters={"clusters": names})],
            [bootstrap.cluster("heavy", peers[0]), bootstrap.cluster("light", peers[1])],
        )
        self.port = self.weir(bootstrap=settings).port
        for _ in range(60):
            self.assertEqual(self.exchange(b"."), b".")
        self.assertEqual(peers[0].accepted + peers[1].accepted, 60)
        self.assertGreater(peers[0].accepted, 35)


class PluginTest(TcpTest):
    def test_a_plugin_rewrites_both_ways(self):
        received = []

        def keep(connection):
            received.append(read_exactly(connection, 5))
            connection.sendall(b"ANSWER")

        self.serve(self.scenario("rewrite"), upstream=keep)
        client = self.connect()
        client.send(b"hello")
        self.assertEqual(client.receive_all(), b"answer")
        self.assertEqual(received, [b"HELLO"])

    def test_several_plugins_act_in_order_and_in_reverse(self):
        received = []

        def keep(connection):
            received.append(read_all(connection))
            connection.sendall(b"Said.")

        self.serve(self.scenario("append"), self.scenario("rewrite"), upstream=keep)
        self.assertEqual(self.exchange(b"Asked."), b"said.[upstream has ended]")
        self.assertEqual(received, [b"ASKED.[CLIENT HAS ENDED]"])

    def test_a_large_transfer_through_a_plugin_comes_out_the_same(self):
        self.serve(self.scenario(""))
        data = os.urandom(8 * _MIB)
        client = self.connect()
        back = in_thread(client.receive_all)
        client.send(data)
        client.send_end()
        self.assertTrue(back.join() == data)

    def test_what_a_plugin_holds_comes_again_with_what_follows(self):
        pieces = []

        def keep(connection):
            while piece := connection.recv(4096):
                pieces.append(piece)

        self.serve(self.scenario("lines"), upstream=keep)
        client = self.connect()
        for piece in (b"one ", b"line\n", b"rest"):
            client.send(piece)
            time.sleep(0.1)
        self.assertEqual(pieces, [b"one line\n"])
        client.send_end()
        eventually(lambda: len(pieces) == 2, "the end to let the rest pass")
        self.assertEqual(pieces[1], b"rest")

    def test_held_bytes_of_the_upstream_wait_for_its_end(self):
        self.serve(
            self.scenario("hold-upstream"),
            upstream=lambda connection: connection.sendall(b"z" * 300_000),
        )
        self.assertEqual(self.connect().receive_all(), b"z" * 300_000)

    def test_a_plugin_that_holds_more_than_the_limit_holds_the_sender_back(self):
        self.serve(self.scenario("lines"))
        client = self.connect()
        client.socket.settimeout(1)
        block = b"x" * 65536
        sent = 0
        with self.assertRaises(TimeoutError):
            while sent < 64 * _MIB:
                client.send(block)
                sent += len(block)
        self.assertLess(sent, 24 * _MIB)

    def test_a_connection_waits_for_a_call_of_its_plugin(self):
        status = {"/auth": 200}

        async def answer(_):
            return Response(status["/auth"])

        auth = self.upstream(Http1Upstream, respond=answer)
        self.serve(self.scenario("auth"), clusters=[bootstrap.cluster("auth", auth)])
        self.assertEqual(self.exchange(b"let me in"), b"let me in")
        status["/auth"] = 403
        self.assertEqual(self.exchange(b"let me in"), b"")
        self.assertEqual(self.upstream_peer.accepted, 1)

    def test_a_plugin_closes_either_side(self):
        for command in (b"close-downstream", b"close-upstream"):
            with self.subTest(command=command):
                weir = self.serve(self.scenario("commands"))
                client = self.connect()
                client.send(b"word")
                self.assertEqual(client.receive(4), b"word")
                client.send(command)
                self.assertEqual(client.receive_all(), b"")
                eventually(lambda: weir.stat("tcp.carried.downstream_cx_active") == 0, "the end")

    def test_a_failing_plugin_closes_or_lets_pass_as_its_policy_says(self):
        self.serve(self.scenario("commands"))
        other = self.connect()
        client = self.connect()
        client.send(b"panic")
        self.assertTrue(client.is_reset())
        self.assertTrue(other.is_reset())
        self.assertEqual(self.exchange(b"the next"), b"the next")
        self.assertEqual(self.running.stat("tcp.carried.plugin_failure"), 2)

        self.serve(self.scenario("commands", failure_policy="FAIL_OPEN"))
        self.assertEqual(self.exchange(b"panic"), b"panic")

    def test_a_plugin_sees_who_is_connected(self):
        self.serve(self.scenario("properties"))
        client = self.connect()
        client.send(b"?")
        client.send_end()
        told = dict(pair.split("=") for pair in client.receive_all().decode().split())
        self.assertEqual(told["source"], client.address)
        self.assertEqual(told["port"], client.address.split(":")[1])
        self.assertEqual(told["destination"], f"127.0.0.1:{self.port}")
        self.assertEqual(told["cluster"], "upstream")
        self.assertEqual(told["plugin"], "tcp")
        self.assertGreater(int(told["id"]), 0)

    def events(self):
        return [line.split("event: ")[1] for line in self.running.lines("event: ")]

    def test_callbacks_come_in_order(self):
        self.serve(self.scenario("events"))
        self.assertEqual(self.exchange(b"four"), b"four")
        eventually(lambda: "delete" in self.events(), "the end")
        events = [event for event in self.events() if " data 0 " not in event]
        data = ["downstream data 4 false", "upstream data 4 false"]
        self.assertEqual(events[:3], ["new connection", *data])
        self.assertEqual(sorted(events[3:5]), ["downstream close remote", "upstream close remote"])
        self.assertEqual(events[5:], ["done", "log", "delete"])

    def test_a_plugin_hears_who_closed(self):
        self.serve(self.scenario("events"), idle_timeout="0.3s")
        client = self.connect()
        client.send(b"four")
        self.assertEqual(client.receive_all(), b"four")
        eventually(lambda: "delete" in self.events(), "the end")
        self.assertIn("downstream close local", self.events())
        self.assertIn("upstream close local", self.events())


class BeforeHttpTest(PlaneTest):
    """Plugins on the connections of an HTTP listener."""

    def serve(self, scenario, respond=None):
        arguments = {"respond": respond} if respond else {}
        self.peer = self.upstream(Http1Upstream, **arguments)
        network = bootstrap.plugin("tcp", guest("tcp_all"), configuration=scenario)
        settings = bootstrap.bootstrap(
            [bootstrap.listener("web", network_plugins=[network])],
            [bootstrap.cluster("upstream", self.peer)],
        )
        return self.weir(bootstrap=settings)

    def test_requests_pass_a_plugin_that_only_looks(self):
        async def large(request):
            return Response(200, [], request.body[::-1])

        weir = self.serve("", large)
        body = os.urandom(3 * _MIB)
        client = self.client(weir.port)
        self.assertTrue(client.request("/", method="POST", body=body).body == body[::-1])
        self.assertEqual(client.request("/again").status, 200)

    def test_a_plugin_changes_the_bytes_of_responses(self):
        async def loud(_):
            return Response(200, [], b"LOUD")

        weir = self.serve("rewrite", loud)
        client = TcpClient(weir.port)
        self.addCleanup(client.close)
        client.send(b"get / http/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        answer = client.receive_all()
        self.assertTrue(answer.startswith(b"http/1.1 200"), answer)
        self.assertTrue(answer.endswith(b"loud"), answer)

    def test_a_plugin_closes_a_connection_before_http_sees_it(self):
        weir = self.serve("commands")
        client = TcpClient(weir.port)
        self.addCleanup(client.close)
        client.send(b"close-downstream")
        self.assertEqual(client.receive_all(), b"")
        self.assertEqual(self.client(weir.port).request("/").status, 200)

    def test_a_plugin_hears_of_the_end(self):
        weir = self.serve("events")
        self.assertEqual(self.client(weir.port).request("/").status, 200)
        weir.wait_for_line("event: downstream close")
        weir.wait_for_line("event: delete")


if __name__ == "__main__":
    unittest.main()
