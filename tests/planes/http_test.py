"""HTTP as odd and as hostile as peers make it."""

import asyncio
import contextlib
import http.client
import unittest

from peers import bootstrap, loop
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client, Http1Connection, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.message import Broken, Fields, Response, echo, make_request
from peers.tcp import Nowhere, TcpUpstream, read_all
from peers.weir import eventually

MEGABYTE = 1 << 20


class HttpCase(PlaneTest):
    def serve(self, upstream_kind=Http1Upstream, respond=echo, wasm="http_all"):
        self.upstream = self.upstream(upstream_kind, respond=respond)
        self.weir = self.weir(guest(wasm), "--upstream", self.upstream.url)

    def connect(self):
        connection = loop.run(Http1Connection.open(self.weir.port))
        self.addCleanup(loop.call, connection.close)
        return connection

    def answer_to(self, data):
        """The first response to bytes on a new connection."""

        async def exchange(connection):
            await connection.send_bytes(data)
            return await connection.receive()

        return loop.run(exchange(self.connect()))

    def check_serves(self):
        self.assertEqual(self.client(self.weir.port).request("/fine").status, 200)


class Http1RequestTest(HttpCase):
    def setUp(self):
        self.serve()

    def test_a_request_that_comes_byte_by_byte(self):
        request = b"POST /body/rewrite HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

        async def exchange(connection):
            for byte in request:
                await connection.send_bytes(bytes([byte]))
                await asyncio.sleep(0)
            return await connection.receive()

        self.assertEqual(loop.run(exchange(self.connect())).body, b"response(request(hi))")

    def test_requests_on_one_connection_are_answered_in_order(self):
        paths = [f"/{number}" for number in range(20)]
        requests = [f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths]

        async def exchange(connection):
            await connection.send_bytes("".join(requests).encode())
            return [(await connection.receive()).headers.get("x-path") for _ in paths]

        self.assertEqual(loop.run(exchange(self.connect())), paths)

    def test_headers_beyond_the_limit(self):
        for headers in [b"X-Big: " + b"a" * 65536, b"\r\n".join([b"X-Many: 1"] * 2000)]:
            response = self.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n")
            self.assertEqual(response.status, 431)
        self.assertEqual(self.upstream.requests, [])

    def test_headers_within_the_limit(self):
        value = b"a" * 40_000
        response = self.answer_to(b"GET / HTTP/1.1\r\nHost: a\r\nX-Big: " + value + b"\r\n\r\n")
        self.assertEqual(response.status, 200)
        self.assertEqual(len(self.upstream.requests[0].headers.get("x-big")), len(value))

    def test_requests_that_could_be_read_in_two_ways(self):
        for lines in [
            b"Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            b"Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n",
            b"Host: a\r\nContent-Length: 3, 4\r\n",
            b"Host: a\r\nContent-Length: -3\r\n",
            b"Host: a\r\nContent-Length: +3\r\n",
            b"Host: a\r\nContent-Length: 0x3\r\n",
            b"Host: a\r\nContent-Length: 99999999999999999999\r\n",
            b"Host: a\r\nTransfer-Encoding: chunked, identity\r\n",
            b"Host: a\r\nTransfer-Encoding: xchunked\r\n",
            b"Host: a\r\nTransfer-Encoding : chunked\r\n",
            b"Host: a\r\nHost: b\r\n",
            b"Host: a\r\n X-Folded: 1\r\n",
            b"Host: a\r\nX-Nul: a\0b\r\n",
            b"Host: a\r\nno colon\r\n",
            b"",
        ]:
            with self.subTest(lines=lines):
                response = self.answer_to(b"POST / HTTP/1.1\r\n" + lines + b"\r\nabc")
                self.assertIn(response.status, (400, 501))
        for line in [b"GET", b"GET /", b"GET / HTTP/1.1 x", b"G\0T / HTTP/1.1", b"GET  / HTTP/1.1"]:
            with self.subTest(line=line):
                response = self.answer_to(line + b"\r\nHost: a\r\n\r\n")
                self.assertIn(response.status, (400, 505))
        self.assertEqual(self.upstream.requests, [])
        self.check_serves()

    def test_a_bad_chunk_breaks_the_request_off(self):
        for chunk in [b"xyz\r\n", b"5\r\nabcdefgh\r\n", b"fffffffffffffffff\r\n", b"-1\r\n"]:
            with self.subTest(chunk=chunk):
                head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                try:
                    self.assertEqual(self.answer_to(head + chunk).status, 400)
                except Broken:
                    pass
        self.assertEqual(self.upstream.requests, [])
        self.check_serves()

    def test_hop_by_hop_headers_stay(self):
        headers = {
            "connection": "keep-alive, x-hop",
            "keep-alive": "timeout=5",
            "proxy-connection": "keep-alive",
            "x-hop": "1",
            "x-end": "1",
        }
        self.client(self.weir.port).request("/", headers=headers)
        received = self.upstream.requests[0].headers
        self.assertEqual(received.get("x-end"), "1")
        for name in ("keep-alive", "proxy-connection", "x-hop"):
            self.assertNotIn(name, received)

    def test_chunks_and_trailers(self):
        body = b"POST /trailers HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        body += b"3;extension=1\r\nabc\r\n2\r\nde\r\n0\r\nX-Remove: 1\r\nX-Keep: 1\r\n\r\n"
        response = self.answer_to(body)
        self.assertEqual(self.upstream.requests[0].body, b"abcde")
        self.assertEqual(self.upstream.requests[0].trailers.get("x-keep"), "1")
        self.assertNotIn("x-remove", self.upstream.requests[0].trailers)
        self.assertEqual(response.body, b"abcde")

    def test_head(self):
        async def respond(request):
            return Response(200, Fields([("content-length", "1000")]))

        self.upstream.respond = respond
        response = self.client(self.weir.port).request("/", method="HEAD")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers.get("content-length"), "1000")
        self.assertEqual(self.upstream.requests[0].method, "HEAD")

    def test_http_1_0(self):
        connection = self.connect()
        loop.run(connection.send_bytes(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n"))
        response = loop.run(connection.receive())
        self.assertEqual(response.status, 200)
        self.assertTrue(loop.run(connection.at_end()))

    def test_http_1_0_without_a_host(self):
        connection = self.connect()
        loop.run(connection.send_bytes(b"GET / HTTP/1.0\r\n\r\n"))
        self.assertEqual(loop.run(connection.receive()).status, 200)
        host = self.upstream.requests[-1].headers.get("host")
        self.assertEqual(host, f"127.0.0.1:{self.weir.port}")

    def test_expect_100_continue(self):
        async def exchange(connection):
            await connection.send_bytes(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n")
            await connection.send_bytes(b"Expect: 100-continue\r\n\r\n")
            start_line, _ = await connection.receive_headers()
            await connection.send_bytes(b"ok")
            return start_line, await connection.receive()

        start_line, response = loop.run(exchange(self.connect()))
        self.assertEqual(start_line.split()[1], "100")
        self.assertEqual(response.body, b"ok")
        # It is the proxy that asked for the body.
        self.assertIsNone(self.upstream.requests[-1].headers.get("expect"))

    def test_noise(self):
        preface = b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"
        for noise in [b"\0" * 1000, b"\x16\x03\x01\x02\x00" * 100, preface]:
            connection = self.connect()
            loop.run(connection.send_bytes(noise + b"\r\n\r\n"))
            loop.run(connection.at_end())
        self.check_serves()


class LargeBodyTest(HttpCase):
    """Bodies far larger than what may be held pass in bounded memory."""

    SIZE = 100 * MEGABYTE

    async def pieces(self):
        piece = bytes(256 * 1024)
        for _ in range(self.SIZE // len(piece)):
            yield piece

    async def respond_at_length(self, request):
        if request.path == "/small":
            return await echo(request)
        return Response(200, Fields([("x-size", str(len(request.body)))]), self.pieces())

    def check(self, client_kind, upstream_kind):
        # It looks at every byte, and changes the end.
        self.serve(upstream_kind, self.respond_at_length)
        client = self.client(self.weir.port, client_kind)
        client.request("/small")
        before = self.weir.rss_bytes()
        answer = client.start("/body/append", method="POST", body=self.pieces())
        peak = 0
        while not answer.done():
            peak = max(peak, self.weir.rss_bytes())
        response = answer.result()
        self.assertEqual(int(response.headers.get("x-size")), self.SIZE + len("[end]"))
        self.assertEqual(len(response.body), self.SIZE + len("[end]"))
        self.assertTrue(response.body.endswith(b"[end]"))
        self.assertLess(peak - before, 50 * MEGABYTE)

    def test_over_http1(self):
        self.check(Http1Client, Http1Upstream)

    def test_over_http2(self):
        self.check(Http2Client, Http2Upstream)

    def test_what_a_plugin_would_hold_has_a_bound(self):
        self.serve()
        body = bytes(8 * MEGABYTE)
        response = self.client(self.weir.port, Http2Client).request(
            "/body/rewrite", method="POST", body=body
        )
        self.assertEqual(response.status, 413)
        self.assertEqual(self.upstream.requests, [])
        self.check_serves()


class EarlyAnswerTest(PlaneTest):
    """Answers that come before the request's body has: what they say of the connection holds."""

    def serve(self, *plugins):
        peer = self.upstream(TcpUpstream, serve=answer_at_once)
        routes = [
            {"match": {"path": path}, "direct_response": {"status": 401, **body}}
            for path, body in {"/said": {"body": {"inline_string": "no"}}, "/empty": {}}.items()
        ]
        clusters = [
            bootstrap.cluster("early", peer),
            bootstrap.cluster("nowhere", self.upstream(Nowhere)),
        ]
        for cluster in ("early", "nowhere"):
            routes.append({"match": {"path": f"/{cluster}"}, "route": {"cluster": cluster}})
        routes.append({"match": {"prefix": "/"}, "route": {"cluster": "nowhere"}})
        listener = bootstrap.listener("web", *plugins, routes=routes)
        self.port = self.weir(bootstrap=bootstrap.bootstrap([listener], clusters)).port

    ANSWERS = (
        ("/said", 401),  # a direct response
        ("/empty", 401),
        ("/early", 200),  # the upstream's
        ("/nowhere", 503),
        ("/other", 503),
    )

    async def exchange(self, path, size, chunked=False):
        """Reads the answer before it sends the body, then asks again: both answers, or one and none."""
        connection = await Http1Connection.open(self.port)
        try:
            length = "transfer-encoding: chunked" if chunked else f"content-length: {size}"
            head = f"POST {path} HTTP/1.1\r\nhost: a\r\n{length}\r\n\r\n".encode()
            await connection.send_bytes(head)
            first = await connection.receive()
            if first.headers.get("connection") == "close":
                return first, None
            await connection.send_bytes(b"z" * size)
            await connection.send_bytes(b"GET /said HTTP/1.1\r\nhost: a\r\n\r\n")
            return first, await connection.receive()
        finally:
            connection.close()

    def check_goes_on(self, path, status):
        for size in (1, 100, 60_000):
            with self.subTest(path, size=size):
                first, second = loop.run(self.exchange(path, size))
                self.assertEqual(first.status, status)
                self.assertIsNotNone(second)
                self.assertEqual((second.status, second.body), (401, b"no"))

    def test_the_connection_goes_on_behind_a_short_rest(self):
        self.serve()
        for path, status in self.ANSWERS:
            self.check_goes_on(path, status)

    def test_it_goes_on_behind_a_plugins_answer(self):
        self.serve(bootstrap.plugin("answers", guest("http_all")))
        self.check_goes_on("/local-response", 403)

    def test_it_is_told_that_the_connection_ends(self):
        self.serve()
        for path, status in self.ANSWERS:
            for options in ({"size": 100_000}, {"size": 0, "chunked": True}):
                with self.subTest(path, **options):
                    first, second = loop.run(self.exchange(path, **options))
                    self.assertEqual(first.status, status)
                    self.assertIsNone(second)

    def test_no_request_of_a_client_that_sends_its_body_apart_is_lost(self):
        self.serve()
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.addCleanup(client.close)
        for path, status in self.ANSWERS * 20:
            client.request("POST", path, body=b"z" * 100)
            response = client.getresponse()
            response.read()
            self.assertEqual(response.status, status)
            self.assertIsNone(response.getheader("connection"))


def answer_at_once(connection):
    """As an upstream that needs no body to know what to say, nor reads one."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1000)
    fields = b"connection: close\r\ncontent-length: 2\r\n\r\n"
    connection.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"ok")
    read_all(connection)


class DisconnectTest(HttpCase):
    def active(self):
        stats = self.weir.stats()
        return sum(value for name, value in stats.items() if name.endswith("rq_active"))

    def check_nothing_is_left(self):
        eventually(lambda: self.active() == 0, "no request to be under way")
        self.check_serves()

    def test_a_client_that_leaves_in_its_body(self):
        self.serve()
        for path in ("/body/rewrite", "/body/append", "/fine"):
            connection = self.connect()
            head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"
            loop.run(connection.send_bytes(head.encode() + b"half"))
            eventually(lambda: self.active() > 0, "the request to be under way")
            loop.call(connection.reset)
            eventually(lambda: self.active() == 0, "no request to be under way")
        self.assertEqual(self.upstream.requests, [])
        self.check_nothing_is_left()

    def test_a_client_that_leaves_before_its_answer(self):
        gate = loop.Gate()

        async def respond(request):
            if request.path == "/slow":
                await gate.passed()
            return await echo(request)

        self.serve(respond=respond)
        for number in range(1, 6):
            connection = self.connect()
            loop.run(connection.send(make_request("/slow")))
            eventually(lambda: gate.waiting == number, "the request to be under way")
            loop.call(connection.reset)
        self.check_nothing_is_left()
        gate.open()
        self.check_serves()

    def test_a_client_that_leaves_in_its_answer(self):
        gate = loop.Gate()

        async def body():
            while not gate.waiting:
                yield bytes(64 * 1024)
                await asyncio.sleep(0)

        async def respond(request):
            return Response(200, Fields(), body() if request.path == "/endless" else b"")

        self.serve(respond=respond)
        connection = self.connect()
        loop.run(connection.send(make_request("/endless")))
        loop.run(connection.receive_bytes(100_000))
        loop.call(connection.reset)
        self.check_nothing_is_left()

    def test_an_upstream_that_dies(self):
        answers = {
            "/nothing": b"",
            "/status": b"HTTP/1.1 200 OK\r\n",
            "/noise": b"\0\1\2\3 noise\r\n\r\n",
            "/lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        }

        async def respond(request):
            return answers.get(request.path) if request.path in answers else await echo(request)

        self.serve(respond=respond)
        for path in answers:
            with self.subTest(path=path):
                self.assertIn(self.client(self.weir.port).request(path).status, (502, 503))
        self.check_nothing_is_left()

    def test_an_upstream_that_dies_in_its_answer(self):
        length = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"
        chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"
        answers = {"/length": length, "/chunks": chunks}

        async def respond(request):
            return answers.get(request.path) or await echo(request)

        self.serve(respond=respond)
        for kind in (Http1Client, Http2Client):
            for path in answers:
                with self.subTest(path=path, kind=kind.__name__):
                    # A response that has not begun may still become another.
                    with contextlib.suppress(Broken):
                        response = self.client(self.weir.port, kind).request(path)
                        self.assertEqual(response.status, 502)
        self.check_nothing_is_left()

    def test_an_upstream_that_resets_a_stream(self):
        async def respond(request):
            return None if request.path == "/breaks" else await echo(request)

        self.serve(Http2Upstream, respond)
        client = self.client(self.weir.port, Http2Client)
        self.assertEqual(client.request("/breaks").status, 503)
        self.check_nothing_is_left()

    def test_an_upstream_that_is_not_there(self):
        self.serve()
        self.upstream.close()
        response = self.client(self.weir.port).request("/")
        self.assertEqual(response.status, 503)
        self.assertEqual(self.weir.stat("cluster.upstream.upstream_cx_connect_fail"), 1)


if __name__ == "__main__":
    unittest.main()
