"""What a stock Traffic Server does not do for transformations, with weir-ats.so in it: origins that answer before they
have read a request's body, or break off; ranges; answers of plugins meanwhile."""

import time
import unittest

from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.tcp import TcpClient, TcpUpstream


def http_all(scenario="/headers", **options):
    return plugin_file("http_all", guest("http_all"), f"scenario={scenario}", **options)


class EarlyCase(PlaneTest):
    def serve(self, scenario, serve, **options):
        """A server in front of an upstream that serves its connections by `serve`. Without a scenario the path names
        it."""
        self.up = self.upstream(TcpUpstream, serve=serve)
        plugin = http_all(scenario) if scenario else plugin_file("http_all", guest("http_all"))
        self.up.url = f"http://127.0.0.1:{self.up.port}"
        self.server = TrafficServer(self.up, [[plugin]], **options)
        self.addCleanup(self.server.stop)

    def send(self, method, path, headers="", body=b""):
        """All that comes back until the connection ends."""
        client = TcpClient(self.server.port)
        self.addCleanup(client.close)
        head = f"{method} {path} HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n{headers}\r\n"
        client.send(head.encode() + body)
        return client.receive_all()


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(1 << 10)
        if not piece:
            break
        data += piece
    return data


class EarlyAnswerTest(EarlyCase):
    """Such an origin ends a server whose request has a transformation that has not taken all (HttpTunnel::abort_tunnel),
    or whose response has one that had taken all before it was read."""

    TIMES = 6

    @staticmethod
    def refuse(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig")
        time.sleep(0.3)  # The rest is not read, and the connection not yet closed.

    def test_an_origin_that_answers_before_it_has_read_the_body(self):
        for scenario in ("/other", "/body/append"):
            self.serve(scenario, self.refuse)
            for size in (100_000, 900_000, 3_000_000):
                for _ in range(self.TIMES):
                    answer = self.send("POST", "/any", f"content-length: {size}\r\n", b"a" * size)
                    self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), (scenario, size, answer))


class TruncatedTest(EarlyCase):
    """A short response waits for its true length, and the server makes none of one that breaks off meanwhile."""

    @staticmethod
    def break_off(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + b"a" * 400)

    def test_a_response_that_breaks_off_ends_its_connection(self):
        self.serve("/other", self.break_off)
        started = time.monotonic()
        self.assertEqual(self.send("GET", "/any"), b"")
        self.assertLess(time.monotonic() - started, 10)


class ReplyTest(EarlyCase):
    """Answers of plugins to bodies of requests, which come when the body has come in."""

    def setUp(self):
        self.sent = []
        self.serve("", lambda connection: self.sent.append(connection.recv(1)))

    def told(self, path, size):
        started = time.monotonic()
        answer = self.send("POST", path, f"content-length: {size}\r\n", b"a" * size)
        self.assertLess(time.monotonic() - started, 10)
        return answer

    def test_from_the_body_of_any_length(self):
        for size in (10, 65_536, 65_537, 1_000_000):
            answer = self.told("/local-response/body", size)
            self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), (size, answer))
            self.assertTrue(answer.endswith(b"denied by guest"), (size, answer))
        self.assertEqual(set(self.sent) - {b""}, set())  # to the origin

    def test_a_plugin_without_a_callback_for_bodies_lets_any_pass(self):
        size = (16 << 20) + 1
        up = self.upstream()
        plugin = plugin_file("property", self.module("property"), "request.path")
        server = TrafficServer(up, [[plugin]])
        self.addCleanup(server.stop)
        response = self.client(server.port).request("/any", method="POST", body=b"a" * size)
        self.assertEqual((response.status, len(response.body)), (200, size))
        self.assertEqual(response.headers.get("x-value"), "/any")

    def test_a_body_beyond_the_limit(self):
        answer = self.told("/other", (16 << 20) + 1)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413 "), answer)
        self.assertEqual(set(self.sent) - {b""}, set())  # to the origin


if __name__ == "__main__":
    unittest.main()
