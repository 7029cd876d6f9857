"""`weir serve` holds what comes by HTTP/1 against RFC 9110 and RFC 9112: a request is understood by all in the same way,
or refused."""

import unittest

import http1_rules
from http1_rules.player import play
from http1_rules.upstream import StrictUpstream
from peers import bootstrap
from peers.case import PlaneTest

CASES = http1_rules.all_cases()


def listeners(kind):
    """One without upgrades, one with."""
    routes = [
        {"match": {"connect_matcher": {}}, "route": {"cluster": "upstream"}},
        {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
    ]
    upgrades = [{"upgrade_type": "websocket"}, {"upgrade_type": "CONNECT"}]
    return [
        kind("plain", routes=routes[1:], codec_type="HTTP1"),
        kind("upgrades", routes=routes, codec_type="HTTP1", upgrade_configs=upgrades),
    ]


class Rules:
    """The corpus against one proxy."""

    def hold(self, ports, expected):
        plain, upgrades = ports
        for case in CASES:
            with self.subTest(section=case.section, case=case.name):
                self.strict.seen.clear()
                outcome, taken = play(upgrades if case.upgrades else plain, case, expected(case))
                self.assertEqual(outcome, expected(case))
                # What the client has no answer to, nobody has taken for a whole request.
                self.assertEqual(self.strict.seen, taken)
        self.assertEqual(self.strict.malformed, [])


class Http1RulesTest(Rules, PlaneTest):
    def test_the_corpus_is_large_and_each_case_says_what_it_expects(self):
        self.assertGreater(len(CASES), 400)
        self.assertEqual(len({case.title for case in CASES}), len(CASES))
        for case in CASES:
            self.assertTrue(case.data and case.expect, case.title)
            # A difference has a reason, and is one.
            self.assertEqual(bool(case.envoy), bool(case.why), case.title)
            self.assertNotEqual(case.envoy, case.expect, case.title)

    def test_each_case_comes_to_what_it_should(self):
        self.strict = self.upstream(StrictUpstream)
        running = self.weir(
            bootstrap=bootstrap.bootstrap(
                listeners(bootstrap.listener), [bootstrap.cluster("upstream", self.strict)]
            ),
            listeners=2,
        )
        self.hold(running.ports, lambda case: case.expect)


if __name__ == "__main__":
    unittest.main()
