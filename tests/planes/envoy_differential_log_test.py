"""The same plugin as an access logger and as a service of one Envoy, by its own Wasm extension on its own V8
and by Weir: what it is told is the same. What is not is in docs/envoy.md."""

import re
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    plugin_config,
    plugin_log,
    service,
    wasm_filter,
    wasm_log,
    wasm_service,
    weir_filter,
)
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.message import Response
from peers.weir import eventually


def root(name, configuration="", **options):
    return plugin_config(name, guest("root_all"), configuration, **options)


class LogTest(PlaneTest):
    def logged(self, log, upstream, drive, count):
        """What the plugin has logged of each stream, less what is a connection's own."""
        envoy = Envoy([listener("web", access_log=[log])], [cluster("upstream", upstream)])
        self.addCleanup(envoy.stop)
        drive(envoy.port)
        eventually(lambda: len(envoy.lines("logged [0-9]+: ")) >= count, f"{count} streams in\n{envoy.log}")
        texts = [line.split("logged ", 1)[1] for line in envoy.lines("logged [0-9]+: ")]
        return [re.sub(r"(127\.0\.0\.1):[0-9]+", r"\1", text) for text in texts]

    def check_http(self, client_kind, upstream_kind):
        async def answer(request):
            if request.path == "/missing":
                return Response(404, [("x-type", "none")])
            return Response(200, [("x-type", "text")], b"12345", [("x-trailer", "end")])

        def drive(port):
            client = self.client(port, client_kind)
            client.request("/one", method="POST", body=b"abc", headers=[("user-agent", "tester")])
            client.request("/two?query=1")
            client.request("/missing")
            client.request("/large", method="POST", body=[b"x" * 100_000] * 3)

        upstream = self.upstream(upstream_kind, respond=answer)
        config = root("logger")
        theirs = self.logged(wasm_log(config), upstream, drive, 4)
        ours = self.logged(plugin_log(config), upstream, drive, 4)
        # Envoy's extension does not know it here.
        self.assertTrue(all(" cluster=absent " in line for line in theirs), theirs)
        self.assertEqual(ours, [line.replace(" cluster=absent ", " cluster=upstream ") for line in theirs])

    def test_streams_of_http1(self):
        self.check_http(Http1Client, Http1Upstream)

    def test_streams_of_http2(self):
        self.check_http(Http2Client, Http2Upstream)


class ServiceTest(PlaneTest):
    def drained(self, make_service, make_filter):
        """What a service logs, that takes from a queue what a filter puts there."""
        upstream = self.upstream(Http1Upstream)
        config = root("service", "queue=items\ntick_ms=50\ncall\nset=told", vm_id="service")
        envoy = Envoy(
            [listener("web", make_filter(root("filter", vm_id="filter")))],
            [cluster("upstream", upstream)],
            extensions=[make_service(config)],
        )
        self.addCleanup(envoy.stop)
        for item in ("one", "two", "three"):
            self.assertEqual(self.client(envoy.port).request(f"/enqueue/{item}").status, 200)
        eventually(lambda: len(envoy.lines("drained: ")) == 3, f"the queue to be drained\n{envoy.log}")
        envoy.wait_for_line("call answered: ")
        answered = envoy.lines("call answered: ")[0].split("call answered: ")[1]
        asked = [(request.method, request.path) for request in upstream.requests if "service" in request.path]
        return [line.split("drained: ")[1] for line in envoy.lines("drained: ")], answered, asked[0]

    def test_a_service_with_queue_ticks_and_calls(self):
        theirs = self.drained(wasm_service, wasm_filter)
        ours = self.drained(lambda config: service({"config": config, "singleton": True}), weir_filter)
        self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.main()
