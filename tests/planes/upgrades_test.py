"""Other protocols behind HTTP: WebSocket between a client and a server that others have written, and
CONNECT."""

import asyncio
import contextlib
import os
import socket
import threading
import time
import unittest

import h2.config
import h2.connection
import h2.events
import websockets

from peers import bootstrap, loop
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream
from peers.message import Response
from peers.tcp import TcpClient, TcpUpstream, read_all
from peers.weir import eventually
from peers.websocket import WebSocketServer

_MIB = 1 << 20


class WebSocketTest(PlaneTest):
    def serve(self, *plugins, peer=None, upgrades=({"upgrade_type": "websocket"},), **options):
        peer = peer or self.upstream(WebSocketServer)
        listener = bootstrap.listener("web", *plugins, upgrade_configs=list(upgrades), **options)
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        self.running = self.weir(bootstrap=settings)
        self.url = f"ws://127.0.0.1:{self.running.port}/chat"

    def talk(self, conversation, **options):
        async def run():
            async with websockets.connect(
                self.url, max_size=16 * _MIB, compression=None, **options
            ) as connection:
                return await conversation(connection)

        return loop.run(run())

    def test_messages_of_any_size(self):
        self.serve()
        large = os.urandom(4 * _MIB)

        async def conversation(connection):
            for message in ("small", b"bytes", large):
                await connection.send(message)
                self.assertEqual(await connection.recv(), message)
            return connection.subprotocol

        self.assertEqual(self.talk(conversation, subprotocols=["echo"]), "echo")
        self.assertEqual(self.running.stat("http.web.downstream_rq_1xx"), 1)
        eventually(lambda: self.running.stat("http.web.downstream_rq_active") == 0, "its end")

    def test_over_tls(self):
        authority = Authority()
        self.addCleanup(authority.close)
        certificate = authority.issue("server", "DNS:weir.test")
        peer = self.upstream(WebSocketServer)
        listener = bootstrap.secured(
            bootstrap.listener("web", upgrade_configs=[{"upgrade_type": "websocket"}]),
            bootstrap.downstream_tls(certificate, alpn_protocols=["h2", "http/1.1"]),
        )
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        weir = self.weir(bootstrap=settings)
        self.url = f"wss://127.0.0.1:{weir.port}/chat"
        data = os.urandom(_MIB)

        async def conversation(connection):
            await connection.send(data)
            return await connection.recv()

        context = authority.client_context(alpn=["http/1.1"])
        self.assertEqual(self.talk(conversation, ssl=context, server_hostname="weir.test"), data)

    def test_the_server_ends(self):
        self.serve()

        async def conversation(connection):
            await connection.send("end")
            with self.assertRaises(websockets.ConnectionClosed):
                await connection.recv()
            return connection.close_code, connection.close_reason

        self.assertEqual(self.talk(conversation), (4000, "asked to"))

    def test_it_outlives_the_routes_timeout(self):
        self.serve(timeout="0.2s")

        async def conversation(connection):
            await connection.send("before")
            await connection.recv()
            await asyncio.sleep(0.6)
            await connection.send("after")
            return await connection.recv()

        self.assertEqual(self.talk(conversation), "after")

    def test_plugins_see_the_request(self):
        self.serve(bootstrap.plugin("tag", guest("http_all")))

        async def conversation(connection):
            await connection.send("headers")
            return await connection.recv()

        self.url = self.url.replace("/chat", "/headers")
        headers = self.talk(conversation).lower()
        self.assertIn("upgrade: websocket", headers)
        self.assertIn("x-forwarded-proto: http", headers)

    def test_a_server_that_does_not_switch(self):
        peer = self.upstream(Http1Upstream)

        async def respond(request):
            return Response(403, body=b"no")

        peer.respond = respond
        self.serve(peer=peer)

        async def conversation(_):
            return None

        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            self.talk(conversation)
        self.assertEqual(refused.exception.status_code, 403)

    def test_what_is_not_configured_is_not_heard(self):
        peer = self.upstream(Http1Upstream)
        self.serve(peer=peer, upgrades=())
        fields = {"connection": "upgrade", "upgrade": "websocket"}
        self.assertEqual(self.client(self.running.port).request("/", headers=fields).status, 200)
        self.assertNotIn("upgrade", peer.requests[0].headers)

    def test_an_upstream_of_http2_is_not_asked_unless_it_may_be(self):
        self.serve(peer=self.upstream(Http2Upstream))

        async def conversation(_):
            return None

        with self.assertRaises(websockets.InvalidStatusCode) as refused:
            self.talk(conversation)
        self.assertEqual(refused.exception.status_code, 503)

    def test_an_upstream_of_http2_that_does_not_know_of_it(self):
        self.running = serve_by_http2(self, self.upstream(Http2Upstream))
        fields = {"connection": "upgrade", "upgrade": "websocket"}
        response = self.client(self.running.port).request("/", headers=fields)
        self.assertEqual(response.status, 503)
        self.assertIn("connection termination", response.text)
        # Its connection is as good as before.
        self.assertEqual(self.client(self.running.port).request("/").status, 200)
        self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_total"), 1)

    def test_what_comes_early_waits_for_the_upstream(self):
        """It is no request to an upstream that does not switch."""
        peer = self.upstream(Http1Upstream)
        self.serve(peer=peer)
        with socket.create_connection(("127.0.0.1", self.running.port), timeout=30) as client:
            head = b"GET /first HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
            client.sendall(head + b"GET /hidden HTTP/1.1\r\nhost: a\r\n\r\n")
            self.assertTrue(read_all(client).startswith(b"HTTP/1.1 200"))
        self.assertEqual(self.client(self.running.port).request("/next").status, 200)
        self.assertEqual([request.path for request in peer.requests], ["/first", "/next"])


def switch(connection, go_on):
    """Accepts a WebSocket, and goes on by `go_on`."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1000)
    fields = "upgrade: websocket\r\nconnection: upgrade"
    connection.sendall(f"HTTP/1.1 101 Switching Protocols\r\n{fields}\r\n\r\n".encode())
    go_on(connection)


class LeavingClientsTest(PlaneTest):
    """Clients of tunnels that go before the server does, without a time-out that would end what they leave."""

    HEAD = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"

    def serve(self, peer, certificate=None):
        listener = bootstrap.listener(
            "web", upgrade_configs=[{"upgrade_type": "websocket"}], stream_idle_timeout="0s"
        )
        if certificate:
            listener = bootstrap.secured(listener, bootstrap.downstream_tls(certificate))
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        self.running = self.weir(bootstrap=settings)

    def connect(self):
        client = TcpClient(self.running.port)
        self.addCleanup(client.close)
        client.send(self.HEAD)
        return client

    def assert_nothing_stays(self):
        for name in ("http.web.downstream_cx_active", "http.web.downstream_rq_active"):
            eventually(lambda name=name: self.running.stat(name) == 0, f"{name} to be 0")
        active = "cluster.upstream.upstream_cx_active"
        eventually(lambda: self.running.stat(active) == 0, "the upstream's connections to go")

    def talk_on(self, connection):
        """A server that only notices at its second word that nobody listens."""
        read_all(connection)
        for _ in range(2):
            connection.sendall(b"x" * 1000)
            time.sleep(0.1)

    def test_one_that_closes(self):
        self.serve(self.upstream(TcpUpstream, serve=lambda it: switch(it, self.talk_on)))
        for _ in range(20):
            client = self.connect()
            client.receive(12)
            client.close()
        self.assert_nothing_stays()

    def test_one_that_closes_before_the_answer(self):
        self.serve(self.upstream(TcpUpstream, serve=lambda it: switch(it, self.talk_on)))
        for _ in range(20):
            self.connect().close()
        self.assert_nothing_stays()

    def test_one_that_closes_on_a_server_that_speaks_once(self):
        """And then neither speaks nor ends."""
        over = threading.Event()
        self.addCleanup(over.set)

        def serve(connection):
            read_all(connection)
            connection.sendall(b"x")
            over.wait()

        self.serve(self.upstream(TcpUpstream, serve=lambda it: switch(it, serve)))
        client = self.connect()
        client.receive(12)
        client.close()
        self.assert_nothing_stays()

    def test_one_that_breaks_off_after_its_end(self):
        """On a server that neither speaks nor ends."""
        over = threading.Event()
        self.addCleanup(over.set)
        ended = threading.Event()

        def serve(connection):
            read_all(connection)
            ended.set()
            over.wait()

        self.serve(self.upstream(TcpUpstream, serve=lambda it: switch(it, serve)))
        client = self.connect()
        client.receive(12)
        client.send_end()
        self.assertTrue(ended.wait(30))
        client.reset()
        self.assert_nothing_stays()

    def test_one_of_tls_that_says_so(self):
        authority = Authority()
        self.addCleanup(authority.close)
        self.serve(
            self.upstream(TcpUpstream, serve=lambda it: switch(it, self.talk_on)),
            authority.issue("server", "DNS:weir.test"),
        )
        for _ in range(20):
            plain = TcpClient(self.running.port)
            self.addCleanup(plain.close)
            client = authority.client_context().wrap_socket(
                plain.socket, server_hostname="weir.test"
            )
            client.sendall(self.HEAD)
            client.recv(12)
            client.settimeout(0.01)
            with contextlib.suppress(OSError):
                client.unwrap()  # sends its end, and would wait for the other
            client.close()
        self.assert_nothing_stays()

    def test_one_that_listens_on_stays(self):
        self.serve(self.upstream(TcpUpstream, serve=lambda it: switch(it, self.talk_on)))
        client = self.connect()
        client.send_end()
        self.assertTrue(client.receive_all().endswith(b"\r\n\r\n" + b"x" * 2000))
        self.assert_nothing_stays()


class AnotherWeir:
    """As an upstream of HTTP/2, which has the protocols behind it from HTTP/1."""

    scheme = "h2c"

    def __init__(self, test, peer):
        routes = [
            {"match": {"connect_matcher": {}}, "route": {"cluster": "upstream"}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ]
        upgrades = [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]
        listener = bootstrap.listener("second", upgrade_configs=upgrades, routes=routes, codec_type="HTTP2")
        self.running = test.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        )
        self.port = self.running.port


def serve_by_http2(test, peer):
    """One whose upstream may be asked for upgrades over HTTP/2."""
    cluster = bootstrap.cluster("upstream", peer)
    (options,) = cluster["typed_extension_protocol_options"].values()
    options["explicit_http_config"]["http2_protocol_options"]["allow_connect"] = True
    routes = [
        {"match": {"connect_matcher": {}}, "route": {"cluster": "upstream"}},
        {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
    ]
    upgrades = [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]
    listener = bootstrap.listener("web", upgrade_configs=upgrades, routes=routes)
    return test.weir(bootstrap=bootstrap.bootstrap([listener], [cluster]))


class OverHttp2Test(PlaneTest):
    """Upgrades that go to the upstream over HTTP/2 (RFC 8441)."""

    def talk(self, port, messages):
        """What comes back; each client checks the answer to its key."""

        async def run():
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/chat", max_size=16 * _MIB, compression=None
            ) as connection:
                answers = []
                for message in messages:
                    await connection.send(message)
                    answers.append(await connection.recv())
                return answers

        return loop.run(run())

    def test_a_websocket(self):
        second = AnotherWeir(self, self.upstream(WebSocketServer))
        first = serve_by_http2(self, second)
        messages = ["small", os.urandom(4 * _MIB), "headers"]
        answers = self.talk(first.port, messages)
        self.assertEqual(answers[:2], messages[:2])
        self.assertIn("upgrade: websocket", answers[2].lower())
        self.assertEqual(second.running.stat("http.second.downstream_cx_http2_total"), 1)
        eventually(lambda: first.stat("http.web.downstream_rq_active") == 0, "its end")

    def test_many_on_one_connection(self):
        second = AnotherWeir(self, self.upstream(WebSocketServer))
        first = serve_by_http2(self, second)

        async def one(number):
            async with websockets.connect(f"ws://127.0.0.1:{first.port}/chat") as connection:
                for i in range(20):
                    await connection.send(f"{number} {i}")
                    self.assertEqual(await connection.recv(), f"{number} {i}")

        loop.run_all([one(number) for number in range(20)])
        self.assertEqual(first.stat("cluster.upstream.upstream_cx_total"), 1)

    def test_from_a_client_of_http2(self):
        second = AnotherWeir(self, self.upstream(WebSocketServer))
        client = Http2Client(serve_by_http2(self, second).port, "/chat")
        self.addCleanup(client.close)
        self.assertEqual(client.headers[":status"], "200")
        client.send(b"\x81\x85\0\0\0\0hello")
        self.assertEqual(client.receive(7), b"\x81\x05hello")

    def test_a_server_that_does_not_switch(self):
        peer = self.upstream(Http1Upstream)
        first = serve_by_http2(self, AnotherWeir(self, peer))
        fields = {"connection": "upgrade", "upgrade": "websocket"}
        # Its 200 would say over HTTP/2 that it has switched.
        self.assertEqual(self.client(first.port).request("/", headers=fields).status, 502)
        self.assertEqual(peer.requests[0].headers.get("upgrade"), "websocket")

    def test_a_tunnel(self):
        def serve(connection):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1000)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nfirst words")
            received = read_all(connection)
            connection.sendall(b" and " + received)
            connection.shutdown(socket.SHUT_WR)

        first = serve_by_http2(self, AnotherWeir(self, self.upstream(TcpUpstream, serve=serve)))
        with socket.create_connection(("127.0.0.1", first.port), timeout=30) as client:
            client.sendall(b"CONNECT far.test:443 HTTP/1.1\r\nhost: far.test:443\r\n\r\nearly")
            answer = b""
            while not answer.endswith(b"first words"):
                answer += client.recv(1000)
            client.sendall(b" and late")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(client), b" and early and late")


class Http2Client:
    """A WebSocket over a stream of HTTP/2 (RFC 8441): h2 for the frames of the one, ours for the other's."""

    def __init__(self, port, path, protocol="websocket"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="latin-1"))
        self.h2.initiate_connection()
        self.data = b""
        self.ended = False
        self.headers = None
        while not self.h2.remote_settings.enable_connect_protocol:
            self._turn()
        fields = [
            (":method", "CONNECT"),
            (":scheme", "http"),
            (":authority", "weir.test"),
            (":path", path),
            (":protocol", protocol),
            ("sec-websocket-version", "13"),
        ]
        self.h2.send_headers(1, fields)
        while self.headers is None:
            self._turn()

    def _turn(self):
        self.socket.sendall(self.h2.data_to_send())
        for event in self.h2.receive_data(self.socket.recv(1 << 16)):
            if isinstance(event, h2.events.ResponseReceived):
                self.headers = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.data += event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, 1)
            elif isinstance(event, h2.events.StreamEnded):
                self.ended = True

    def send(self, data):
        self.h2.send_data(1, data)
        self.socket.sendall(self.h2.data_to_send())

    def receive(self, size):
        while len(self.data) < size and not self.ended:
            self._turn()
        return self.data

    def close(self):
        self.socket.close()


class Http2Test(PlaneTest):
    def open(self, **options):
        peer = self.upstream(WebSocketServer)
        listener = bootstrap.listener("web", upgrade_configs=[{"upgrade_type": "websocket"}])
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        weir = self.weir(bootstrap=settings)
        client = Http2Client(weir.port, "/chat", **options)
        self.addCleanup(client.close)
        return client

    def test_a_websocket_over_http2(self):
        client = self.open()
        self.assertEqual(client.headers[":status"], "200")
        self.assertNotIn("sec-websocket-accept", client.headers)
        # A text frame, masked with zeroes, and the same without a mask from the server.
        client.send(b"\x81\x85\0\0\0\0hello")
        self.assertEqual(client.receive(7), b"\x81\x05hello")
        client.data = b""
        client.send(b"\x88\x82\0\0\0\0\x03\xe8")
        self.assertEqual(client.receive(4), b"\x88\x02\x03\xe8")
        client.receive(5)
        self.assertTrue(client.ended)

    def test_what_is_not_configured_is_refused(self):
        self.assertEqual(self.open(protocol="other").headers[":status"], "501")


class ConnectTest(PlaneTest):
    def test_a_tunnel(self):
        """To an upstream that is a proxy itself."""

        def serve(connection):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1000)
            self.head = head
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nfirst words")
            received = read_all(connection)
            connection.sendall(b" and " + received)
            connection.shutdown(socket.SHUT_WR)

        peer = self.upstream(TcpUpstream, serve=serve)
        listener = bootstrap.listener(
            "web",
            upgrade_configs=[{"upgrade_type": "CONNECT"}],
            routes=[{"match": {"connect_matcher": {}}, "route": {"cluster": "upstream"}}],
        )
        weir = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        )
        with socket.create_connection(("127.0.0.1", weir.port), timeout=30) as client:
            client.sendall(b"CONNECT far.test:443 HTTP/1.1\r\nhost: far.test:443\r\n\r\n")
            answer = b""
            while not answer.endswith(b"first words"):
                answer += client.recv(1000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            self.assertNotIn(b"transfer-encoding", answer)
            client.sendall(b"the client's")
            client.shutdown(socket.SHUT_WR)
            self.assertEqual(read_all(client), b" and the client's")
        self.assertTrue(self.head.startswith(b"CONNECT far.test:443 HTTP/1.1\r\n"), self.head)

    def test_where_it_is_not_configured(self):
        peer = self.upstream(Http1Upstream)
        weir = self.weir("--upstream", peer.url)
        with socket.create_connection(("127.0.0.1", weir.port), timeout=30) as client:
            client.sendall(b"CONNECT far.test:443 HTTP/1.1\r\nhost: far.test:443\r\n\r\n")
            self.assertIn(b"501", read_all(client).split(b"\r\n")[0])


if __name__ == "__main__":
    unittest.main()
