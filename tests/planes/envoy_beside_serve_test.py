"""`weir serve` and a stock Envoy with the same settings: they choose the same filter chains, say the
same of clients, and understand each other."""

import socket
import ssl
import unittest

from peers import bootstrap
from peers.case import PlaneTest
from peers.certificates import Authority
from peers.envoy import Envoy, cluster
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import read_all

_INSPECTOR = {
    "name": "inspector",
    "typed_config": {
        "@type": "type.googleapis.com/"
        "envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"
    },
}
_PROXY = (
    "type.googleapis.com/"
    "envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"
)
_PROXY_FILTER = {
    "name": "proxy",
    "typed_config": {
        "@type": "type.googleapis.com/"
        "envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"
    },
}


class BesideTest(PlaneTest):
    def both(self, listeners, *clusters):
        """For each listener, the ports where each of the two serves it."""
        envoy = Envoy(listeners, list(clusters))
        self.addCleanup(envoy.stop)
        settings = bootstrap.bootstrap(listeners, list(clusters))
        weir = self.weir(bootstrap=settings, listeners=len(listeners))
        return [{"envoy": a, "weir": b} for a, b in zip(envoy.ports, weir.ports)]

    def assert_same(self, answers):
        self.assertEqual(answers["weir"], answers["envoy"])


class IdentityTest(BesideTest):
    def test_what_is_said_of_clients(self):
        forwarded = {
            "x-forwarded-for": "203.0.113.1, 203.0.113.2",
            "x-forwarded-proto": "https",
            "x-request-id": "7",
            "via": "1.0 before",
        }
        # What clients may not say, or only where a proxy stands before this one.
        claims = {
            "x-envoy-internal": "true",
            "x-envoy-external-address": "203.0.113.9",
            "x-envoy-max-retries": "7",
            "x-envoy-retry-on": "5xx",
            "x-envoy-upstream-rq-timeout-ms": "1",
            "x-envoy-original-path": "/z",
            "x-envoy-decorator-operation": "z",
            "x-forwarded-client-cert": "Hash=7",
        }
        peer = self.upstream(Http1Upstream)

        async def respond(request):
            return Response(headers=[("server", "theirs")], body=b"")

        peer.respond = respond
        names = ("x-forwarded-for", "x-forwarded-proto", "via", *claims)
        cases = (
            {},
            {"use_remote_address": True},
            {"use_remote_address": True, "preserve_external_request_id": True},
            {"use_remote_address": True, "xff_num_trusted_hops": 1},
            {"xff_num_trusted_hops": 1, "via": "1.1 here"},
            {"use_remote_address": True, "skip_xff_append": True},
            {"generate_request_id": False, "server_header_transformation": "PASS_THROUGH"},
            {"always_set_request_id_in_response": True, "server_name": "me"},
        )
        listeners = [
            bootstrap.listener(f"web{i}", **{"server_name": "one", **fields})
            for i, fields in enumerate(cases)
        ]
        both = self.both(listeners, bootstrap.cluster("upstream", peer))
        for fields, ports in zip(cases, both):
            for headers in ({}, forwarded | claims):
                answers = {}
                for who, port in ports.items():
                    peer.requests.clear()
                    response = self.client(port).request("/", headers=headers)
                    got = peer.requests[0].headers
                    request_id = got.get("x-request-id")
                    # Envoy has an address of its host for a client on the loopback device.
                    chain = (got.get("x-forwarded-for") or "").split(",")
                    if who == "envoy" and "203.0.113" not in chain[-1] and chain[-1]:
                        chain[-1] = "127.0.0.1"
                    answers[who] = {
                        **{name: got.get(name) for name in names},
                        "x-forwarded-for": ",".join(chain),
                        "id": request_id if request_id in (None, "7") else "made",
                        "told": response.headers.get("x-request-id") == request_id,
                        "server": response.headers.get("server"),
                        "via back": response.headers.get("via"),
                    }
                with self.subTest(fields=fields, headers=bool(headers)):
                    self.assert_same(answers)


class TlsTest(BesideTest):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.certificate = cls.authority.issue("server", "DNS:a.test", "DNS:*.b.test")
        cls.client_certificate = cls.authority.issue("client", "URI:spiffe://test/client")

    def ask(self, port, name=None, alpn=()):
        """What comes back; "nothing" where the connection is refused."""
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
            self.addCleanup(connection.close)
            if name is not None:
                context = self.authority.client_context(alpn=alpn)
                context.check_hostname = False
                connection = context.wrap_socket(connection, server_hostname=name or None)
                self.addCleanup(connection.close)
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            answer = read_all(connection)
        except (ssl.SSLError, ConnectionError):
            return "nothing"
        return answer.rpartition(b"\r\n\r\n")[2].decode() or "nothing"

    def test_filter_chains(self):
        def chain(name, match, secured=True):
            answer = {"status": 200, "body": {"inline_string": name}}
            routes = [{"match": {"prefix": "/"}, "direct_response": answer}]
            made = bootstrap.listener("any", routes=routes)["filter_chains"][0]
            if secured:
                made["transport_socket"] = bootstrap.downstream_tls(self.certificate)
            return {**made, "name": name, "filter_chain_match": match}

        near = [{"address_prefix": "127.0.0.0", "prefix_len": 8}]
        far = [{"address_prefix": "10.0.0.0", "prefix_len": 8}]
        default = chain("default", {}, secured=False)
        del default["filter_chain_match"]
        listener = {
            **bootstrap.listener("web"),
            "listener_filters": [_INSPECTOR],
            "filter_chains": [
                chain("exact", {"server_names": ["a.test"]}),
                chain("wild", {"server_names": ["*.b.test"]}),
                chain("deep", {"server_names": ["*.c.b.test"], "source_prefix_ranges": near}),
                chain("far", {"server_names": ["*.c.b.test"], "source_prefix_ranges": far}),
                chain("spoken", {"transport_protocol": "tls", "application_protocols": ["odd"]}),
                chain("tls", {"transport_protocol": "tls", "source_prefix_ranges": near}),
                chain("plain", {"transport_protocol": "raw_buffer"}, secured=False),
            ],
            "default_filter_chain": default,
        }
        cluster_settings = bootstrap.cluster("upstream", self.upstream(Http1Upstream))
        ports = self.both([listener], cluster_settings)[0]
        seen = set()
        for name in (None, "", "a.test", "A.TEST", "b.test", "x.b.test", "c.b.test", "x.c.b.test"):
            for alpn in ((), ("odd",), ("other", "odd")):
                if name is None and alpn:
                    continue
                answers = {who: self.ask(port, name, alpn) for who, port in ports.items()}
                seen.add(answers["envoy"])
                with self.subTest(name=name, alpn=alpn):
                    self.assert_same(answers)
        self.assertEqual(seen, {"exact", "wild", "deep", "spoken", "tls", "plain"})

    def test_weir_in_front_of_envoy(self):
        """HTTP/2 over TLS, with certificates on both sides."""
        answer = {"status": 200, "body": {"inline_string": "from envoy"}}
        routes = [{"match": {"prefix": "/"}, "direct_response": answer}]
        server = bootstrap.secured(
            bootstrap.listener("web", routes=routes),
            bootstrap.downstream_tls(
                self.certificate,
                alpn_protocols=["h2"],
                require_client_certificate=True,
                validation_context={"trusted_ca": self.authority.source},
            ),
        )
        envoy = Envoy([server], [cluster("upstream", self.upstream(Http1Upstream))])
        self.addCleanup(envoy.stop)
        envoy.scheme = "h2c"
        socket_settings = bootstrap.upstream_tls(
            self.client_certificate,
            sni="a.test",
            validation_context={"trusted_ca": self.authority.source},
        )
        upstream = bootstrap.secured(bootstrap.cluster("upstream", envoy), socket_settings)
        weir = self.weir(
            bootstrap=bootstrap.bootstrap([bootstrap.listener("web")], [upstream])
        )
        self.assertEqual(self.client(weir.port).request("/").text, "from envoy")
        self.assertEqual(weir.stat("cluster.upstream.ssl.versions.TLSv1.3"), 1)

    def test_envoy_in_front_of_weir(self):
        """The PROXY protocol, and TLS behind it."""
        peer = self.upstream(Http1Upstream)
        listener = bootstrap.secured(
            bootstrap.listener("web", use_remote_address=True),
            bootstrap.downstream_tls(self.certificate),
        )
        listener["listener_filters"] = [_PROXY_FILTER]
        weir = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", peer)])
        )
        weir.scheme = "http"
        clusters = []
        for version in ("V1", "V2"):
            inner = bootstrap.upstream_tls(
                sni="a.test", validation_context={"trusted_ca": self.authority.source}
            )
            outer = {"@type": _PROXY, "config": {"version": version}, "transport_socket": inner}
            upstream = cluster(version, weir)
            upstream["transport_socket"] = {"name": "proxy", "typed_config": outer}
            clusters.append(upstream)
        listeners = [bootstrap.listener(one["name"], cluster=one["name"]) for one in clusters]
        envoy = Envoy(listeners, clusters)
        self.addCleanup(envoy.stop)
        for version, port in zip(("V1", "V2"), envoy.ports):
            with self.subTest(version):
                peer.requests.clear()
                self.assertEqual(self.client(port).request("/").status, 200)
                self.assertEqual(peer.requests[0].headers.get("x-forwarded-for"), "127.0.0.1")
        self.assertEqual(weir.stat("listener.web.ssl.handshake"), 2)


class ServerNamesTest(BesideTest):
    def test_requests_say_whom_tls_is_to(self):
        authority = Authority()
        self.addCleanup(authority.close)
        certificate = authority.issue("server", "DNS:a.test", "DNS:b.test", "IP:127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.chain, certificate.key)
        names = []
        context.sni_callback = lambda _socket, name, _context: names.append(name)

        async def respond(_):
            return Response(headers=[("connection", "close")], body=b"here")

        upstream = cluster("upstream", self.upstream(Http1Upstream, tls=context, respond=respond))
        (options,) = upstream["typed_extension_protocol_options"].values()
        options["explicit_http_config"] = {"http_protocol_options": {}}
        options["upstream_http_protocol_options"] = {
            "auto_sni": True,
            "auto_san_validation": True,
            "override_auto_sni_header": "x-server",
        }
        upstream["transport_socket"] = bootstrap.upstream_tls(
            sni="static.test", validation_context={"trusted_ca": authority.source}
        )
        rewritten = {"cluster": "upstream", "host_rewrite_literal": "b.test"}
        routes = [
            {"match": {"prefix": "/rewritten"}, "route": rewritten},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ]
        (ports,) = self.both([bootstrap.listener("web", routes=routes)], upstream)
        cases = [
            ("/", "a.test", {}, (200, ["a.test"])),
            ("/", "B.test:8080", {}, (200, ["b.test"])),
            ("/", "127.0.0.1:80", {}, (200, ["static.test"])),
            ("/", "c.test", {}, (503, ["c.test"])),
            ("/", "c.test", {"x-server": "a.test"}, (200, ["a.test"])),
            ("/rewritten", "c.test", {}, (200, ["b.test"])),
        ]
        for path, host, fields, expected in cases:
            for who, port in ports.items():
                with self.subTest(path=path, host=host, fields=fields, who=who):
                    names.clear()
                    response = self.client(port).request(path, authority=host, headers=fields)
                    told = sorted({name.lower() for name in names})
                    self.assertEqual((response.status, told), expected)


if __name__ == "__main__":
    unittest.main()
