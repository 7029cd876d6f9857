"""What a stock Traffic Server does not do for transformations, with weir-ats.so in it: origins that answer before they
have read a request's body, or break off; ranges; answers of plugins meanwhile."""

import threading
import time
import unittest

from peers import loop
from peers.ats import PLUGIN, TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.http2 import Http2Client
from peers.message import Broken
from peers.tcp import TcpClient, TcpUpstream


# One of the server's own plugins.
COMPRESS = "/usr/lib/trafficserver/modules/compress.so"


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

    MOST_S = 10

    def setUp(self):
        self.gate = threading.Event()
        self.addCleanup(self.gate.set)

    def answer(self, connection):
        head = read_head(connection)
        if b"/broken" in head:
            head = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2000\r\n\r\n"
            connection.sendall(head + b"a" * 400)
            time.sleep(0.1)
        else:
            self.gate.wait(loop.PATIENCE_S)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    def test_a_response_that_breaks_off_ends_its_connection(self):
        self.serve("/other", self.answer)
        started = time.monotonic()
        self.assertEqual(self.send("GET", "/broken"), b"")
        self.assertLess(time.monotonic() - started, self.MOST_S)

    def test_likewise_where_another_plugins_transformation_waits(self):
        """This one compresses, and begins when it has something."""
        up = self.upstream(TcpUpstream, serve=self.answer)
        up.url = f"http://127.0.0.1:{up.port}"
        settings = b"enabled true\ncompressible-content-type text/*\nsupported-algorithms gzip\n"
        for order in (1, -1):
            lines = [f"{PLUGIN} weir.yaml", f"{COMPRESS} compress.config"][::order]
            self.server = TrafficServer(
                up,
                files={"weir.yaml": http_all("/body/rewrite"), "compress.config": settings},
                plugin_config="\n".join(lines),
            )
            self.addCleanup(self.server.stop)
            started = time.monotonic()
            self.assertEqual(self.send("GET", "/broken", "accept-encoding: gzip\r\n"), b"")
            self.assertLess(time.monotonic() - started, self.MOST_S)

    def broken_stream(self, *plugins, **records):
        """How long the stream of such a response takes to end; others on its connection of HTTP/2 go on."""
        up = self.upstream(TcpUpstream, serve=self.answer)
        up.url = f"http://127.0.0.1:{up.port}"
        server = TrafficServer(up, [plugins], records=records)
        self.addCleanup(server.stop)
        client = self.client(server.port, Http2Client)
        slow = client.start("/slow")
        started = time.monotonic()
        with self.assertRaises(Broken):
            client.request("/broken")
        took = time.monotonic() - started
        self.gate.set()
        self.assertTrue(slow.result(loop.PATIENCE_S).body.startswith(b"ok"))
        return took

    def test_a_stream_of_http2_ends_when_it_has_been_idle(self):
        idle_s = 4
        key = "proxy.config.http.transaction_no_activity_timeout_in"
        took = self.broken_stream(http_all("/other"), **{key: idle_s})
        self.assertGreater(took, idle_s / 2)
        self.assertLess(took, self.MOST_S)

    def test_a_stream_of_http2_that_tells_no_length_ends_at_once(self):
        """A plugin that takes content-length away makes the response begin at once."""
        self.assertLess(self.broken_stream(http_all("/body/append")), self.MOST_S)


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


class ExpectTest(EarlyCase):
    """Clients that wait for a word of the server before they send a body."""

    def test_the_server_says_go_on_where_it_is_told_to(self):
        self.up = self.upstream()
        records = {"proxy.config.http.send_100_continue_response": 1}
        self.server = TrafficServer(self.up, [[http_all("/other")]], records=records)
        self.addCleanup(self.server.stop)
        client = TcpClient(self.server.port)
        self.addCleanup(client.close)
        head = "POST /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\ncontent-length: 4\r\n"
        client.send(f"{head}expect: 100-continue\r\n\r\n".encode())
        expected = b"HTTP/1.1 100 Continue\r\n"
        self.assertEqual(client.receive(len(expected)), expected)
        client.send(b"body")
        self.assertIn(b"\r\nHTTP/1.1 200 OK\r\n", client.receive_all())
        self.assertEqual([request.body for request in self.up.requests], [b"body"])


class LimitTest(PlaneTest):
    """How much of a request's body may wait, as files of plugins say."""

    def serve(self, *limits):
        self.up = self.upstream()
        line = [{**http_all("/other"), "max_request_body_bytes": limit} for limit in limits]
        files = {f"{number}.yaml": file for number, file in enumerate(line)}
        self.server = TrafficServer(self.up, [list(files)], files=files, manager=True)
        self.addCleanup(self.server.stop)
        return self.client(self.server.port)

    def statuses(self, client, *sizes):
        return [client.request("/any", method="POST", body=b"a" * size).status for size in sizes]

    def test_a_file_says_more(self):
        size = 20_000_000
        client = self.serve(size)
        self.assertEqual(self.statuses(client, size, size + 1), [200, 413])
        self.assertEqual([len(request.body) for request in self.up.requests], [size])

    def test_the_least_of_a_lines_files_holds(self):
        client = self.serve(5000, 1000, 3000)
        self.assertEqual(self.statuses(client, 1000, 1001), [200, 413])

    def test_another_is_taken_when_files_are_read_anew(self):
        client = self.serve(1000)
        self.assertEqual(self.statuses(client, 2000), [413])
        self.server.put({**http_all("/other"), "max_request_body_bytes": 2000}, "0.yaml")
        self.server.control("config", "reload")
        self.server.wait_for_line("loaded anew: 0.yaml")
        self.assertEqual(self.statuses(client, 2000, 2001), [200, 413])
        self.server.put({**http_all("/other"), "max_request_body_bytes": "16 MiB"}, "0.yaml")
        self.server.control("config", "reload")
        self.server.wait_for_line(
            "not loaded anew.*0.yaml:1:[0-9]+: max_request_body_bytes: is no number of bytes"
        )
        self.assertEqual(self.statuses(client, 2000, 2001), [200, 413])


if __name__ == "__main__":
    unittest.main()
