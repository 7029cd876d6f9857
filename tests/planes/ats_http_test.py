"""Every scenario of http_all (tests/guests/README.md) in a stock Traffic Server, by weir-ats.so: what
the plugin does to a stream there is what it does in `weir serve`, save what the server's API cannot
carry. Origins of a Traffic Server 9 speak HTTP/1."""

import unittest

import http_all_test as everywhere
from peers.ats import CLIENTS, TrafficServer, plugin_file
from peers.case import ProtocolTest, guest
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.message import Fields

_CASES = [
    *("HeadersTest", "BodyTest", "TrailersTest", "LocalResponseTest", "CallTest", "SharedTest"),
    "StreamStateTest",
]
_shared = {}


def setUpModule():
    """One server for all classes: it holds nothing of a test's."""
    upstream, auth = Http1Upstream(), Http1Upstream(everywhere.auth_service)
    unittest.addModuleCleanup(upstream.close)
    unittest.addModuleCleanup(auth.close)
    plugin = plugin_file("http_all", guest("http_all"), clusters={"auth": auth})
    server = TrafficServer(upstream, [[plugin]], debug=True)
    unittest.addModuleCleanup(server.stop)
    _shared.update(upstream=upstream, auth=auth, weir=server)


class AtsCase(ProtocolTest):
    """Goes before the classes of http_all_test, and puts a Traffic Server in the place of
    `weir serve`."""

    @classmethod
    def setUpClass(cls):
        cls.upstream, cls.auth, cls.weir = (_shared[name] for name in ("upstream", "auth", "weir"))


# Where Traffic Server or its API differs, by class.


class HeadersDiffer:
    added_to_responses = 0


class TrailersDiffer:
    """No function of the API has trailers, and a body that plugins see goes on without them."""

    def test_trailers_are_edited_both_ways(self):
        if issubclass(self.client_kind, Http2Client):
            self.skipTest("the server breaks connections off whose requests have trailers")
        response = self.exchange("/trailers", {"x-set": "peer"})
        for message in (self.received, response):
            self.assertEqual(message.trailers, [])
        self.assertEqual((self.received.body, response.body), (b"a", b"answer"))

    test_trailers_are_no_headers = test_trailers_are_edited_both_ways

    def test_trailers_are_made_where_there_are_none(self):
        self.respond(200, Fields(), [b"answer"])
        headers = {"te": "trailers"}
        response = self.request("/trailers/create", method="POST", headers=headers, body=[b"a"])
        self.assertEqual((self.received.body, response.body), (b"a", b"answer"))
        self.assertEqual((self.received.trailers, response.trailers), ([], []))


class BodiesDiffer:
    def test_a_request_is_held_until_it_is_whole(self):
        if not issubclass(self.client_kind, Http2Client):
            return super().test_a_request_is_held_until_it_is_whole()

        # Its length is told by nothing but its end: the server shows it to no plugin.
        async def body():
            yield b"one"
            yield b"two"

        response = self.request("/body/pause", method="POST", body=body())
        self.assertEqual((response.status, self.received.body), (200, b"onetwo"))
        self.assertFalse(response.headers.get("x-body-sizes"))


class MetricsDiffer:
    def test_metrics_are_in_the_stats(self):
        """As numbers here; ats_control_test.py looks for them by traffic_ctl."""
        first = int(self.request("/metrics").headers.get("x-counter"))
        response = self.request("/metrics?longer")
        self.assertEqual(int(response.headers.get("x-counter")), first + 1)


class LogsDiffer:
    def test_logs_keep_their_levels(self):
        self.request("/log")
        levels = {"trace": "DIAG: .*", "debug": "DIAG: .*", "info": "NOTE: .*"}
        levels |= {"warn": "WARNING: .*", "error": "ERROR: .*"}
        for level, name in levels.items():
            self.weir.wait_for_line(rf"{name}http_all.*: log at {level}")
        self.weir.wait_for_line("NOTE: .*log to stdout")
        self.weir.wait_for_line("ERROR: .*log to stderr")


_DIFFERENCES = {
    "HeadersTest": (HeadersDiffer,),
    "BodyTest": (BodiesDiffer,),
    "TrailersTest": (TrailersDiffer,),
    "SharedTest": (MetricsDiffer,),
    "StreamStateTest": (LogsDiffer,),
}

for case in _CASES:
    for suffix, client in CLIENTS.items():
        bases = (*_DIFFERENCES.get(case, ()), AtsCase, getattr(everywhere, f"{case}{suffix}"))
        name = f"Ats{case}{suffix}"
        globals()[name] = type(name, bases, {"__module__": __name__, "client_kind": client})


class ParityTest(unittest.TestCase):
    def test_no_scenario_is_left_out(self):
        """A class that http_all_test gains is to be tried in Traffic Server, too."""
        suffix = next(iter(CLIENTS))
        others = {name.removesuffix(suffix) for name in vars(everywhere) if name.endswith(suffix)}
        self.assertEqual(others - {"WithoutWasiTest"}, set(_CASES))


del AtsCase  # no test by itself

if __name__ == "__main__":
    unittest.main()
