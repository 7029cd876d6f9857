"""Calls, gRPC, timers and queues of plugins in a stock Envoy."""

import pathlib
import subprocess
import tempfile
import unittest

import grpc_test
from peers.case import PlaneTest, ProtocolTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    plugin_config,
    pulse_cluster,
    weir_filter,
)
from peers.grpc import GrpcServer
from peers.weir import eventually


class EnvoyGrpcTest(grpc_test.GrpcTestHttp2ToHttp2):
    """Every scenario of grpc_all."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.upstream_kind()
        cls.addClassCleanup(cls.upstream.close)
        cls.arguments()  # starts the gRPC server
        cls.weir = Envoy(
            [listener("main", weir_filter(plugin_config("grpc_all", guest("grpc_all"))))],
            [cluster("upstream", cls.upstream), cluster("grpc", cls.grpc)],
        )
        cls.addClassCleanup(cls.weir.stop)


class TickCase(PlaneTest):
    def serve(self, configuration, *clusters, workers=1):
        upstream = self.upstream()
        config = plugin_config("http_all", guest("http_all"), configuration)
        self.envoy = Envoy(
            [listener("main", weir_filter(config))],
            [cluster("upstream", upstream), *clusters],
            workers=workers,
        )
        self.addCleanup(self.envoy.stop)
        return self.client(self.envoy.port)


class TickTest(TickCase):
    def test_ticks_come_while_there_are_streams(self):
        client = self.serve("tick_ms=20")
        # A held request is a stream: the tick finds its worker.
        for _ in range(3):
            response = client.request("/pause-until-tick", method="POST", body=b"held")
            self.assertEqual(response.body, b"held")

    def test_a_tick_that_was_due_comes_before_the_next_stream(self):
        client = self.serve("tick_ms=20")
        client.request("/other")

        def ticks():
            return int(client.request("/tick").headers.get("x-value") or 0)

        eventually(lambda: ticks() >= 3, "three ticks")

    def test_ticks_come_without_streams_where_there_is_a_cluster_for_it(self):
        client = self.serve("tick_ms=20", pulse_cluster())
        # The plugin has been started on the worker, and ticked there, before any request.
        eventually(
            lambda: self.envoy.stat("wasmcustom.wasm.wasmtime.active") == 1, "the plugin's start"
        )
        eventually(
            lambda: int(client.request("/tick").headers.get("x-value") or 0) >= 3, "three ticks"
        )


class QueueTest(TickCase):
    def test_items_reach_the_plugin(self):
        client = self.serve("")
        self.assertEqual(client.request("/queue?item=1").status, 200)
        eventually(
            lambda: client.request("/queue/last").headers.get("x-value") == "/queue?item=1",
            "the item",
        )


class RootCallTest(PlaneTest):
    """Calls that no stream makes go by the main thread."""

    def serve(self, *clusters, configuration=""):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        module = pathlib.Path(folder.name) / "root_call.wasm"
        source = pathlib.Path(__file__).parent / "modules" / "root_call.wat"
        subprocess.run(["wat2wasm", source, "-o", module], check=True)
        self.auth = self.upstream()
        config = plugin_config("root", module, configuration)
        self.envoy = Envoy(
            [listener("main", weir_filter(config), cluster="auth")],
            [cluster("auth", self.auth), *clusters],
        )
        self.addCleanup(self.envoy.stop)
        self.client = self.client(self.envoy.port)

    def test_a_tick_calls_a_cluster(self):
        self.serve(pulse_cluster())
        self.envoy.wait_for_line(r"\[root\]: answered")
        self.assertEqual(self.auth.requests[0].path, "/root")
        self.assertEqual(self.client.request("/fine").status, 200)

    def test_a_metric_defined_with_the_configuration_has_its_own_name(self):
        self.serve(pulse_cluster())
        # Counted on ticks, when there is no stream.
        eventually(lambda: self.envoy.stat("wasmcustom.root_call.made") >= 3, "three ticks")

    def test_without_a_cluster_for_it_streams_carry_ticks_and_answers(self):
        self.serve()

        def answered():
            self.assertEqual(self.client.request("/fine").status, 200)
            return self.envoy.lines(r"\[root\]: answered")

        eventually(answered, "an answer")

    def test_a_call_to_no_cluster_fails(self):
        self.serve(pulse_cluster(), configuration="nobody")
        self.envoy.wait_for_line(r"\[root\]: failed")
        self.envoy.wait_for_line(
            r"\[error\] .*root\S* proxy_http_call: the call to 'nobody' is refused: there is no such upstream"
        )


if __name__ == "__main__":
    unittest.main()
