"""Filter chains of one listener, and what is known of a connection before one is chosen."""

import json
import socket
import ssl
import struct
import unittest

from peers import bootstrap
from peers.case import PlaneTest
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import TcpUpstream, read_all

_PROXY = "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"
_INSPECTOR = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"


def listener_filter(kind, **fields):
    return {"name": "filter", "typed_config": {"@type": kind, **fields}}


def answering(name):
    """An upstream whose responses say its name."""

    async def respond(request):
        return Response(body=f"{name} {request.headers.get('x-forwarded-for')}".encode())

    return Http1Upstream(respond)


class ChainsTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.certificate = cls.authority.issue("server", "DNS:a.test", "DNS:*.b.test", "DNS:other")

    def upstreams(self, *names):
        for name in names:
            peer = answering(name)
            self.addCleanup(peer.close)
            self.clusters.append(bootstrap.cluster(name, peer))

    def setUp(self):
        self.clusters = []

    def chain(self, name, match=None, secured=False, **manager):
        """A filter chain whose requests go to the cluster of its name."""
        chain = bootstrap.listener("any", cluster=name, **manager)["filter_chains"][0]
        chain["name"] = name
        if match:
            chain["filter_chain_match"] = match
        if secured:
            chain["transport_socket"] = bootstrap.downstream_tls(self.certificate)
        return chain

    def settings(self, *chains, default=None, filters=()):
        listener = bootstrap.listener("web")
        listener["filter_chains"] = list(chains)
        if default:
            listener["default_filter_chain"] = default
        if filters:
            listener["listener_filters"] = list(filters)
        return bootstrap.bootstrap([listener], self.clusters)

    def serve(self, *chains, **options):
        self.running = self.weir(bootstrap=self.settings(*chains, **options))
        self.port = self.running.port

    def ask(self, connection):
        connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        return read_all(connection).rpartition(b"\r\n\r\n")[2].decode()

    def plain(self, first=b""):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(connection.close)
        connection.sendall(first)
        return connection

    def secured(self, name, alpn=(), first=b""):
        context = self.authority.client_context(alpn=alpn)
        context.check_hostname = False
        secured = context.wrap_socket(self.plain(first), server_hostname=name)
        self.addCleanup(secured.close)
        return secured


class MatchTest(ChainsTest):
    def test_by_server_name(self):
        self.upstreams("exact", "wild", "default")
        self.serve(
            self.chain("exact", {"server_names": ["a.test"]}, secured=True),
            self.chain("wild", {"server_names": ["*.b.test"]}, secured=True),
            default=self.chain("default"),
            filters=[listener_filter(_INSPECTOR)],
        )
        self.assertEqual(self.ask(self.secured("a.test")), "exact None")
        self.assertEqual(self.ask(self.secured("x.y.b.test")), "wild None")
        self.assertEqual(self.ask(self.plain()), "default None")

    def test_by_transport_and_by_protocol(self):
        self.upstreams("plain", "secured", "special")
        self.serve(
            self.chain("plain", {"transport_protocol": "raw_buffer"}),
            self.chain("secured", {"transport_protocol": "tls"}, secured=True),
            self.chain(
                "special",
                {"transport_protocol": "tls", "application_protocols": ["special"]},
                secured=True,
            ),
        )
        self.assertEqual(self.ask(self.plain()), "plain None")
        self.assertEqual(self.ask(self.secured("a.test")), "secured None")
        self.assertEqual(self.ask(self.secured("a.test", alpn=["special"])), "special None")

    def test_a_connection_that_no_chain_is_for(self):
        self.upstreams("named")
        self.serve(self.chain("named", {"server_names": ["a.test"]}, secured=True))
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.secured("other")
        self.assertEqual(self.running.stat("listener.web.no_filter_chain_match"), 1)
        self.assertEqual(self.ask(self.secured("a.test")), "named None")

    def test_a_tcp_chain_beside_one_of_http(self):
        def serve(connection):
            connection.sendall(b"carried " + connection.recv(100))
            connection.shutdown(socket.SHUT_WR)

        self.upstreams("web")
        self.clusters.append(bootstrap.cluster("raw", self.upstream(TcpUpstream, serve=serve)))
        raw = bootstrap.tcp_listener("raw", cluster="raw")["filter_chains"][0]
        raw["filter_chain_match"] = {"server_names": ["a.test"]}
        raw["transport_socket"] = bootstrap.downstream_tls(self.certificate)
        self.serve(raw, default=self.chain("web"))
        connection = self.secured("a.test")
        connection.sendall(b"bytes")
        self.assertEqual(connection.recv(100), b"carried bytes")
        self.assertEqual(self.ask(self.plain()), "web None")

    def test_a_chain_that_goes(self):
        """Its idle connections end; those of the others do not."""
        self.upstreams("kept", "gone")
        kept = self.chain("kept", {"server_names": ["a.test"]}, secured=True)
        gone = self.chain("gone", {"server_names": ["*.b.test"]}, secured=True)
        self.serve(kept, gone)

        def ask(connection):
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            answer = b""
            while not answer.endswith(b" None"):
                answer += connection.recv(1000)
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"))

        stays, goes = self.secured("a.test"), self.secured("x.b.test")
        ask(stays)
        ask(goes)
        (self.running.folder / "bootstrap.json").write_text(json.dumps(self.settings(kept)))
        self.running.wait_for_line("configuration 2 serves")
        self.assertEqual(goes.recv(100), b"")
        ask(stays)


class ProxyProtocolTest(ChainsTest):
    def serve_behind_a_proxy(self, **fields):
        self.upstreams("near", "far")
        ranges = [{"address_prefix": "203.0.113.0", "prefix_len": 24}]
        self.serve(
            self.chain("far", {"source_prefix_ranges": ranges}, use_remote_address=True),
            default=self.chain("near", use_remote_address=True),
            filters=[listener_filter(_PROXY, **fields)],
        )

    def test_both_versions(self):
        self.serve_behind_a_proxy()
        text = b"PROXY TCP4 203.0.113.9 10.0.0.1 5000 80\r\n"
        addresses = socket.inet_aton("203.0.113.9") + socket.inet_aton("10.0.0.1")
        binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack("!H", 12) + addresses
        binary += struct.pack("!HH", 5000, 80)
        for header in (text, binary):
            with self.subTest(header):
                self.assertEqual(self.ask(self.plain(header)), "far 203.0.113.9")
                # In pieces, and with nothing behind it at first.
                connection = self.plain()
                for at in range(len(header)):
                    connection.sendall(header[at : at + 1])
                self.assertEqual(self.ask(connection), "far 203.0.113.9")

    def test_a_proxys_own_connection(self):
        self.serve_behind_a_proxy()
        local = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"
        self.assertEqual(self.ask(self.plain(local)), "near 127.0.0.1")
        self.assertEqual(self.ask(self.plain(b"PROXY UNKNOWN\r\n")), "near 127.0.0.1")

    def test_a_connection_without_it_is_refused(self):
        self.serve_behind_a_proxy()
        for first in (b"", b"PROXY TCP4 203.0.113.9\r\n"):
            with self.subTest(first):
                connection = self.plain(first)
                try:
                    answer = self.ask(connection)
                except ConnectionError:
                    answer = ""
                self.assertEqual(answer, "")
        self.assertEqual(self.running.stat("listener.web.proxy_protocol.invalid"), 2)

    def test_or_taken_where_that_is_allowed(self):
        self.serve_behind_a_proxy(allow_requests_without_proxy_protocol=True)
        self.assertEqual(self.ask(self.plain()), "near 127.0.0.1")
        header = b"PROXY TCP4 203.0.113.9 10.0.0.1 5000 80\r\n"
        self.assertEqual(self.ask(self.plain(header)), "far 203.0.113.9")

    def test_before_tls(self):
        self.upstreams("web")
        self.serve(
            self.chain("web", {"server_names": ["a.test"]}, secured=True, use_remote_address=True),
            filters=[listener_filter(_PROXY), listener_filter(_INSPECTOR)],
        )
        header = b"PROXY TCP6 2001:db8::7 ::1 5000 443\r\n"
        self.assertEqual(self.ask(self.secured("a.test", first=header)), "web 2001:db8::7")


class StatisticsTest(PlaneTest):
    def test_a_prefix_counts_what_all_its_listeners_serve(self):
        peer = answering("peer")
        self.addCleanup(peer.close)
        listeners = [
            bootstrap.listener(name, stat_prefix=prefix)
            for name, prefix in (("a", "site"), ("b", "site"), ("c", "other"))
        ]
        weir = self.weir(
            bootstrap=bootstrap.bootstrap(listeners, [bootstrap.cluster("upstream", peer)]),
            listeners=3,
        )
        for port in weir.ports:
            self.assertEqual(self.client(port).request("/").status, 200)
        stats = weir.stats()
        self.assertEqual(stats["http.site.downstream_rq_total"], 2)
        self.assertEqual(stats["http.site.downstream_rq_2xx"], 2)
        self.assertEqual(stats["http.site.downstream_cx_total"], 2)
        self.assertGreater(stats["http.site.downstream_cx_rx_bytes_total"], 0)
        self.assertEqual(stats["http.other.downstream_rq_total"], 1)
        self.assertEqual(stats["listener.a.downstream_cx_total"], 1)
        self.assertEqual(stats["cluster.upstream.upstream_rq_200"], 3)
        self.assertNotIn("http.a.downstream_rq_total", stats)
        page = weir.page("/stats/prometheus")[1]
        site = 'envoy_http_conn_manager_prefix="site"'
        self.assertIn("weir_http_downstream_rq_total{" + site + "} 2\n", page)
        ok = 'envoy_cluster_name="upstream",envoy_response_code="200"'
        self.assertIn("weir_cluster_upstream_rq{" + ok + "} 3\n", page)
        self.assertEqual(page.count("# TYPE weir_http_downstream_rq_total counter\n"), 1)


class IdentityTest(ChainsTest):
    """What the HTTP connection manager says of clients and of itself."""

    def request(self, headers=(), **manager):
        peer = self.upstream(Http1Upstream)

        async def respond(request):
            return Response(headers=[("server", "theirs")], body=b"")

        peer.respond = respond
        listener = bootstrap.listener("web", **manager)
        weir = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        )
        response = self.client(weir.port).request("/", headers=headers)
        return peer.requests[0].headers, response.headers

    def test_by_default(self):
        request, response = self.request({"x-forwarded-for": "203.0.113.9"})
        self.assertEqual(request.get("x-forwarded-for"), "203.0.113.9")
        self.assertEqual(request.get("x-forwarded-proto"), "http")
        self.assertRegex(request.get("x-request-id"), "^[0-9a-f-]{36}$")
        self.assertEqual(response.get("server"), "weir")
        self.assertNotIn("x-request-id", response)

    def test_at_the_edge(self):
        request, response = self.request(
            {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "x-request-id": "7"},
            use_remote_address=True,
            via="1.1 edge",
            server_name="edge",
            always_set_request_id_in_response=True,
        )
        self.assertEqual(request.get("x-forwarded-for"), "203.0.113.9,127.0.0.1")
        self.assertEqual(request.get("x-forwarded-proto"), "http")
        self.assertNotEqual(request.get("x-request-id"), "7")
        self.assertEqual(request.get("via"), "1.1 edge")
        self.assertEqual(response.get("via"), "1.1 edge")
        self.assertEqual(response.get("server"), "edge")
        self.assertEqual(response.get("x-request-id"), request.get("x-request-id"))

    def test_answers_to_what_is_no_request(self):
        weir = self.weir(
            bootstrap=bootstrap.bootstrap(
                [bootstrap.listener("web", server_name="edge")],
                [bootstrap.cluster("upstream", self.upstream(Http1Upstream))],
            )
        )
        with socket.create_connection(("127.0.0.1", weir.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nx y: z\r\n\r\n")
            answer = client.makefile("rb").read().decode().lower()
        self.assertTrue(answer.startswith("http/1.1 400 "), answer)
        self.assertIn("\r\nserver: edge\r\n", answer)
        self.assertRegex(answer, r"\r\ndate: \w{3}, \d\d \w{3} \d{4} [\d:]{8} gmt\r\n")

    def test_how_long_the_upstream_took(self):
        _, response = self.request()
        self.assertRegex(response.get("x-envoy-upstream-service-time"), r"^\d+$")
        router = {"suppress_envoy_headers": True}
        _, response = self.request(router=router)
        self.assertNotIn("x-envoy-upstream-service-time", response)

    def test_a_server_that_is_passed_through(self):
        request, response = self.request(
            server_header_transformation="PASS_THROUGH", generate_request_id=False
        )
        self.assertNotIn("x-request-id", request)
        self.assertEqual(response.get("server"), "theirs")


if __name__ == "__main__":
    unittest.main()
