"""Endpoints that answer badly, and get no requests for a while."""

import unittest

from clusters_test import ClusterTest as _ClusterTest
from clusters_test import health_check
from peers import bootstrap
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.message import Fields, Response
from peers.tcp import Nowhere, TcpClient, TcpUpstream, read_all
from peers.weir import eventually

_ALL_OF_THEM = {"common_lb_config": {"healthy_panic_threshold": {"value": 0}}}


def outliers(**fields):
    return {
        "outlier_detection": {
            "consecutive_5xx": 3,
            "interval": "0.2s",
            "base_ejection_time": "60s",
            "max_ejection_time": "60s",
            "max_ejection_percent": 50,
            **fields,
        },
        **_ALL_OF_THEM,
    }


class OutlierTest(_ClusterTest):
    def answering(self, name, status=200, headers=()):
        peer = self.upstream(Http1Upstream)
        peer.status, peer.headers = status, headers

        async def respond(request):
            if request.path == "/health":
                return Response(200)
            return Response(peer.status, headers=Fields(peer.headers), body=name.encode())

        peer.respond = respond
        return peer

    def ejections(self, what):
        return self.running.stat(f"cluster.upstream.outlier_detection.ejections_{what}")

    def ask_until_ejected(self, kind="consecutive_5xx"):
        eventually(lambda: self.request() and self.ejections(f"enforced_{kind}") == 1, "an ejection")
        self.assertEqual(self.ejections("active"), 1)

    def test_server_errors_eject_for_a_while(self):
        well, ill = self.answering("well"), self.answering("ill", 500)
        self.serve(well, ill, **outliers(base_ejection_time="1s"))
        self.ask_until_ejected()
        self.assertEqual({self.request().text for _ in range(6)}, {"well"})
        self.assertEqual(self.running.stat("cluster.upstream.membership_healthy"), 1)
        ill.status = 200
        eventually(lambda: self.ejections("active") == 0, "the ejection to end")
        self.assertEqual({self.request().text for _ in range(6)}, {"well", "ill"})

    def test_gateway_failures(self):
        well, ill = self.answering("well"), self.answering("ill", 503)
        self.serve(
            well,
            ill,
            **outliers(
                consecutive_gateway_failure=2,
                enforcing_consecutive_gateway_failure=100,
                enforcing_consecutive_5xx=0,
            ),
        )
        self.ask_until_ejected("consecutive_gateway_failure")
        self.assertEqual({self.request().text for _ in range(6)}, {"well"})

    def test_endpoints_that_refuse(self):
        well, nowhere = self.answering("well"), self.upstream(Nowhere)
        self.serve(
            well,
            nowhere,
            **outliers(split_external_local_origin_errors=True, consecutive_local_origin_failure=1),
        )
        self.ask_until_ejected("consecutive_local_origin_failure")
        self.assertEqual(self.ejections("detected_consecutive_5xx"), 0)

    def test_grpc_statuses(self):
        grpc = [("content-type", "application/grpc")]
        well = self.answering("well", headers=[*grpc, ("grpc-status", "5")])
        ill = self.answering("ill", headers=[*grpc, ("grpc-status", "14")])
        for peer in (well, ill):
            peer.respond = self.trailers_only(peer)
        self.serve(well, ill, **outliers())
        self.ask_until_ejected()
        self.assertEqual({self.request().headers.get("grpc-status") for _ in range(6)}, {"5"})

    @staticmethod
    def trailers_only(peer):
        async def respond(_):
            return Response(200, headers=Fields([*peer.headers, ("content-length", "0")]))

        return respond

    def test_no_more_than_may_be(self):
        peers = [self.answering(name, 500) for name in ("one", "two", "three", "four")]
        self.serve(*peers, **outliers())
        eventually(lambda: self.request() and self.ejections("overflow") > 0, "one ejection too many")
        self.assertEqual(self.ejections("active"), 2)

    def test_where_all_are_ejected_nobody_is_asked(self):
        self.serve(self.answering("ill", 500), **outliers(max_ejection_percent=100))
        self.ask_until_ejected()
        response = self.request()
        self.assertEqual((response.status, response.text), (503, "no healthy upstream"))

    def test_a_health_check_ends_an_ejection(self):
        well, ill = self.answering("well"), self.answering("ill", 500)
        check = health_check({"http_health_check": {"path": "/health"}}, interval="0.5s")
        self.serve(well, ill, health_checks=[check], **outliers())
        self.ask_until_ejected()
        ill.status = 200
        eventually(lambda: self.ejections("active") == 0, "the ejection to end")

    def test_connections_without_http(self):
        def answer(connection):
            connection.sendall(b"well")
            read_all(connection)

        well, nowhere = self.upstream(TcpUpstream, serve=answer), self.upstream(Nowhere)
        settings = bootstrap.cluster("upstream", well)
        settings["load_assignment"]["endpoints"] = [
            {"lb_endpoints": [bootstrap.endpoint(peer) for peer in (well, nowhere)]}
        ]
        settings.update(outliers(consecutive_5xx=1))
        self.running = self.weir(bootstrap=bootstrap.bootstrap([bootstrap.tcp_listener("bytes")], [settings]))

        def connect():
            client = TcpClient(self.running.port)
            try:
                return client.receive(4)
            finally:
                client.close()

        eventually(lambda: connect() is not None and self.ejections("active") == 1, "an ejection")
        self.assertEqual({connect() for _ in range(4)}, {b"well"})


class TransportFailureTest(_ClusterTest):
    def test_why_a_connection_could_not_be_secured(self):
        authority, stranger = Authority(), Authority()
        self.addCleanup(authority.close)
        self.addCleanup(stranger.close)
        certificate = authority.issue("server", "DNS:weir.test")
        upstream = self.upstream(Http1Upstream, tls=authority.server_context(certificate))
        cluster = bootstrap.secured(
            bootstrap.cluster("upstream", upstream),
            bootstrap.upstream_tls(validation_context={"trusted_ca": stranger.source}),
        )
        log = {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
            "log_format": {
                "text_format_source": {"inline_string": "reason=%UPSTREAM_TRANSPORT_FAILURE_REASON%.\n"}
            },
        }
        listener = bootstrap.listener("web", access_log=[{"name": "stderr", "typed_config": log}])
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], [cluster]))
        self.assertEqual(self.request().status, 503)
        line = self.running.wait_for_line("reason=")
        self.assertIn("certificate verify failed", line.replace("_", " ").lower())


if __name__ == "__main__":
    unittest.main()
