"""Where `weir serve` takes malformed requests of HTTP/2 otherwise than a stock Envoy: nowhere but here, on purpose."""

import unittest

import http2_rules_test
from http2_rules import compression, messages
from peers import bootstrap, envoy
from peers.case import PlaneTest
from peers.frames import FrameClient

# What Envoy does, by section and name of the case; docs/serve.md gives the reasons.
DIFFERENT = {
    ("8.2.1 values", "with a space before"): "status 200",
    ("8.2.1 values", "with a space behind"): "status 200",
    ("8.2.1 values", "with a tab before"): "status 200",
    ("8.3.1 requests", "a path beyond ASCII"): "status 200",
    ("8.3.1 requests", "an authority with a port that is none"): "status 200",
    ("8.3.1 requests", "an authority with half an address"): "status 200",
    ("8.5 CONNECT", "that is not configured"): "status 404",
    ("10.5 limits", "more fields than are allowed"): "reset INTERNAL_ERROR",
}


class EnvoyRulesTest(PlaneTest):
    def test_malformed_requests_come_to_the_same_but_for_what_is_known(self):
        upstream = self.upstream(respond=http2_rules_test.respond)
        options = {
            **http2_rules_test.LIMITS,
            # Weir's default; Envoy's own closes the connection.
            "override_stream_error_on_invalid_http_message": True,
        }
        listener = bootstrap.listener(
            "rules",
            routes=http2_rules_test.routes(),
            codec_type="HTTP2",
            http2_protocol_options=options,
        )
        running = envoy.Envoy([listener], [envoy.cluster("upstream", upstream)])
        self.addCleanup(running.stop)
        different = {}
        for case in [*messages.CASES, *compression.CASES]:
            client = FrameClient(running.port, greet=case.greet)
            outcome = http2_rules_test.play(client, case)
            client.close()
            if outcome != case.expect:
                different[case.section, case.name] = outcome
        self.assertEqual(different, DIFFERENT)


if __name__ == "__main__":
    unittest.main()
