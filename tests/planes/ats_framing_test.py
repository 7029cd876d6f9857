"""Plugins in a stock Traffic Server that change whether a message has a body: the client's connection stays in step,
and what cannot be sent is refused."""

import re
import socket
import subprocess
import time
import unittest

from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, free_port, guest
from peers.http1 import Http1Upstream
from peers.message import Fields, Response

# Where a client took it for a response, it would read this.
HIDDEN = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nx-evil: 1\r\n\r\nEVIL"


class FramingCase(PlaneTest):
    def serve(self, *lines, rules=(), up=None, **options):
        self.up = up or self.upstream(Http1Upstream)
        self.server = TrafficServer(self.up, lines=lines, rules=rules, **options)
        self.addCleanup(self.server.stop)

    def sets(self, *configurations, body_callback=False):
        """A line of plugins that set a header each; with a callback for bodies on request."""
        made = [
            plugin_file(configuration, self.module("sets_header"), configuration)
            for configuration in configurations
        ]
        for one in made:  # A VM has one configuration, in this module.
            one["config"]["vm_config"]["vm_id"] = one["config"]["name"]
        if body_callback:
            made.append(plugin_file("adds", self.module("adds_header"), "x-more=!"))
        return made

    def answer(self, status, body, **fields):
        async def respond(_):
            return Response(status, Fields(list(fields.items())), body)

        self.up.respond = respond

    def exchange(self, *requests):
        """What a strict client reads of the responses to (method, path), one after another on one connection, as
        (status, body, headers)."""
        told = []
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.settimeout(20)
            file = client.makefile("rb")
            for method, path in requests:
                client.sendall(f"{method} {path} HTTP/1.1\r\nhost: weir.test\r\n\r\n".encode())
                line = file.readline().decode()
                self.assertRegex(line, r"^HTTP/1\.1 \d{3}", told)
                headers = {}
                while (field := file.readline().strip().decode()) != "":
                    name, _, value = field.partition(":")
                    headers[name.lower()] = value.strip()
                status = int(line.split()[1])
                body = b""
                if method != "HEAD" and status not in (204, 304):
                    if headers.get("transfer-encoding") == "chunked":
                        while size := int(file.readline(), 16):
                            body += file.read(size)
                            file.readline()
                        file.readline()
                    elif "content-length" in headers:
                        body = file.read(int(headers["content-length"]))
                    else:
                        self.assertEqual(headers.get("connection"), "close", line)
                        body = file.read()
                told.append((status, body, headers))
                time.sleep(0.1)  # what is too much comes by then
        return told

    def http2(self, *arguments):
        printed = subprocess.run(
            [
                *["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--include"],
                *["--max-time", "20", "--header", "host: weir.test", *arguments],
                f"http://127.0.0.1:{self.server.port}/any",
            ],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        head, _, body = printed.partition(b"\r\n\r\n")
        return int(re.match(rb"HTTP/2 (\d+)", head)[1]), body


class StatusTest(FramingCase):
    def test_a_status_without_a_body_in_place_of_one_with(self):
        up = self.upstream()
        cases = [(status, callback) for status in (204, 304) for callback in (False, True)]
        rules = [
            (f"/{status}/{callback}", self.sets(f"2 :status={status}", body_callback=callback), up)
            for status, callback in cases
        ]
        self.serve(up=up, rules=rules)
        for size in (len(HIDDEN), 1_000_000):
            self.answer(200, (HIDDEN * (size // len(HIDDEN) + 1))[:size])
            for status, callback in cases:
                with self.subTest(status, body_callback=callback, size=size):
                    path = f"/{status}/{callback}"
                    first, second = self.exchange(("GET", path), ("GET", "/any"))
                    self.assertEqual(first[:2], (status, b""))
                    if status == 204:
                        self.assertNotIn("content-length", first[2])
                    self.assertEqual((second[0], len(second[1])), (200, size))
                    self.assertNotIn("x-evil", second[2])

    def test_of_a_response_in_chunks(self):
        """No end of chunks follows the headers."""

        async def respond(_):
            return Response(200, Fields([]), [b"h" * 20, b"h" * 20])

        for status in (204, 304):
            for callback in (False, True):
                self.serve(self.sets(f"2 :status={status}", body_callback=callback))
                self.up.respond = respond
                told = self.exchange(("GET", "/any"), ("GET", "/any"))
                self.assertEqual([one[:2] for one in told], [(status, b"")] * 2)

    def test_over_http2(self):
        self.serve(self.sets("2 :status=204"))
        self.answer(200, HIDDEN)
        self.assertEqual(self.http2(), (204, b""))

    def test_a_status_with_a_body_in_place_of_one_without(self):
        for body_callback in (False, True):
            self.serve(self.sets("2 :status=200", body_callback=body_callback))
            for status in (204, 304):
                with self.subTest(status, body_callback=body_callback):
                    self.answer(status, b"")
                    told = self.exchange(("GET", "/any"), ("GET", "/any"))
                    self.assertEqual([one[:2] for one in told], [(200, b"")] * 2)
                    self.assertEqual(self.http2(), (200, b""))

    def test_of_what_is_in_the_cache_and_of_the_servers_own_errors(self):
        records = {
            "proxy.config.http.cache.http": 1,
            "proxy.config.http.cache.required_headers": 0,
            "proxy.config.http.wait_for_cache": 1,
        }
        self.serve(self.sets("2 :status=204"), records=records)
        self.server.wait_for_line("fully initialized")
        self.answer(200, HIDDEN, **{"cache-control": "max-age=1", "etag": '"1"'})
        asked = [("GET", "/kept")] * 2
        self.assertEqual([one[:2] for one in self.exchange(*asked)], [(204, b"")] * 2)
        self.assertEqual(len(self.up.requests), 1)
        time.sleep(2.1)  # until it is stale, and then asked for whether it still holds
        self.answer(304, b"", etag='"1"')
        # The server has no other than errors to put in the place of that.
        self.assertEqual(self.exchange(("GET", "/kept"))[0][:2], (500, b""))
        self.server.wait_for_line("has no body, and the one that is kept goes out")
        self.up.close()
        time.sleep(2.1)
        # Likewise where it cannot be asked for any more.
        self.assertEqual(self.exchange(("GET", "/kept"))[0][:2], (500, b""))
        told = self.exchange(("GET", "/error"), ("GET", "/error"))
        self.assertEqual([one[:2] for one in told], [(204, b"")] * 2)

    def test_two_lines_that_do_not_agree(self):
        self.serve(self.sets("2 :status=204"), self.sets("2 :status=200"))
        self.answer(200, HIDDEN)
        told = self.exchange(("GET", "/any"), ("GET", "/any"))
        self.assertEqual([one[:2] for one in told], [(200, b"")] * 2)


class MethodTest(FramingCase):
    def methods(self):
        return [request.method for request in self.up.requests]

    def test_get_in_place_of_head(self):
        for body_callback in (False, True):
            with self.subTest(body_callback=body_callback):
                self.serve(self.sets("0 :method=GET", body_callback=body_callback))
                self.answer(200, HIDDEN)
                told = self.exchange(("HEAD", "/any"), ("GET", "/any"))
                self.assertEqual(told[0][:2], (200, b""))
                more = b"!" if body_callback else b""
                self.assertEqual(told[1][:2], (200, HIDDEN + more))
                self.assertEqual(self.methods(), ["GET", "GET"])
                self.assertEqual(self.http2("--head"), (200, b""))

    def test_head_in_place_of_get(self):
        for body_callback in (False, True):
            with self.subTest(body_callback=body_callback):
                self.serve(self.sets("0 :method=HEAD", body_callback=body_callback))
                self.answer(200, HIDDEN)
                told = self.exchange(("GET", "/any"), ("GET", "/any"))
                self.assertEqual([one[:2] for one in told], [(200, b"")] * 2)
                self.assertEqual(self.methods(), ["HEAD", "HEAD"])
                self.assertEqual(self.http2(), (200, b""))

    def test_the_servers_own_errors(self):
        for made, sent in (("GET", "HEAD"), ("HEAD", "GET")):
            with self.subTest(made):
                self.serve(self.sets(f"0 :method={made}"))
                self.up.close()
                told = self.exchange((sent, "/any"), (sent, "/any"))
                self.assertEqual([one[:2] for one in told], [(502, b"")] * 2)

    def test_what_is_refused(self):
        for configuration, status in [
            ("0 :method=CONNECT", 501),
            ("0 :path=", 503),
            ("0 :path=/a b", 503),
            ("0 :authority=", 503),
        ]:
            with self.subTest(configuration):
                self.serve(self.sets(configuration))
                told = self.exchange(("GET", "/any"))
                self.assertEqual(told[0][0], status)
                self.assertEqual(self.up.requests, [])
                self.server.wait_for_line("a request is refused as plugins have left it: ")


class ManyHeadersTest(FramingCase):
    """The server looks through all fields for each pair of them whenever one is added."""

    def test_what_a_plugin_adds_without_end(self):
        self.serve([plugin_file("flood", self.module("many_headers"))])
        self.exchange(("GET", "/any"))
        used = self.server.cpu_s()
        (told,) = self.exchange(("GET", "/any"))
        self.assertLess(self.server.cpu_s() - used, 0.5)
        for headers in (list(self.up.requests[-1].headers), told[2]):
            self.assertTrue(100 < len(headers) < 140, len(headers))
        self.server.wait_for_line("the header is dropped: too large, or not allowed")

    def test_a_client_that_sends_more_keeps_them(self):
        self.serve(self.sets("0 x-set=1"))
        sent = "".join(f"x-{i}: {i}\r\n" for i in range(200))
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.settimeout(20)
            client.sendall(
                f"GET /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n{sent}\r\n".encode()
            )
            while client.recv(65536):
                pass
        headers = self.up.requests[-1].headers
        self.assertEqual([headers.get(f"x-{i}") for i in range(200)], [str(i) for i in range(200)])


class LateAnswerTest(FramingCase):
    def test_an_answer_behind_the_headers_breaks_the_response_off(self):
        self.serve([plugin_file("late", self.module("answers_late"))])
        self.answer(200, bytes(200_000))
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.settimeout(20)
            client.sendall(b"GET /any HTTP/1.1\r\nhost: weir.test\r\n\r\n")
            received = b""
            try:
                while more := client.recv(65536):
                    received += more
            except ConnectionResetError:
                pass
        self.assertLess(len(received), 200_000)
        self.assertLess(time.monotonic() - began, 10)
        self.server.wait_for_line("the response has begun already")


class SlowClientTest(FramingCase):
    SIZE = 32 << 20

    def test_what_waits_for_clients_that_take_nothing(self):
        """Where the plugin leaves content-length, and where it takes it away."""
        told = plugin_file("told", guest("http_all"), "scenario=/headers")
        untold = plugin_file("untold", guest("http_all"), "scenario=/body/replace-all")
        up = self.upstream()
        self.serve(up=up, rules=[("/told", [told], up), ("/untold", [untold], up)])
        self.answer(200, bytes(self.SIZE))
        for path in ("/told", "/untold"):
            with self.subTest(path):
                before = self.server.rss_bytes()
                clients = []
                for _ in range(4):
                    client = socket.socket()
                    self.addCleanup(client.close)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
                    client.connect(("127.0.0.1", self.server.port))
                    client.sendall(f"GET {path} HTTP/1.1\r\nhost: weir.test\r\n\r\n".encode())
                    clients.append(client)
                time.sleep(2)
                self.assertLess(self.server.rss_bytes() - before, self.SIZE)
                for client in clients:
                    client.close()

    def test_all_comes_to_one_that_begins_late(self):
        told = plugin_file("told", guest("http_all"), "scenario=/headers")
        self.serve([told])
        self.answer(200, bytes(self.SIZE))
        with socket.create_connection(("127.0.0.1", self.server.port)) as client:
            client.settimeout(20)
            client.sendall(b"GET /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n\r\n")
            time.sleep(1)
            received = 0
            while more := client.recv(1 << 20):
                received += len(more)
        self.assertGreater(received, self.SIZE)


class TcpPortTest(FramingCase):
    def test_several_requests_on_a_connection_that_goes_on_into_http(self):
        port = free_port()
        ports = {"tcp": [{"listen": f"127.0.0.1:{port}", "upstream": "http", "plugins": ["tcp.yaml"]}]}
        self.serve(
            ["ports.yaml"],
            files={"ports.yaml": ports, "tcp.yaml": plugin_file("tcp", guest("tcp_all"))},
            records={"proxy.config.http.keepalive_internal_vc": 1},
        )
        self.server.port = port
        self.answer(200, b"body")
        told = self.exchange(("GET", "/1"), ("GET", "/2"), ("HEAD", "/3"))
        self.assertEqual([one[:2] for one in told], [(200, b"body"), (200, b"body"), (200, b"")])


if __name__ == "__main__":
    unittest.main()
