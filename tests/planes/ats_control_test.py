"""A stock Traffic Server under its manager, and weir-ats.so under traffic_ctl: statistics, and plugins that
change while requests run."""

import unittest

from peers import loop
from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client
from peers.weir import eventually


def http_all(scenario="/headers", **options):
    return plugin_file("http_all", guest("http_all"), f"scenario={scenario}", **options)


class ControlTest(PlaneTest):
    def setUp(self):
        self.up = self.upstream()
        self.server = TrafficServer(
            self.up,
            [["plugin.yaml"]],
            rules=[("/ruled", ["ruled.yaml"], self.up)],
            files={"plugin.yaml": http_all(), "ruled.yaml": http_all("/local-response")},
            manager=True,
        )
        self.addCleanup(self.server.stop)
        self.client = self.client(self.server.port)

    def set_header(self):
        return self.client.request("/any").headers.get("x-set")

    def test_metrics_are_statistics(self):
        self.server.put(http_all("/metrics"), "plugin.yaml")
        self.server.control("plugin", "msg", "weir", "reload")
        self.server.wait_for_line("loaded anew: plugin.yaml")
        for _ in range(3):
            self.client.request("/four")
        stats = eventually(
            lambda: (stats := self.server.stats()).get("wasmcustom.http_all.requests") == 3 and stats,
            "the statistics",
        )
        self.assertEqual(stats["wasmcustom.http_all.last_path_size"], 5)
        self.assertEqual(stats["wasmcustom.http_all.path_size.count"], 3)
        self.assertEqual(stats["wasmcustom.http_all.path_size.sum"], 15)

    def test_a_message_loads_plugins_anew_and_a_bad_one_changes_nothing(self):
        self.assertEqual(self.set_header(), "guest")
        self.server.put({"config": {"nmae": "x"}}, "plugin.yaml")
        self.server.control("plugin", "msg", "weir", "reload")
        line = self.server.wait_for_line("not loaded anew.* plugin.yaml: ")
        self.assertIn("config.nmae: unknown field; did you mean 'name'?", line)
        self.server.wait_for_line("loaded anew: ruled.yaml")
        self.assertEqual(self.set_header(), "guest")
        self.assertEqual(self.client.request("/ruled").status, 403)

        self.server.put(http_all("/other"), "plugin.yaml")
        self.server.put(http_all("/headers"), "ruled.yaml")
        self.server.control("plugin", "msg", "weir", "reload")
        eventually(lambda: self.set_header() is None, "the new plugin")
        self.assertEqual(self.client.request("/ruled").headers.get("x-set"), "guest")

    def test_a_reload_of_the_configuration_does_it_too(self):
        self.server.put(http_all("/other"), "plugin.yaml")
        self.server.control("config", "reload")
        eventually(lambda: self.set_header() is None, "the new plugin")

    def test_a_request_ends_on_the_plugin_that_it_began_with(self):
        gate = loop.Gate()
        echo = self.up.respond

        async def held(request):
            await gate.passed()
            return await echo(request)

        self.up.respond = held
        before = self.client.start("/any")
        eventually(lambda: gate.waiting, "the request")
        self.server.put(http_all("/local-response"), "plugin.yaml")
        self.server.control("plugin", "msg", "weir", "reload")
        eventually(lambda: self.client.request("/any").status == 403, "the new plugin")
        gate.open()
        self.assertEqual(before.result(loop.PATIENCE_S).headers.get("x-set"), "guest")

    def test_reloads_under_load_lose_nothing(self):
        async def requests(client, count):
            return [await client.exchange(everything) for _ in range(count)]

        from peers.message import make_request

        everything = make_request("/any")
        clients = [Http1Client(self.server.port) for _ in range(8)]
        load = [loop.start(requests(client, 40)) for client in clients]
        for _ in range(10):
            self.server.control("plugin", "msg", "weir", "reload")
        for one in load:
            for response in one.result(loop.PATIENCE_S):
                self.assertEqual((response.status, response.headers.get("x-set")), (200, "guest"))


if __name__ == "__main__":
    unittest.main()
