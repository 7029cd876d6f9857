"""What a stock Envoy makes of the same requests of HTTP/1: the same, but for what the corpus says, with reasons."""

import unittest

from http1_rules.upstream import StrictUpstream
from http1_rules_test import Rules, listeners
from peers import envoy
from peers.case import PlaneTest


def listener(name, routes, **manager):
    return envoy.listener(
        name,
        routes=routes,
        # Weir takes HTTP/1.0 without being asked to, and closes as soon as it has answered.
        http_protocol_options={"enable_trailers": True, "accept_http_10": True, "default_host_for_http_10": "127.0.0.1:80"},
        delayed_close_timeout="0.02s",
        **manager,
    )


class EnvoyHttp1RulesTest(Rules, PlaneTest):
    def test_each_case_comes_to_what_is_known(self):
        self.strict = self.upstream(StrictUpstream)
        running = envoy.Envoy(listeners(listener), [envoy.cluster("upstream", self.strict)])
        self.addCleanup(running.stop)
        self.hold(running.ports, lambda case: case.envoy or case.expect)


if __name__ == "__main__":
    unittest.main()
