"""Plugins in a stock Envoy beside each other: what one does to its stream, and makes Envoy do."""

import asyncio
import threading
import time
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    INTERNAL_LISTENERS,
    Envoy,
    cluster,
    internal_listener,
    listener,
    network_filter,
    plugin_config,
    plugin_log,
    route_config,
    set_metadata,
    tcp_listener,
    to_internal_listener,
    wasm_filter,
    weir_filter,
    with_upstream_filters,
)
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.loop import PATIENCE_S
from peers.message import Fields, Response
from peers.tcp import TcpClient, TcpUpstream, echo
from peers.weir import eventually


class ChainCase(PlaneTest):
    def envoy(self, listeners, clusters, **options):
        envoy = Envoy(listeners, clusters, **options)
        self.addCleanup(envoy.stop)
        return envoy


class EmptyValueTest(ChainCase):
    def test_a_header_set_to_nothing_does_not_keep_its_value(self):
        """The ABI cannot say "empty": what a plugin blanks, a credential say, goes."""
        pairs = Fields([("x-secret", "one"), ("x-secret", "two"), ("x-kept", "3")])

        async def answer(_):
            return Response(200, pairs, [b"answer"], pairs)

        upstream = self.upstream(Http1Upstream, respond=answer)
        config = plugin_config("blanks", self.module("blanks"))
        envoy = self.envoy(
            [listener("main", weir_filter(config))],
            [cluster("upstream", upstream)],
            log_level="debug",
        )
        response = self.client(envoy.port).request(
            "/", method="POST", headers=pairs, body=[b"request"], trailers=pairs
        )
        self.assertEqual(response.status, 200)
        request = upstream.requests[0]
        for fields in (request.headers, request.trailers, response.headers, response.trailers):
            self.assertEqual(fields.all("x-kept"), ["3"])
            self.assertNotIn("x-secret", fields)
            self.assertNotIn("x-added", fields)
        for name in ("x-secret", "x-added"):
            self.assertEqual(len(envoy.lines(rf"\[debug\] header '{name}' is left out")), 4)
        self.assertEqual(envoy.lines(r"\[error\]"), [])


class UpstreamFilterTest(ChainCase):
    """A filter of Weir among the HTTP filters of a cluster, which a plugin calls."""

    def serve(self, scenario, vm_id):
        async def answer(request):
            return Response(200, Fields([("x-auth", "yes")]), b"body " + bytes(request.body))

        self.auth = self.upstream(Http1Upstream, respond=answer)
        self.origin = self.upstream(Http1Upstream)
        outer = plugin_config("outer", guest("http_all"))
        inner = plugin_config("inner", guest("http_all"), f"scenario={scenario}", vm_id=vm_id)
        called = with_upstream_filters(cluster("auth", self.auth), weir_filter(inner))
        envoy = self.envoy(
            [listener("main", weir_filter(outer))], [cluster("upstream", self.origin), called]
        )
        return self.client(envoy.port)

    def check_edits(self, vm_id):
        client = self.serve("/headers", vm_id)
        # The first call opens a connection, the next ones find it.
        for count in (1, 2, 3):
            self.assertEqual(client.request("/http-call", headers={"x-cluster": "auth"}).status, 200)
            self.assertEqual(self.origin.requests[-1].headers.get("x-auth"), "yes")
            self.assertEqual(len(self.auth.requests), count)
            self.assertEqual(self.auth.requests[-1].headers.get("x-set"), "guest")

    def test_its_plugin_sees_the_calls_of_another(self):
        self.check_edits(vm_id="inner")

    def test_its_plugin_sees_the_calls_of_one_in_the_same_instance(self):
        self.check_edits(vm_id="")

    def test_its_plugin_sees_bodies(self):
        client = self.serve("/body/append", "")
        for count in (1, 2, 3):
            response = client.request("/http-call/body", headers={"x-cluster": "auth"}, method="POST", body=b"mine ")
            self.assertEqual(response.status, 200)
            self.assertEqual(self.auth.requests[-1].body, b"mine [end]")
            self.assertEqual(self.origin.requests[-1].body, b"body mine [end][end]")
            self.assertEqual(len(self.auth.requests), count)

    def test_its_plugin_answers_in_place_of_the_cluster(self):
        client = self.serve("/local-response", "")
        for _ in range(3):
            client.request("/http-call", headers={"x-cluster": "auth"})
            headers = self.origin.requests[-1].headers
            self.assertEqual(headers.get("x-call-status"), "403")
            self.assertEqual(headers.get("x-call-body"), "denied by guest")
        self.assertEqual(self.auth.requests, [])

    def test_many_calls_at_once_are_all_seen(self):
        client = self.serve("/headers", "")
        self.assertEqual(client.request("/http-call/parallel", headers={"x-cluster": "auth"}).status, 200)
        self.assertEqual(self.origin.requests[-1].headers.get("x-auth"), "yes,yes,yes")
        self.assertEqual([one.headers.get("x-set") for one in self.auth.requests], ["guest"] * 3)

    def test_a_call_whose_stream_is_answered_meanwhile_leaves_nothing_behind(self):
        client = self.serve("/headers", "")
        for _ in range(3):
            self.assertEqual(client.request("/http-call/forget", headers={"x-cluster": "auth"}).status, 200)
        self.assertEqual(client.request("/http-call", headers={"x-cluster": "auth"}).status, 200)


class InternalListenerTest(ChainCase):
    def test_a_network_plugin_sees_the_calls_of_one_in_the_same_instance(self):
        """The call is a connection of the same worker, which begins while the plugin makes it."""
        auth = self.upstream(Http1Upstream)
        inner = network_filter(plugin_config("inner", guest("tcp_all"), "events"))
        outer = network_filter(plugin_config("outer", guest("tcp_all"), "auth"))
        listeners = [
            tcp_listener("main", outer),
            internal_listener(tcp_listener("inner", inner, cluster="auth-host")),
        ]
        clusters = [
            cluster("upstream", self.upstream(TcpUpstream, serve=echo)),
            cluster("auth-host", auth),
            to_internal_listener("auth", "inner"),
        ]
        envoy = self.envoy(listeners, clusters, extensions=[INTERNAL_LISTENERS])
        for count in (1, 2):
            client = TcpClient(envoy.port)
            self.addCleanup(client.close)
            client.send(b"let me in")
            self.assertEqual(client.receive(9), b"let me in")
            self.assertEqual(len(auth.requests), count)
        self.assertEqual(len(envoy.lines(r"event: downstream data")), 2)
        self.assertEqual(envoy.lines(r"\[error\]"), [])


class TooLargeTest(ChainCase):
    def test_what_a_plugin_makes_of_a_body_may_be_refused_and_others_hear_of_it(self):
        """Envoy answers 413 by all filters; the other plugin sees that answer, and the logger logs it."""

        async def longer(request):
            return Response(200, Fields(), bytes(request.body) + b"b" * 50_000)

        auth = self.upstream(Http1Upstream, respond=longer)
        origin = self.upstream(Http1Upstream)
        main = listener(
            "main",
            weir_filter(plugin_config("other", guest("root_all"))),
            weir_filter(plugin_config("grows", guest("http_all"))),
            access_log=[plugin_log(plugin_config("logger", guest("root_all"), "set=any"))],
        )
        main["per_connection_buffer_limit_bytes"] = 65536
        envoy = self.envoy([main], [cluster("upstream", origin), cluster("auth", auth)])
        client = self.client(envoy.port)
        response = client.request("/http-call/body", headers={"x-cluster": "auth"}, method="POST", body=b"a" * 60_000)
        self.assertEqual(response.status, 413)
        self.assertIn("x-logged", response.headers)
        self.assertEqual(origin.requests, [])
        line = envoy.wait_for_line("logged 1: ")
        self.assertIn(" code=413 details=request_payload_too_large ", line)


class AnsweredTest(ChainCase):
    """A plugin answers while the request's body still comes, and another holds the answer."""

    def test_the_rest_of_the_request_is_not_shown(self):
        answered = threading.Event()
        sent = threading.Event()
        more = threading.Event()

        async def held(_):
            answered.set()
            while not more.is_set():
                await asyncio.sleep(0.01)
            return Response(200)

        async def body():
            yield b"first"
            while not answered.is_set():
                await asyncio.sleep(0.01)
            for _ in range(3):
                yield b"another"
                await asyncio.sleep(0.05)
            sent.set()
            while not more.is_set():
                await asyncio.sleep(0.01)

        module = self.module("answers_at_call")
        main = listener(
            "main",
            weir_filter(plugin_config("holds", guest("http_all"), "scenario=/http-call/response")),
            weir_filter(plugin_config("answers", module)),
        )
        clusters = {
            "upstream": self.upstream(),
            "auth": self.upstream(),
            "slow": self.upstream(respond=held),
        }
        envoy = self.envoy([main], [cluster(*one) for one in clusters.items()])
        client = self.client(envoy.port, Http2Client)
        self.addCleanup(more.set)
        response = client.start("/", method="POST", headers={"x-cluster": "slow", "x-timeout-ms": "30000"}, body=body())
        self.assertTrue(sent.wait(PATIENCE_S))
        more.set()
        self.assertEqual(response.result(PATIENCE_S).status, 418)
        self.assertLessEqual(len(envoy.lines("answers.*a piece")), 1)


class StatusTest(ChainCase):
    """Statuses that are none: Envoy's own filter sends what a plugin says."""

    def serve(self, kind):
        self.origin = self.upstream(Http1Upstream)
        main = listener("main", kind(plugin_config("answers", self.module("answers_status"))))
        self.envoy_ = self.envoy([main], [cluster("upstream", self.origin)])
        return self.client(self.envoy_.port)

    def test_one_that_is_none_is_refused_and_the_request_goes_on(self):
        client = self.serve(weir_filter)
        for number, status in enumerate((0, 100, 199, 600, 4294967295), start=1):
            self.assertEqual(client.request(f"/{status}").status, 200)
            self.assertEqual(len(self.origin.requests), number)
            self.assertTrue(self.envoy_.lines(f"answers.*: {status} is no final HTTP status"))
        self.assertEqual(len(self.envoy_.lines("told 2")), 5)
        self.assertEqual(client.request("/599").status, 599)

    def test_envoys_own_filter_sends_it(self):
        self.assertEqual(self.serve(wasm_filter).request("/600").status, 600)
        self.assertEqual(self.origin.requests, [])


class LogTest(ChainCase):
    """Envoy can be told to log streams that are not over: plugins hear of the end, as in its Wasm filter."""

    def test_of_requests(self):
        async def slow(_):
            await asyncio.sleep(0.3)
            return Response(200)

        options = {"flush_access_log_on_new_request": True, "access_log_flush_interval": "0.05s"}
        log = plugin_log(plugin_config("logger", guest("root_all")))
        main = listener("main", access_log=[log], access_log_options=options)
        envoy = self.envoy([main], [cluster("upstream", self.upstream(Http1Upstream, respond=slow))])
        self.assertEqual(self.client(envoy.port).request("/").status, 200)
        self.assertIn(" code=200 details=via_upstream ", envoy.wait_for_line("logged "))
        self.assertEqual(len(envoy.lines("logged ")), 1)

    def test_of_connections(self):
        options = {"flush_access_log_on_connected": True, "access_log_flush_interval": "0.05s"}
        log = plugin_log(plugin_config("logger", guest("root_all")))
        main = tcp_listener("main", access_log=[log], access_log_options=options)
        upstream = self.upstream(TcpUpstream, serve=echo)
        envoy = self.envoy([main], [cluster("upstream", upstream)])
        client = TcpClient(envoy.port)
        self.addCleanup(client.close)
        client.send(b"four")
        self.assertEqual(client.receive(4), b"four")
        time.sleep(0.2)  # Several intervals.
        client.close()
        self.assertIn(" received=4 sent=4 ", envoy.wait_for_line("logged "))
        self.assertEqual(len(envoy.lines("logged ")), 1)


class MetadataTest(ChainCase):
    def test_its_kinds_are_told_and_seldom_asked_for_in_vain(self):
        """Envoy has no function for the kind of a value, and logs an error for each wrong guess."""
        value = {
            "text": "word",
            "number": 7,
            "truth": True,
            "texts": ["a", "bc"],
            "mixed": ["a", 1, 2, False],
            "none": [],
            "deep": ["a", ["b"]],
        }
        metadata = set_metadata({"metadata_namespace": "test", "value": value})
        upstream = self.upstream(Http1Upstream)
        module = self.module("property")
        listeners = []
        for key in value:
            config = plugin_config(key, module, f"metadata.filter_metadata.test.{key}", vm_id=key)
            for kind in (weir_filter, wasm_filter):
                listeners.append(listener(f"{key} {kind.__name__}", metadata, kind(config)))
        envoy = self.envoy(listeners, [cluster("upstream", upstream)])
        values = {}
        for port, one in zip(envoy.ports, listeners):
            client = self.client(port)
            for _ in range(5):
                values[one["name"]] = client.request("/").headers.get("x-value")
        for key in value:
            with self.subTest(key):
                expected = "absent" if key == "deep" else values[f"{key} wasm_filter"]
                self.assertEqual(values[f"{key} weir_filter"], expected)
        self.assertEqual((values["text weir_filter"], values["truth weir_filter"]), ("word", "1"))
        self.assertEqual(len(envoy.lines("key number is not a")), 1)
        self.assertEqual(len(envoy.lines("key truth is not a")), 2)
        for key in ("text", "texts", "mixed", "none", "deep"):
            self.assertEqual(len(envoy.lines(rf"\[error\].*key {key} is not a")), 0)
        self.assertEqual(len(envoy.lines("in key texts is not a")), 0)


class MetricNamesTest(ChainCase):
    """Names in Prometheus' format, where Envoy has a prefix of its own for metrics of modules."""

    GUARD = "envoy.reloadable_features.dynamic_modules_strip_custom_stat_prefix"

    def names(self, **options):
        main = listener("main", weir_filter(plugin_config("root", guest("root_all"))))
        envoy = self.envoy([main], [cluster("upstream", self.upstream(Http1Upstream))], **options)
        self.assertGreater(envoy.stat("wasmcustom.root_all.configured"), 0)
        lines = envoy.page("/stats/prometheus")[1].splitlines()
        return {line.split("{")[0] for line in lines if "root_all_configured{" in line}

    def test_they_have_envoys_prefix(self):
        self.assertEqual(self.names(), {"envoy_wasmcustom_root_all_configured"})

    def test_a_runtime_guard_takes_it_away(self):
        self.assertEqual(self.names(runtime={self.GUARD: True}), {"root_all_configured"})


class MetricPlacesTest(ChainCase):
    """Where metrics are stats of their own, none is counted among the late ones."""

    def stats(self, envoy, name):
        return {key for key, value in envoy.stats().items() if key.endswith(name) and value}

    def test_those_of_a_routes_plugin_are_their_own(self):
        routed = route_config(plugin_config("routed", guest("root_all"), vm_id="routed"))
        route = {"match": {"prefix": "/routed"}, "route": {"cluster": "upstream"}}
        route["typed_per_filter_config"] = {"main": routed}
        filters = [weir_filter(plugin_config(name, guest("http_all"))) for name in ("main", "other")]
        main = listener("main", *filters, routes=[route])
        envoy = self.envoy([main], [cluster("upstream", self.upstream())])
        self.assertEqual(self.client(envoy.port).request("/routed").status, 200)
        self.assertEqual(self.stats(envoy, "root_all.configured"), {"wasmcustom.root_all.configured"})

    def test_those_of_failures_are_their_own(self):
        main = listener("main", weir_filter(plugin_config("divide", self.module("divide"))))
        envoy = self.envoy([main], [cluster("upstream", self.upstream())])
        client = self.client(envoy.port)
        for _ in range(2):
            self.assertEqual(client.request("/").status, 503)
        for name in ("failed.arithmetic", "vm_reload"):
            counted = f"wasm.divide.{name}"
            self.assertEqual(self.stats(envoy, counted), {f"wasmcustom.{counted}"})

    def test_those_of_ticks_are_so_in_streams_of_other_plugins(self):
        upstream = self.upstream()
        config = plugin_config("root", self.module("root_call"))
        listeners = [
            listener("main", weir_filter(config)),
            listener("other", weir_filter(plugin_config("other", guest("http_all")))),
        ]
        envoy = self.envoy(listeners, [cluster("upstream", upstream), cluster("auth", upstream)])
        starts, carries = map(self.client, envoy.ports)
        self.assertEqual(starts.request("/").status, 200)

        def ticks():
            carries.request("/")
            return envoy.stat("wasmcustom.root_call.made") > 3

        eventually(ticks, "ticks in other streams")
        self.assertEqual(self.stats(envoy, "root_call.made"), {"wasmcustom.root_call.made"})


class NamesTest(ChainCase):
    def test_filters_of_two_names_are_two_roots(self):
        """With log lines and properties of their own, as in Envoy's Wasm filter."""
        filters = [weir_filter(plugin_config(name, guest("root_all"), vm_id="one")) for name in "ab"]
        envoy = self.envoy([listener("main", *filters)], [cluster("upstream", self.upstream())])
        before = envoy.stat("wasmcustom.root_all.configured")
        self.assertEqual(self.client(envoy.port).request("/").status, 200)
        # Each in the instance of the worker.
        self.assertEqual(envoy.stat("wasmcustom.root_all.configured"), before + 2)


if __name__ == "__main__":
    unittest.main()
