"""Plugins as access loggers of a stock Envoy: what access_log_test claims of them."""

import re
import unittest

import access_log_test as everywhere
from peers.case import guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    plugin_config,
    plugin_log,
    tcp_listener,
    weir_filter,
)
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import TcpUpstream
from peers.weir import eventually


def logger(configuration="", **options):
    return plugin_config("logger", guest("root_all"), configuration, **options)


class PluginTest(everywhere.PluginTest):
    """As in `weir serve`; the bodies of tests that name its configuration are written anew."""

    def serve(self, *logs, plugins=(), upstream=None, workers=1):
        self.peer = upstream or self.upstream(Http1Upstream)
        self.running = Envoy(
            [listener("web", *plugins, access_log=list(logs))],
            [cluster("upstream", self.peer)],
            workers=workers,
        )
        self.addCleanup(self.running.stop)
        return self.running

    def test_a_plugin_is_told_of_each_stream_and_can_read_it(self):
        async def answer(_):
            return Response(200, [("x-type", "text")], b"12345", [("x-trailer", "end")])

        peer = self.upstream(Http1Upstream, respond=answer)
        self.serve(plugin_log(logger()), upstream=peer)
        self.request("/one", method="POST", body=b"abc", headers=[("user-agent", "tester")])
        self.request("/two")
        first, second = self.logged(2)
        expected = {
            "path": "/one",
            "agent": "tester",
            "status": "200",
            "type": "text",
            "trailer": "end",
            "code": "200",
            "details": "via_upstream",
            "received": "3",
            "sent": "5",
            "source": first["source"],
            "upstream": f"127.0.0.1:{peer.port}",
            "cluster": "upstream",
            "state": "absent",
            "flags": "0",
        }
        self.assertEqual(first, expected)
        self.assertRegex(first["source"], r"^127\.0\.0\.1:\d+$")
        self.assertEqual(second["path"], "/two")

    def test_a_filter_and_an_access_log_share_a_root(self):
        self.serve(plugin_log(logger()), plugins=[weir_filter(logger())])
        self.assertEqual(self.request("/a").headers.get("x-logged"), "0")
        self.logged(1)
        self.assertEqual(self.request("/b").headers.get("x-logged"), "1")
        # What the filter has set is there to be logged.
        self.assertEqual(self.logged(2)[1]["state"], "/b")
        # Where a filter is configured, too, Envoy has a place for what is defined late.
        self.assertEqual(self.running.stat("wasmcustom.late_counter.name.root_all.logged"), 2)

    def test_a_plugin_that_fails_to_log_harms_no_stream(self):
        envoy = self.serve(plugin_log(logger("panic=/panic")))
        for path in ("/panic", "/panic", "/fine"):
            self.assertEqual(self.request(path).status, 200)
        self.assertEqual(self.logged(1)[-1]["path"], "/fine")
        self.assertEqual(envoy.stat("wasmcustom.wasm.logger.failed.unreachable"), 2)

    def test_a_filter_decides_for_plugins_too(self):
        errors = {"comparison": {"op": "EQ", "value": {"default_value": 404, "runtime_key": "k"}}}
        chosen = plugin_log(logger(), filter={"status_code_filter": errors})

        async def answer(request):
            return Response(404 if request.path == "/missing" else 200)

        self.serve(chosen, upstream=self.upstream(Http1Upstream, respond=answer))
        self.request("/there")
        self.request("/missing")
        self.assertEqual([one["path"] for one in self.logged(1)], ["/missing"])

    def test_it_runs_on_every_worker_from_the_start(self):
        envoy = self.serve(plugin_log(logger()), workers=3)
        # It is tried out once, too.
        eventually(lambda: envoy.stat("wasmcustom.root_all.configured") == 1 + 3, "three starts")

    def test_a_plugin_that_refuses_its_configuration_ends_the_start(self):
        with self.assertRaises(AssertionError) as caught:
            self.serve(plugin_log(logger("unknown")))
        self.assertIn("plugin 'logger'", str(caught.exception))
        self.assertIn("proxy_on_configure", str(caught.exception))


class ConnectionTest(everywhere.ConnectionTest):
    def test_a_connection_is_logged_when_it_is_over(self):
        self.peer = self.upstream(TcpUpstream)
        envoy = Envoy(
            [tcp_listener("carried", access_log=[plugin_log(logger())])],
            [cluster("upstream", self.peer)],
        )
        self.addCleanup(envoy.stop)
        self.exchange(envoy, b"123456")
        line = envoy.wait_for_line(r"logged 1: path=absent")
        told = dict(re.findall(r"(\w+)=(\S*)", line))
        self.assertEqual((told["received"], told["sent"]), ("6", "6"))
        self.assertEqual(told["upstream"], f"127.0.0.1:{self.peer.port}")
        self.assertEqual(told["cluster"], "upstream")

    # Of files.
    test_a_connection_that_found_no_upstream_says_why = None


if __name__ == "__main__":
    unittest.main()
