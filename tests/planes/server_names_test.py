"""Upstreams of TLS whose names requests say (auto_sni, auto_san_validation)."""

import ssl
import unittest

from peers import bootstrap, loop
from peers.case import PlaneTest
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream
from peers.loop import PATIENCE_S
from peers.message import Response
from peers.weir import eventually

BOTH = {"auto_sni": True, "auto_san_validation": True}


def named(cluster, options):
    """A cluster whose upstream_http_protocol_options are these."""
    key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    known = cluster.setdefault("typed_extension_protocol_options", {}).setdefault(
        key,
        {
            "@type": f"type.googleapis.com/{key}",
            "explicit_http_config": {"http_protocol_options": {}},
        },
    )
    known["upstream_http_protocol_options"] = options
    return cluster


class ServerNamesTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        names = ["DNS:a.test", "DNS:b.test", "DNS:*.wild.test", "IP:127.0.0.1"]
        cls.certificate = cls.authority.issue("server", *names)

    def secured(self, kind=Http1Upstream, alpn="http/1.1", **options):
        """An upstream that keeps the names it is called by, one for each connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.chain, self.certificate.key)
        context.set_alpn_protocols([alpn])
        self.names = []
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        return self.upstream(kind, tls=context, **options)

    def serve(self, peer, options=None, more=None, routes=None, **validation):
        validation.setdefault("trusted_ca", self.authority.source)
        cluster = bootstrap.secured(
            bootstrap.cluster("upstream", peer),
            bootstrap.upstream_tls(sni="static.test", validation_context=validation),
        )
        cluster = named({**cluster, **(more or {})}, options or BOTH)
        self.running = self.weir(
            bootstrap=bootstrap.bootstrap([bootstrap.listener("web", routes=routes)], [cluster])
        )

    def ask(self, host, path="/", **fields):
        return self.client(self.running.port).request(path, authority=host, headers=fields)

    def statuses(self, *hosts):
        return [self.ask(host).status for host in hosts]

    def test_each_name_has_its_connections(self):
        for kind, alpn in ((Http1Upstream, "http/1.1"), (Http2Upstream, "h2")):
            with self.subTest(alpn):
                self.serve(self.secured(kind, alpn))
                hosts = ["a.test", "b.test:8080", "A.Test:99", "b.test", "one.wild.test"]
                self.assertEqual(self.statuses(*hosts), [200] * len(hosts))
                self.assertEqual(self.names, ["a.test", "b.test", "one.wild.test"])
                self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_total"), 3)

    def test_the_certificate_has_to_be_for_it(self):
        peer = self.secured()
        self.serve(peer)
        hosts = ["c.test", "wild.test", "two.levels.wild.test", "192.0.2.1"]
        for host in hosts:
            response = self.ask(host)
            self.assertEqual(response.status, 503)
            self.assertIn("connection failure", response.text)
        self.assertEqual(self.running.stat("cluster.upstream.ssl.fail_verify_san"), len(hosts))
        self.assertEqual(peer.requests, [])
        self.assertEqual(self.statuses("a.test"), [200])

    def test_an_address_is_no_server_name(self):
        self.serve(self.secured())
        self.assertEqual(self.statuses("127.0.0.1:80"), [200])
        # What the settings say.
        self.assertEqual(self.names, ["static.test"])

    def test_names_that_are_told_and_not_checked(self):
        self.serve(self.secured(), {"auto_sni": True})
        self.assertEqual(self.statuses("c.test"), [200])
        self.assertEqual(self.names, ["c.test"])

    def test_names_that_are_checked_and_not_told(self):
        self.serve(self.secured(), {"auto_san_validation": True})
        self.assertEqual(self.statuses("a.test", "c.test"), [200, 503])
        self.assertEqual(self.names, ["static.test"] * 2)

    def test_it_goes_before_the_names_of_the_settings(self):
        names = [{"san_type": "DNS", "matcher": {"exact": "other.test"}}]
        self.serve(self.secured(), match_typed_subject_alt_names=names)
        self.assertEqual(self.statuses("a.test", "other.test"), [200, 503])

    def test_a_header_may_say_it(self):
        self.serve(self.secured(), {**BOTH, "override_auto_sni_header": "X-Server"})
        self.assertEqual(self.ask("c.test", **{"x-server": "a.test"}).status, 200)
        self.assertEqual(self.ask("b.test", **{"x-server": ""}).status, 200)
        self.assertEqual(self.names, ["a.test", "b.test"])

    def test_a_host_that_is_rewritten(self):
        route = {"cluster": "upstream", "host_rewrite_literal": "b.test"}
        self.serve(self.secured(), routes=[{"match": {"prefix": "/"}, "route": route}])
        self.assertEqual(self.statuses("c.test"), [200])
        self.assertEqual(self.names, ["b.test"])

    def test_sessions_are_resumed_under_their_name_alone(self):
        async def respond(_):
            return Response(headers=[("connection", "close")], body=b"once")

        self.serve(self.secured(respond=respond))
        self.assertEqual(self.statuses("a.test", "b.test", "a.test", "b.test", "c.test"), [200] * 4 + [503])
        self.assertEqual(self.running.stat("cluster.upstream.ssl.session_reused"), 2)

    def test_one_name_makes_room_for_another(self):
        one = {"circuit_breakers": {"thresholds": [{"max_connections": 1}]}}
        for kind, alpn in ((Http1Upstream, "http/1.1"), (Http2Upstream, "h2")):
            with self.subTest(alpn):
                self.serve(self.secured(kind, alpn), more=one)
                self.assertEqual(self.statuses("a.test", "b.test", "a.test"), [200] * 3)

    def test_one_name_waits_for_another_to_end(self):
        gate = loop.Gate()

        async def respond(request):
            if request.path == "/held":
                await gate.passed()
            return Response(200, body=b"here")

        one = {"circuit_breakers": {"thresholds": [{"max_connections": 1}]}}
        self.serve(self.secured(respond=respond), more=one)

        client = self.client(self.running.port)
        held = client.start("/held", authority="a.test")
        eventually(lambda: gate.waiting, "the first to be under way")
        waits = client.start("/", authority="b.test")
        eventually(lambda: self.running.stat("cluster.upstream.upstream_cx_overflow"), "the second to wait")
        gate.open()
        self.assertEqual([held.result(PATIENCE_S).status, waits.result(PATIENCE_S).status], [200, 200])


if __name__ == "__main__":
    unittest.main()
