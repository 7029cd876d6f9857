"""Plugins in a stock Envoy beside each other: what one does to its stream, and makes Envoy do."""

import unittest

from peers.case import PlaneTest
from peers.envoy import Envoy, cluster, listener, plugin_config, weir_filter
from peers.http1 import Http1Upstream
from peers.message import Fields, Response


class ChainCase(PlaneTest):
    def envoy(self, listeners, clusters, **options):
        envoy = Envoy(listeners, clusters, **options)
        self.addCleanup(envoy.stop)
        return envoy


class EmptyValueTest(ChainCase):
    def test_a_header_set_to_nothing_does_not_keep_its_value(self):
        """The ABI cannot say "empty": what a plugin blanks, a credential say, goes."""
        pairs = Fields([("x-secret", "one"), ("x-secret", "two"), ("x-kept", "3")])

        async def answer(_):
            return Response(200, pairs, [b"answer"], pairs)

        upstream = self.upstream(Http1Upstream, respond=answer)
        config = plugin_config("blanks", self.module("blanks"))
        envoy = self.envoy(
            [listener("main", weir_filter(config))],
            [cluster("upstream", upstream)],
            log_level="debug",
        )
        response = self.client(envoy.port).request(
            "/", method="POST", headers=pairs, body=[b"request"], trailers=pairs
        )
        self.assertEqual(response.status, 200)
        request = upstream.requests[0]
        for fields in (request.headers, request.trailers, response.headers, response.trailers):
            self.assertEqual(fields.all("x-kept"), ["3"])
            self.assertNotIn("x-secret", fields)
            self.assertNotIn("x-added", fields)
        for name in ("x-secret", "x-added"):
            self.assertEqual(len(envoy.lines(rf"\[debug\] header '{name}' is left out")), 4)
        self.assertEqual(envoy.lines(r"\[error\]"), [])


if __name__ == "__main__":
    unittest.main()
