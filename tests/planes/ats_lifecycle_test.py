"""Transactions of a stock Traffic Server in all the ways that they may take, with weir-ats.so: redirects, caches,
tunnels, TLS, HTTP/2, late ends, and reloads meanwhile."""

import re
import socket
import subprocess
import time
import unittest

from peers import loop
from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.http1 import Http1Client, Http1Connection
from peers.load import SteadyLoad
from peers.message import Fields, Response
from peers.tcp import TcpUpstream
from peers.weir import eventually


def http_all(scenario="/headers", **options):
    return plugin_file("http_all", guest("http_all"), f"scenario={scenario}", **options)


class LifecycleCase(PlaneTest):
    def serve(self, *lines, upstream=None, **options):
        self.up = upstream or self.upstream()
        self.server = TrafficServer(self.up, **{"lines": lines, **options})
        self.addCleanup(self.server.stop)
        return self.client(self.server.port)

    def answer(self, *answers):
        """What the upstream answers, one after another, the last one from then on."""
        waiting = list(answers)

        async def respond(_):
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        self.up.respond = respond


class RedirectTest(LifecycleCase):
    RECORDS = {
        "proxy.config.http.number_of_redirections": 2,
        "proxy.config.http.redirect.actions": "self:follow,loopback:follow,routable:follow",
    }

    def test_plugins_see_the_response_that_a_redirect_leads_to(self):
        client = self.serve(
            [http_all("/body/rewrite")], records=self.RECORDS
        )
        to = Fields([("location", f"{self.up.url}/there"), ("x-hop", "1")])
        self.answer(Response(302, to, b"moved"), Response(200, Fields(), b"here"))
        response = client.request("/any")
        self.assertEqual((response.status, response.body), (200, b"response(here)"))
        self.assertEqual([one.path for one in self.up.requests], ["/any", "/there"])

    def test_the_client_follows_redirects_of_requests_whose_bodies_plugins_see(self):
        up = self.upstream()
        plugin = http_all("/body/rewrite")
        for place in ({"lines": [[plugin]]}, {"rules": [("/any", [plugin], up)]}):
            client = self.serve(upstream=up, records=self.RECORDS, **place)
            to = Fields([("location", f"{up.url}/there")])
            for status in (302, 307):
                self.answer(Response(status, to, b"moved"))
                for size in (5, 100_000):
                    with self.subTest(place.keys(), status=status, size=size):
                        told = client.request("/any", method="POST", body=b"b" * size)
                        self.assertEqual((told.status, told.body), (status, b"response(moved)"))
        self.assertEqual({one.path for one in up.requests}, {"/any"})

    def test_a_redirect_that_is_not_followed_is_a_response(self):
        client = self.serve([http_all("/body/rewrite")])
        self.answer(Response(302, Fields([("location", "http://weir.test/there")]), b"moved"))
        response = client.request("/any")
        self.assertEqual((response.status, response.body), (302, b"response(moved)"))


class CacheTest(LifecycleCase):
    RECORDS = {
        "proxy.config.http.cache.http": 1,
        "proxy.config.http.cache.required_headers": 0,
        "proxy.config.http.wait_for_cache": 1,
    }

    def serve_cached(self, scenario):
        client = self.serve([http_all(scenario)], records=self.RECORDS)
        self.server.wait_for_line("fully initialized")
        return client

    def test_misses_hits_and_stale_objects_have_response_callbacks(self):
        client = self.serve_cached("/headers")
        fresh = Fields([("cache-control", "max-age=1"), ("etag", '"1"')])
        self.answer(Response(200, fresh, b"kept"), Response(304, fresh))
        for what in ("miss", "hit"):
            with self.subTest(what):
                response = client.request("/any")
                self.assertEqual((response.status, response.body), (200, b"kept"))
                self.assertEqual(response.headers.all("x-set"), ["guest"])
                self.assertEqual(len(self.up.requests), 1)
        time.sleep(2.1)  # until it is stale
        response = client.request("/any")
        self.assertEqual((response.status, response.body), (200, b"kept"))
        self.assertEqual(response.headers.all("x-set"), ["guest"])
        self.assertEqual(len(self.up.requests), 2)

    def test_a_range_of_what_is_kept(self):
        """Whole where a plugin has a callback for bodies, else as the server does it."""
        body = bytes(range(256)) * 20
        for plugin, expected in [
            (http_all("/headers"), (200, None, body)),
            (
                plugin_file("property", self.module("property"), "request.path"),
                (206, "bytes 10-19/5120", body[10:20]),
            ),
        ]:
            client = self.serve([plugin], records=self.RECORDS)
            self.server.wait_for_line("fully initialized")
            self.answer(Response(200, Fields([("cache-control", "max-age=60")]), body))
            self.assertEqual(client.request("/any").body, body)
            told = client.request("/any", headers={"range": "bytes=10-19"})
            self.assertEqual((told.status, told.headers.get("content-range"), told.body), expected)
            self.assertEqual(len(self.up.requests), 1)

    def test_a_stale_object_in_place_of_an_origins_error(self):
        """Plugins see what the client gets."""
        client = self.serve_cached("/properties")
        kept = Fields([("cache-control", "max-age=1"), ("etag", '"1"')])
        self.answer(Response(200, kept, b"kept"), Response(500, Fields(), b"error"))
        client.request("/any")
        time.sleep(2.1)  # until it is stale
        response = client.request("/any")
        self.assertEqual(len(self.up.requests), 2)
        self.assertEqual((response.status, response.body), (200, b"kept"))
        self.assertEqual(response.headers.get("x-response-code"), "200")
        # What there is nothing in place of passes as it is.
        response = client.request("/other")
        self.assertEqual((response.status, response.body), (500, b"error"))
        self.assertEqual(response.headers.get("x-response-code"), "500")

    def test_a_local_response_in_place_of_a_hit(self):
        client = self.serve_cached("/local-response/response")
        self.answer(Response(200, Fields([("cache-control", "max-age=60")]), b"kept"))
        for _ in range(2):
            response = client.request("/any")
            self.assertEqual((response.status, response.headers.get("x-details")), (502, "response"))


class OwnErrorTest(LifecycleCase):
    def test_a_local_response_in_place_of_the_servers_own_error(self):
        client = self.serve([http_all("/local-response/response")])
        self.up.close()
        response = client.request("/any")
        self.assertEqual((response.status, response.body), (502, b"denied by guest"))
        self.assertEqual(response.headers.get("x-details"), "response")
        self.assertEqual(response.headers.get("content-type"), "text/plain")
        self.assertIsNone(response.headers.get("content-language"))
        self.assertTrue(response.headers.get("date"))


class DetailsTest(LifecycleCase):
    def test_who_made_a_response(self):
        """An origin, the cache, another plugin, or the server, whose origin does not answer."""
        details = plugin_file("details", self.module("property"), "response.code_details")
        denied = http_all("/local-response")
        up = self.upstream()
        client = self.serve(
            [details], upstream=up, records=CacheTest.RECORDS, rules=[("/denied", [denied], up)]
        )
        self.server.wait_for_line("fully initialized")
        self.answer(Response(200, Fields([("cache-control", "max-age=60")]), b"kept"))

        def told(path):
            return client.request(path).headers.get("x-value")

        self.assertEqual(told("/any"), "via_upstream")
        self.assertEqual(told("/any"), "cache.response_from_cache_filter")
        self.assertEqual(told("/denied"), "direct_response")
        up.close()
        self.assertEqual(
            told("/other"), "upstream_reset_before_response_started{connection_failure}"
        )


class TunnelTest(LifecycleCase):
    def test_connect_passes(self):
        up = self.upstream(TcpUpstream)
        up.url = f"http://127.0.0.1:{up.port}"
        self.serve(
            [http_all("/lifecycle")],
            upstream=up,
            records={"proxy.config.http.connect_ports": str(up.port)},
        )

        async def talk():
            connection = await Http1Connection.open(self.server.port)
            to = f"127.0.0.1:{up.port}"
            await connection.send_bytes(f"CONNECT {to} HTTP/1.1\r\nhost: {to}\r\n\r\n".encode())
            line, _ = await connection.receive_headers()
            await connection.send_bytes(b"any bytes")
            data = await connection.receive_bytes(9)
            connection.close()
            return line, data

        line, data = loop.run(talk())
        self.assertIn("200", line)
        self.assertEqual(data, b"any bytes")
        self.server.wait_for_line("logged: .*")


class LateDoneTest(LifecycleCase):
    def test_a_stream_ends_when_its_plugin_says_that_it_is_done(self):
        client = self.serve([plugin_file("late", self.module("late_done"))])
        self.assertEqual(client.request("/any", method="POST", body=b"body").status, 200)
        expected = ["done waits", "done told", "logged", "deleted"]

        def said():
            words = [line.split("]: ")[-1] for line in self.server.lines(r"\[late\]: ")]
            # The plugin that was tried out has been deleted before.
            return words[words.index(expected[0]) :] if expected[0] in words else []

        eventually(lambda: len(said()) == len(expected), "all of it")
        self.assertEqual(said(), expected)


class TlsTest(LifecycleCase):
    """Clients over TLS, with certificates, by HTTP/1.1 and HTTP/2."""

    PROPERTIES = {
        "connection.mtls": b"1",
        "connection.requested_server_name": b"weir.test",
        "connection.tls_version": b"TLSv1.3",
        "connection.subject_local_certificate": b"CN=server,O=Test",
        "connection.subject_peer_certificate": b"CN=client,O=Test",
        "connection.dns_san_local_certificate": b"weir.test",
        "connection.dns_san_peer_certificate": b"client.test",
        "connection.uri_san_peer_certificate": b"spiffe://test/client",
        "connection.uri_san_local_certificate": b"absent",
        "request.protocol": None,
    }

    def setUp(self):
        self.authority = Authority()
        self.addCleanup(self.authority.close)
        self.client_certificate = self.authority.issue(
            "client", "DNS:client.test", "URI:spiffe://test/client"
        )
        module = self.module("property")
        line = []
        for path in self.PROPERTIES:
            content = plugin_file(path, module, path)
            content["config"]["vm_config"]["vm_id"] = path
            line.append(content)
        self.plain = self.serve(
            line,
            certificate=self.authority.issue("server", "DNS:weir.test"),
            client_authority=self.authority,
        )

    def told(self, *arguments):
        port = self.server.tls_port
        printed = subprocess.run(
            [
                *["curl", "--silent", "--show-error", "--include", *arguments],
                *["--cacert", self.authority.certificate.chain],
                *["--resolve", f"weir.test:{port}:127.0.0.1", f"https://weir.test:{port}/any"],
            ],
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        lines = printed.partition(b"\r\n\r\n")[0].split(b"\r\n")
        values = [line.split(b": ", 1)[1] for line in lines if line.lower().startswith(b"x-value: ")]
        # Responses pass the plugins in reverse order.
        return dict(zip(reversed(self.PROPERTIES), values, strict=True))

    def test_what_plugins_know_of_a_connection(self):
        certificate = self.client_certificate
        shown = ["--cert", certificate.chain, "--key", certificate.key]
        for version, protocol in [("--http1.1", b"HTTP/1.1"), ("--http2", b"HTTP/2")]:
            with self.subTest(version):
                expected = {**self.PROPERTIES, "request.protocol": protocol}
                self.assertEqual(self.told(version, *shown), expected)

    def test_what_plugins_know_of_a_connection_that_the_server_has_closed(self):
        """Nobody has asked before: the first to ask is at the end, when the server has closed it."""
        certificate = self.client_certificate
        shown = ["--cert", certificate.chain, "--key", certificate.key]
        self.told("--http1.1", *shown, "--header", "connection: close")
        expected = {**self.PROPERTIES, "request.protocol": b"HTTP/1.1"}
        logged = {
            path: self.server.wait_for_line(rf"\[{re.escape(path)}\]: ").split("]: ")[-1].encode()
            for path in expected
        }
        self.assertEqual(logged, expected)

    def test_without_a_certificate_of_the_client(self):
        told = self.told("--http2")
        self.assertEqual(told["connection.mtls"], b"0")
        self.assertEqual(told["connection.subject_peer_certificate"], b"absent")
        self.assertEqual(told["connection.subject_local_certificate"], b"CN=server,O=Test")

    def test_without_tls(self):
        values = self.plain.request("/any").headers.all("x-value")
        self.assertEqual(values, ["HTTP/1.1", *["absent"] * 8, "0"])


class ClosedTest(LifecycleCase):
    """Who was at a connection that the server itself has closed is known at the stream's end."""

    def test_addresses_in_logs(self):
        module = self.module("property")
        line = []
        for path in ("source.address", "destination.address", "connection.id"):
            content = plugin_file(path, module, path)
            content["config"]["vm_config"]["vm_id"] = path
            line.append(content)
        denied = plugin_file("denied", guest("http_all"), "scenario=/local-response")
        up = self.upstream()
        self.serve(line, upstream=up, rules=[("/denied", [denied], up)])
        for number, request in enumerate(
            [
                "GET /any HTTP/1.1\r\nhost: weir.test\r\nconnection: close\r\n\r\n",
                "GET /any HTTP/1.0\r\nhost: weir.test\r\n\r\n",
                "GET /denied HTTP/1.1\r\nhost: weir.test\r\n\r\n",
            ]
        ):
            with self.subTest(request):
                with socket.create_connection(("127.0.0.1", self.server.port)) as client:
                    client.settimeout(20)
                    client.sendall(request.encode())
                    while client.recv(65536):
                        pass
                    own = client.getsockname()[1]
                for path, port in (("source", own), ("destination", self.server.port)):
                    self.server.wait_for_line(rf"\[{path}.address\]: 127.0.0.1:{port}$")
                eventually(
                    lambda: len(self.server.lines(r"\[connection.id\]: ")) == number + 1, "its id"
                )
                self.assertFalse(self.server.lines(r"\]: absent"))


class ReloadTest(LifecycleCase):
    RELOADS = 200

    def test_200_reloads_under_load_lose_nothing(self):
        content = http_all()
        self.serve(["plugin.yaml"], files={"plugin.yaml": content}, threads=2, manager=True)
        load = SteadyLoad(Http1Client, self.server.port)
        for number in range(self.RELOADS):
            # Every second time there is something new in it.
            content["config"]["configuration"] = f"scenario=/headers\ntick_ms={1000 + number // 2}"
            self.server.put(content, "plugin.yaml")
            self.server.control("plugin", "msg", "weir", "reload")
        eventually(lambda: len(self.server.lines(" loaded anew")) == self.RELOADS, "all reloads")
        answers = load.stop()
        self.assertGreater(len(answers), 100)
        told = {(answer.status, answer.headers.get("x-set")) for answer in answers}
        self.assertEqual(told, {(200, "guest")})
        self.assertFalse(self.server.lines("not loaded anew"))


if __name__ == "__main__":
    unittest.main()
