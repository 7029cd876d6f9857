"""All engines in one stock Traffic Server: each fails in every way while the others serve."""

import unittest

from engines_test import FAULTS, LIMITS
from peers.ats import TrafficServer, plugin_options
from peers.bootstrap import plugin
from peers.case import PlaneTest, guest
from peers.engines import engines_of_other_hosts
from peers.http1 import Http1Client
from peers.load import SteadyLoad
from peers.weir import eventually


class EveryEngineTest(PlaneTest):
    def test_each_fails_alone(self):
        names = engines_of_other_hosts()
        up = self.upstream()

        def on(engine, name):
            options = plugin(f"{name}-{engine}", guest(name), engine=engine, limits=LIMITS)
            return plugin_options(options)

        # A host for the plugin that fails on each engine; all other requests pass a good one.
        rules = [(f"http://{engine}.test/", [on(engine, "faults")], up) for engine in names]
        server = TrafficServer(up, rules=[*rules, ("/", [on(names[0], "http_all")], up)], threads=2)
        self.addCleanup(server.stop)
        load = SteadyLoad(Http1Client, server.port, connections=1, path="/headers")
        client = self.client(server.port)
        for number, (fault, _) in enumerate(FAULTS, start=1):
            for engine in names:
                with self.subTest(engine=engine, fault=fault):
                    answer = client.request(f"/{fault}", authority=f"{engine}.test")
                    self.assertEqual(answer.status, 503)
                    failure = rf"plugin 'faults-{engine}': proxy_on_request_headers: "
                    eventually(lambda: len(server.lines(failure)) == number, failure)
                    for other in names:
                        answer = client.request("/next", authority=f"{other}.test")
                        self.assertEqual(answer.status, 200)
        answers = load.stop()
        self.assertGreater(len(answers), 100)
        self.assertEqual({answer.headers.get("x-set") for answer in answers}, {"guest"})


if __name__ == "__main__":
    unittest.main()
