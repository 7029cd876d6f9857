"""Calls, gRPC, timers and queues of plugins in a stock Traffic Server."""

import unittest

import grpc_test
from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.message import Response
from peers.weir import eventually


class AtsGrpcTest(grpc_test.GrpcTestHttp2ToHttp1):
    """Every scenario of grpc_all."""

    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.upstream_kind()
        cls.addClassCleanup(cls.upstream.close)
        cls.arguments()  # starts the gRPC server
        plugin = plugin_file("grpc_all", guest("grpc_all"), clusters={"grpc": cls.grpc})
        cls.weir = TrafficServer(cls.upstream, [[plugin]])
        cls.addClassCleanup(cls.weir.stop)


class TickTest(PlaneTest):
    def serve(self, configuration="", threads=1):
        plugin = plugin_file("http_all", guest("http_all"), configuration)
        self.server = TrafficServer(self.upstream(), [[plugin]], threads=threads)
        self.addCleanup(self.server.stop)
        return self.client(self.server.port)

    def test_ticks_come_before_any_request(self):
        client = self.serve("tick_ms=20")
        first = int(client.request("/tick").headers.get("x-value") or 0)
        eventually(
            lambda: int(client.request("/tick").headers.get("x-value") or 0) >= first + 3,
            "three ticks",
        )

    def test_a_tick_lets_a_held_request_go_on(self):
        client = self.serve("tick_ms=20")
        response = client.request("/pause-until-tick", method="POST", body=b"held")
        self.assertEqual(response.body, b"held")

    def test_an_item_reaches_the_plugin(self):
        client = self.serve()
        self.assertEqual(client.request("/queue?item=1").status, 200)
        self.server.wait_for_line(r"queue: /queue\?item=1")

    def test_threads_share_data(self):
        """A new connection may be any thread's."""
        client = self.serve(threads=2)
        counts = [int(client.request("/shared-data").headers.get("x-counter")) for _ in range(20)]
        self.assertEqual(counts, list(range(counts[0], counts[0] + 20)))


class RootCallTest(PlaneTest):
    """Calls that no stream makes."""

    def serve(self, configuration="", clusters=True, vm_configuration=None):
        module = self.module("root_call")
        self.auth = self.upstream()
        named = {"auth": self.auth} if clusters else None
        content = plugin_file("root", module, configuration, clusters=named)
        if vm_configuration:
            content["config"]["vm_config"]["configuration"] = vm_configuration
        self.server = TrafficServer(self.upstream(), [[content]])
        self.addCleanup(self.server.stop)

    def test_a_call_is_made_where_a_plugin_is_configured(self):
        """Its set is not there yet then."""
        self.serve(vm_configuration="at once")
        self.server.wait_for_line(r"\[root\]: answered")
        self.assertEqual(self.auth.requests[0].path, "/root")

    def test_a_tick_calls_an_upstream(self):
        self.serve()
        self.server.wait_for_line(r"\[root\]: answered")
        self.assertEqual(self.auth.requests[0].path, "/root")

    def test_a_call_to_no_upstream_is_refused(self):
        self.serve("nobody")
        self.server.wait_for_line("the call to 'nobody' is refused: there is no such upstream")


class TargetTest(PlaneTest):
    """Where a stream's calls go."""

    def test_an_upstream_by_its_address(self):
        async def respond(_):
            return Response(200, body=b"granted")

        called = self.upstream(respond=respond)
        up = self.upstream()
        server = TrafficServer(up, [[plugin_file("http_all", guest("http_all"))]])
        self.addCleanup(server.stop)
        headers = {"x-cluster": f"127.0.0.1:{called.port}"}
        self.assertEqual(self.client(server.port).request("/http-call", headers=headers).status, 200)
        self.assertEqual(up.requests[0].headers.get("x-call-body"), "granted")
        self.assertEqual(len(called.requests), 1)


if __name__ == "__main__":
    unittest.main()
