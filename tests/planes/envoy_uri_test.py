"""A stock Envoy writes URIs anew in the same way, but for what is known."""

import unittest

import uri_test
from peers import envoy
from peers.case import PlaneTest
from peers.http1 import Http1Upstream

# By settings and path; docs/serve.md gives the reasons.
DIFFERENT = {
    ("normal", "/a/%2e%2e;/b"): "/a/..;/b",
    ("normal", "/a/..;\\b"): "/",
    ("merge", "//"): "//",
}


class EnvoyUriTest(uri_test.Rewriting, PlaneTest):
    def test_paths_and_hosts(self):
        peer = self.upstream(Http1Upstream, respond=uri_test.answer)
        running = envoy.Envoy(uri_test.listeners(envoy.listener), [envoy.cluster("upstream", peer)])
        self.addCleanup(running.stop)
        self.hold_paths(running.ports, DIFFERENT)
        self.hold_hosts(running.ports)
        self.hold_characters(running.ports)


if __name__ == "__main__":
    unittest.main()
