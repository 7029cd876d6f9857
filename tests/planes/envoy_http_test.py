"""Every scenario of http_all (tests/guests/README.md) in a stock Envoy, by libweir-envoy.so: what the
plugin does to a stream there is what it does in `weir serve`, save what Envoy's ABI for modules
cannot carry."""

import unittest

import http_all_test as everywhere
from peers.case import PAIRS, ProtocolTest, guest
from peers.envoy import Envoy, cluster, listener, plugin_config, weir_filter
from peers.message import Fields

_CASES = [
    *("HeadersTest", "BodyTest", "TrailersTest", "LocalResponseTest", "CallTest", "SharedTest"),
    "StreamStateTest",
]


class EnvoyCase(ProtocolTest):
    """Goes before the classes of http_all_test, and puts an Envoy in the place of `weir serve`."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.upstream_kind()
        cls.addClassCleanup(cls.upstream.close)
        cls.arguments()  # starts the cluster that plugins call
        cls.weir = Envoy(
            [listener("main", weir_filter(plugin_config("http_all", guest(cls.wasm))))],
            [cluster("upstream", cls.upstream), cluster("auth", cls.auth)],
            log_level="trace",
        )
        cls.addClassCleanup(cls.weir.stop)

    # Where Envoy or its ABI differs.

    added_to_responses = 0  # the router is told not to

    def test_the_whole_map_is_replaced(self):
        """The guest removes x-forwarded-proto with the rest, without which Envoy finds no route."""
        response = self.request("/headers/all", headers={"x-gone": "1"})
        self.assertEqual(response.status, 404)
        self.assertEqual(response.headers.all("x-all"), ["1", "2"])
        self.assertEqual(self.upstream.requests, [])

    def test_trailers_are_made_where_there_are_none(self):
        """The ABI has no function that gives a message trailers."""
        self.respond(200, Fields(), [b"answer"])
        headers = {"te": "trailers"}
        response = self.request("/trailers/create", method="POST", headers=headers, body=[b"a"])
        self.assertEqual((self.received.body, response.body), (b"a", b"answer"))
        self.assertEqual((self.received.trailers, response.trailers), ([], []))

    def test_metrics_are_in_the_stats(self):
        first = int(self.request("/metrics").headers.get("x-counter"))
        response = self.request("/metrics?longer")
        self.assertEqual(int(response.headers.get("x-counter")), first + 1)
        # Defined while a request runs, and so members of the families for late ones.
        stats = self.weir.stats()
        self.assertEqual(stats["wasmcustom.late_counter.name.http_all.requests"], first + 1)
        last = int(response.headers.get("x-gauge"))
        self.assertEqual(stats["wasmcustom.late_gauge.name.http_all.last_path_size"], last)
        text = self.weir.page("/stats?histogram_buckets=cumulative")[1]
        self.assertIn("wasmcustom.late_histogram.name.http_all.path_size", text)


for suffix, _, _ in PAIRS:
    bases = [getattr(everywhere, f"{name}{suffix}") for name in _CASES]
    globals()[f"EnvoyTest{suffix}"] = type(f"EnvoyTest{suffix}", (EnvoyCase, *bases), {})


class ParityTest(unittest.TestCase):
    def test_no_scenario_is_left_out(self):
        """A class that http_all_test gains is to be tried in Envoy, too."""
        suffix = PAIRS[0][0]
        others = {name.removesuffix(suffix) for name in vars(everywhere) if name.endswith(suffix)}
        self.assertEqual(others - {"WithoutWasiTest"}, set(_CASES))


del EnvoyCase  # no test by itself

if __name__ == "__main__":
    unittest.main()
