"""Requests with bodies that plugins see, in a stock Traffic Server: what it does with them that it does not expect of a
transformation."""

import time
import unittest

from ats_early_test import EarlyCase, http_all, read_head
from peers.ats import TrafficServer, plugin_file
from peers.http1 import Http1Upstream
from peers.message import Fields, Response
from peers.tcp import TcpClient, TcpUpstream, read_exactly

CACHE = {
    "proxy.config.http.cache.http": 1,
    "proxy.config.http.cache.required_headers": 0,
    "proxy.config.http.wait_for_cache": 1,
}
BODY = b"a" * 5000


def head(method, *fields):
    lines = [f"{method} /any HTTP/1.1", "host: weir.test", "connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def chunked(body):
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"


def read_request(connection):
    """Of one that tells its length."""
    data = read_head(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length: "):
            size = int(line.partition(b": ")[2])
            body += read_exactly(connection, size - len(body))
    return head, body


class UploadCase(EarlyCase):
    def ask(self, *data, ends=False):
        """What comes back until the connection ends."""
        client = TcpClient(self.server.port)
        self.addCleanup(client.close)
        for piece in data:
            client.send(piece)
        if ends:
            client.send_end()
        return client.receive_all()

    def assert_alive(self):
        time.sleep(0.2)
        self.assertIsNone(self.server.process.poll(), self.server.log)


class SilentOriginTest(UploadCase):
    """The server tries methods that are safe a second time, and others as long as it has sent nothing."""

    METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "POST")

    @staticmethod
    def read_and_close(connection):
        read_request(connection)

    @staticmethod
    def close(connection):
        connection.close()

    def check(self, sent):
        for method in self.METHODS:
            for fields, body in (
                (f"content-length: {len(BODY)}", BODY),
                ("transfer-encoding: chunked", chunked(BODY)),
            ):
                for _ in range(4):
                    before = self.up.accepted
                    answer = self.ask(head(method, fields), body)
                    self.assertTrue(answer.startswith(b"HTTP/1.1 502 "), (method, fields, answer))
                    if sent:
                        self.assertEqual(self.up.accepted - before, 1, method)
        self.assert_alive()

    def test_an_origin_that_closes_without_an_answer(self):
        self.serve("/other", self.read_and_close)
        self.check(sent=True)

    def test_an_origin_that_closes_at_once(self):
        self.serve("/other", self.close)
        self.check(sent=False)

    def test_a_plugin_that_makes_the_method_a_safe_one(self):
        up = self.upstream(TcpUpstream, serve=self.read_and_close)
        up.url = f"http://127.0.0.1:{up.port}"
        sets = plugin_file("sets", self.module("sets_header"), "0 :method=GET")
        for lines in ([[http_all("/other"), sets]], [[http_all("/other")], [sets]]):
            self.server = TrafficServer(up, lines)
            self.addCleanup(self.server.stop)
            for _ in range(4):
                answer = self.ask(head("POST", f"content-length: {len(BODY)}"), BODY)
                self.assertTrue(answer.startswith(b"HTTP/1.1 502 "), answer)
            self.assert_alive()


class InterimTest(UploadCase):
    """Origins that say something before the response."""

    def answer(self, connection):
        head, body = read_request(connection)
        self.heads.append(head.lower())
        self.bodies.append(body)
        connection.sendall(b"HTTP/1.1 %b\r\nx-interim: 1\r\n\r\n" % self.interim)
        time.sleep(0.05)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ncache-control: max-age=100\r\ncontent-length: 4\r\n"
            b"connection: close\r\n\r\nbody"
        )

    def setUp(self):
        self.heads = []
        self.bodies = []

    def test_of_a_request_with_a_body(self):
        self.serve("/other", self.answer)
        for self.interim in (b"100 Continue", b"103 Early Hints"):
            for expect in ((), ("expect: 100-continue",)):
                for framing, body in (
                    (f"content-length: {len(BODY)}", BODY),
                    ("transfer-encoding: chunked", chunked(BODY)),
                ):
                    for ends in (False, True):
                        with self.subTest(self.interim, expect=expect, framing=framing, ends=ends):
                            answer = self.ask(head("POST", framing, *expect), body, ends=ends)
                            self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
                            self.assertTrue(answer.endswith(b"\r\n\r\nbody"), answer)
                            self.assertEqual(self.bodies[-1], BODY)
                            self.assertNotIn(b"\r\nexpect:", self.heads[-1])
        self.assert_alive()

    def test_of_one_whose_response_the_cache_would_keep(self):
        self.serve("/other", self.answer, records=CACHE)
        self.server.wait_for_line("fully initialized")
        self.interim = b"103 Early Hints"
        for count in (1, 2):
            answer = self.ask(head("GET"))
            self.assertTrue(answer.startswith(b"HTTP/1.1 103 "), answer)
            self.assertIn(b"\r\n\r\nHTTP/1.1 200 ", answer)
            self.assertTrue(answer.endswith(b"\r\n\r\nbody"), answer)
            self.assertEqual(len(self.heads), count)  # It is not kept.
        self.assert_alive()


class HeldTest(UploadCase):
    """A request that a plugin holds at its body's end."""

    IDLE_S = 1

    def test_the_origins_time_out_waits(self):
        """The server freed what it read the client into, and ended when that did."""
        self.up = self.upstream(Http1Upstream)
        key = "proxy.config.http.transaction_no_activity_timeout_out"
        plugin = plugin_file("holds", self.module("holds_body"))
        self.server = TrafficServer(self.up, [[plugin]], records={key: self.IDLE_S})
        self.addCleanup(self.server.stop)
        for framing, body in (
            (f"content-length: {len(BODY)}", BODY),
            ("transfer-encoding: chunked", chunked(BODY)),
        ):
            for _ in range(2):
                client = TcpClient(self.server.port)
                client.send(head("PUT", framing) + body)
                time.sleep(2.5 * self.IDLE_S)
                client.close()
                self.assert_alive()
        self.assertEqual(self.up.requests, [])


class LinesTest(UploadCase):
    """Several transformations of one request."""

    def test_bodies_in_chunks_reach_the_origin_whole(self):
        self.up = self.upstream(Http1Upstream)

        async def respond(_):
            return Response(200, Fields([]), b"ok")

        self.up.respond = respond
        lines = [[http_all("/other")], [http_all("/other")]]
        rules = [("http://weir.test", [http_all("/other")], self.up)]
        for options in ({"lines": lines}, {"lines": lines[:1], "rules": rules}):
            self.server = TrafficServer(self.up, **options)
            self.addCleanup(self.server.stop)
            for body in (b"z", b"hello world", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n", b"x" * 20_000):
                answer = self.ask(head("POST", "transfer-encoding: chunked"), chunked(body))
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), (options, body, answer))
                self.assertEqual(self.up.requests[-1].body, body)


if __name__ == "__main__":
    unittest.main()
