"""The Rust SDK's plugins, by every scenario of http_all (tests/guests/README.md)."""

import asyncio
import unittest

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, ProtocolTest, guest, over_all_protocols
from peers.message import Broken, Fields, Response
from peers.weir import eventually


class Answering:
    """An upstream's handler that gives one answer to all."""

    def __init__(self, response):
        self._response = response

    async def __call__(self, request):
        return self._response


async def auth_service(request):
    """What plugins call: tells them who may pass, or takes its time, or fails."""
    if request.path == "/slow":
        await asyncio.sleep(5)
    status = 503 if request.path == "/fail" else 200
    return Response(status, Fields([("x-auth", "granted")]), b"auth(%s)" % request.body)


class Plugin:
    """The plugin under test, as arguments of `weir serve`. Other SDKs' have the same scenarios."""

    wasm = "http_all"

    @classmethod
    def plugin(cls):
        return [guest(cls.wasm)]


class HttpAllCase(Plugin, ProtocolTest):
    @classmethod
    def arguments(cls):
        cls.auth = cls.upstream_kind(auth_service)
        cls.addClassCleanup(cls.auth.close)
        return [*cls.plugin(), "--cluster", f"auth={cls.auth.url}", "--log-level", "trace"]

    def respond(self, *args, **kwargs):
        self.upstream.respond = Answering(Response(*args, **kwargs))


@over_all_protocols
class HeadersTest(HttpAllCase):
    def test_a_path_not_listed_passes_unchanged(self):
        self.respond(201, Fields([("x-back", "1"), ("x-back", "2")]), b"made")
        response = self.request("/other?q=1", method="PUT", headers={"x-a": "b"}, body=b"body")
        self.assertEqual(response.status, 201)
        self.assertEqual(response.headers.all("x-back"), ["1", "2"])
        self.assertEqual(response.text, "made")
        self.assertEqual(self.received.method, "PUT")
        self.assertEqual(self.received.path, "/other?q=1")
        self.assertEqual(self.received.authority, "weir.test")
        self.assertEqual(self.received.headers.get("x-a"), "b")
        self.assertEqual(self.received.headers.get("content-length"), "4")
        self.assertEqual(self.received.body, b"body")

    added_to_responses = 1  # before plugins: x-envoy-upstream-service-time

    def test_headers_are_added_set_and_removed(self):
        self.respond(200, Fields([("x-multi", "up"), ("x-set", "up"), ("x-remove", "up")]), b"1")
        headers = {"x-multi": "client", "x-set": "client", "x-remove": "client"}
        response = self.request("/headers", headers=headers)
        for got, before in [(self.received.headers, "client"), (response.headers, "up")]:
            self.assertEqual(sorted(got.all("x-multi")), sorted([before, "guest"]))
            self.assertEqual(got.all("x-set"), ["guest"])
            self.assertNotIn("x-remove", got)
            self.assertRegex(got.get("x-count"), r"^\d+$")
        # :status, the three, content-length, and what the proxy has added.
        self.assertEqual(response.headers.get("x-count"), str(5 + self.added_to_responses))

    def test_the_whole_map_is_replaced(self):
        self.respond(200, Fields([("x-gone", "1"), ("y-stays", "1")]), b"body")
        response = self.request("/headers/all", headers={"x-gone": "1", "y-stays": "1"})
        for got in (self.received.headers, response.headers):
            self.assertNotIn("x-gone", got)
            self.assertEqual(got.get("y-stays"), "1")
            self.assertEqual(got.all("x-all"), ["1", "2"])
        self.assertEqual(response.text, "body")

    def test_values_are_bytes(self):
        response = self.request("/headers/binary", headers={"x-in": "a\xfe b"})
        self.assertEqual(self.received.headers.get("x-out"), "a\xfe b")
        self.assertEqual(response.headers.get("x-binary"), "a\xffb")


@over_all_protocols
class BodyTest(HttpAllCase):
    PIECES = [b"one", b"two"]

    def test_bodies_are_held_and_rewritten(self):
        self.respond(200, Fields(), [b"an", b"swer"])
        response = self.request("/body/rewrite", method="POST", body=self.PIECES)
        self.assertEqual(self.received.body, b"request(onetwo)")
        self.assertEqual(response.body, b"response(answer)")

    def test_a_length_told_before_fits_the_rewritten_body(self):
        self.respond(200, Fields(), b"answer")
        response = self.request("/body/rewrite", method="POST", body=b"onetwo")
        self.assertEqual(self.received.body, b"request(onetwo)")
        self.assertEqual(response.body, b"response(answer)")
        for headers, body in [
            (self.received.headers, self.received.body),
            (response.headers, response.body),
        ]:
            self.assertIn(headers.get("content-length"), (None, str(len(body))))

    def test_bytes_are_appended(self):
        self.respond(200, Fields(), [b"an", b"swer"])
        response = self.request("/body/append", method="POST", body=self.PIECES)
        self.assertEqual(self.received.body, b"onetwo[end]")
        self.assertEqual(response.body, b"answer[end]")

    def test_bytes_are_prepended(self):
        self.respond(200, Fields(), b"answer")
        response = self.request("/body/prepend", method="POST", body=b"onetwo")
        self.assertEqual(self.received.body, b"[begin]onetwo")
        self.assertEqual(response.body, b"[begin]answer")

    def test_chunks_of_a_response_are_replaced(self):
        self.respond(200, Fields(), [b"an", b"swer"])
        self.assertRegex(self.request("/body/replace-all").text, r"^\*+$")

    def test_a_request_is_held_until_it_is_whole(self):
        gate = loop.Gate()

        async def body():
            yield b"one"
            await gate.passed()
            yield b"two"

        answer = self.client.start("/body/pause", method="POST", body=body())
        eventually(lambda: gate.waiting, "the first piece to be sent")
        self.assertEqual(self.upstream.requests, [])
        gate.open()
        response = answer.result(loop.PATIENCE_S)
        self.assertEqual(self.received.body, b"onetwo")
        sizes = [int(size) for size in response.headers.get("x-body-sizes").split(",")]
        self.assertEqual(sizes, sorted(sizes))
        self.assertEqual(sizes[-1], 6)

    def test_a_response_passes_piece_by_piece(self):
        gate = loop.Gate()

        async def body():
            yield b"first"
            await gate.passed()
            yield b"last"

        self.respond(200, Fields(), body())
        answer = self.client.start("/body/append")
        eventually(lambda: gate.waiting, "the first piece to be sent")
        self.assertFalse(answer.done())
        gate.open()
        self.assertEqual(answer.result(loop.PATIENCE_S).body, b"firstlast[end]")


@over_all_protocols
class TrailersTest(HttpAllCase):
    def exchange(self, path, trailers):
        self.respond(200, Fields(), [b"answer"], Fields(trailers.items()))
        headers = {"te": "trailers"}
        return self.request(path, method="POST", headers=headers, body=[b"a"], trailers=trailers)

    def test_trailers_are_edited_both_ways(self):
        response = self.exchange("/trailers", {"x-set": "peer", "x-remove": "peer", "x-keep": "p"})
        for message in (self.received, response):
            expected = [("x-added", "guest"), ("x-keep", "p"), ("x-set", "guest")]
            self.assertEqual(sorted(message.trailers), expected)
        self.assertEqual(self.received.body, b"a")
        self.assertEqual(response.body, b"answer")

    def test_trailers_are_no_headers(self):
        response = self.exchange("/other", {"x-late": "1"})
        for message in (self.received, response):
            self.assertNotIn("x-late", message.headers)
            self.assertEqual(message.trailers, [("x-late", "1")])

    def test_trailers_are_made_where_there_are_none(self):
        self.respond(200, Fields(), [b"answer"])
        headers = {"te": "trailers"}
        response = self.request("/trailers/create", method="POST", headers=headers, body=[b"a"])
        for message in (self.received, response):
            self.assertEqual(message.trailers, [("x-created", "guest")])
        self.assertTrue(self.weir.lines(r"create trailer: Ok\(\(\)\)"))


@over_all_protocols
class LocalResponseTest(HttpAllCase):
    def test_from_request_headers(self):
        response = self.request("/local-response")
        self.assertEqual(response.status, 403)
        self.assertEqual(response.headers.get("x-details"), "request")
        self.assertEqual(response.text, "denied by guest")
        self.assertEqual(self.upstream.requests, [])

    def test_from_the_request_body(self):
        response = self.request("/local-response/body", method="POST", body=b"too much")
        self.assertEqual(response.status, 413)
        self.assertEqual(response.headers.get("x-details"), "body")

    def test_in_place_of_a_response(self):
        self.respond(200, Fields([("x-up", "1")]), b"from upstream")
        response = self.request("/local-response/response")
        self.assertEqual(response.status, 502)
        self.assertEqual(response.headers.get("x-details"), "response")
        self.assertNotIn("from upstream", response.text)

    def test_as_a_grpc_status(self):
        headers = {"content-type": "application/grpc", "te": "trailers"}
        response = self.request("/local-response/grpc", method="POST", headers=headers, body=b"x")
        self.assertEqual(response.status, 200)
        status = response.headers + response.trailers
        self.assertIn(("grpc-status", "7"), status)
        self.assertIn(("grpc-message", "denied"), status)
        self.assertIn(("x-details", "grpc"), status)

    def test_a_reset_ends_the_stream_without_an_answer(self):
        with self.assertRaises(Broken):
            self.request("/reset")
        self.assertEqual(self.request("/other").status, 200)


@over_all_protocols
class CallTest(HttpAllCase):
    def call(self, path, cluster="auth", **headers):
        named = {f"x-{name.replace('_', '-')}": value for name, value in headers.items()}
        return self.request(path, method="POST", headers={"x-cluster": cluster, **named}, body=b"b")

    def test_a_request_waits_for_the_answer(self):
        response = self.call("/http-call")
        self.assertEqual(response.status, 200)
        self.assertEqual(self.received.headers.get("x-auth"), "granted")
        self.assertEqual(self.received.headers.get("x-call-status"), "200")
        self.assertEqual(self.received.headers.get("x-call-body"), "auth()")
        self.assertEqual(self.received.body, b"b")

    def test_an_answer_that_is_an_error_is_an_answer(self):
        self.call("/http-call", call_path="/fail")
        self.assertEqual(self.received.headers.get("x-call-status"), "503")

    def test_a_call_times_out(self):
        response = self.call("/http-call", call_path="/slow", timeout_ms="50")
        self.assertEqual((response.status, response.text), (504, "call failed"))
        self.assertEqual(self.upstream.requests, [])

    def test_a_call_to_an_unknown_cluster_is_refused(self):
        response = self.call("/http-call", cluster="nobody")
        self.assertEqual(response.status, 503)
        self.assertRegex(response.text, "^call refused: ")
        self.assertTrue(self.weir.lines("the call to 'nobody' is refused: there is no such upstream"))

    def test_a_body_goes_to_the_call_and_comes_from_its_answer(self):
        self.call("/http-call/body")
        self.assertEqual(self.received.body, b"auth(b)")

    def test_a_response_waits_for_the_answer(self):
        response = self.call("/http-call/response")
        self.assertEqual(response.headers.get("x-auth"), "granted")
        self.assertEqual(response.body, b"b")

    def test_three_calls_at_once(self):
        self.call("/http-call/parallel")
        self.assertEqual(self.received.headers.get("x-auth"), "granted,granted,granted")

    def test_a_call_may_outlive_its_stream(self):
        self.assertEqual(self.call("/http-call/forget").status, 200)
        self.assertEqual(self.call("/http-call/forget", call_path="/slow").status, 200)
        self.assertEqual(self.request("/other").status, 200)


@over_all_protocols
class SharedTest(HttpAllCase):
    def test_shared_data_counts(self):
        counts = [int(self.request("/shared-data").headers.get("x-counter")) for _ in range(3)]
        self.assertEqual(counts, [counts[0], counts[0] + 1, counts[0] + 2])

    def test_metrics_are_in_the_stats(self):
        first = int(self.request("/metrics").headers.get("x-counter"))
        response = self.request("/metrics?longer")
        self.assertEqual(int(response.headers.get("x-counter")), first + 1)
        stats = self.weir.stats()
        self.assertEqual(stats["wasmcustom.http_all.requests"], first + 1)
        last = int(response.headers.get("x-gauge"))
        self.assertEqual(stats["wasmcustom.http_all.last_path_size"], last)
        self.assertEqual(stats["wasmcustom.http_all.path_size"], first + 1)
        prometheus = self.weir.page("/stats?format=prometheus")[1]
        self.assertIn("# TYPE weir_wasmcustom_http_all_requests counter\n", prometheus)
        self.assertIn(f"\nweir_wasmcustom_http_all_requests {first + 1}\n", prometheus)
        self.assertIn("# TYPE weir_wasmcustom_http_all_last_path_size gauge\n", prometheus)
        self.assertIn("# TYPE weir_wasmcustom_http_all_path_size histogram\n", prometheus)
        self.assertIn(f"\nweir_wasmcustom_http_all_path_size_count {first + 1}\n", prometheus)

    def test_a_queue_wakes_the_plugin(self):
        self.assertEqual(self.request("/queue?item=1").status, 200)
        self.weir.wait_for_line(r"queue: /queue\?item=1")
        last = self.request("/queue/last").headers.get("x-value")
        self.assertEqual(last, "/queue?item=1")


@over_all_protocols
class StreamStateTest(HttpAllCase):
    def test_properties_are_what_they_should_be(self):
        response = self.request("/properties?x=1", headers={"user-agent": "peers/1"})
        headers = response.headers
        self.assertEqual(headers.get("x-request-path"), "/properties?x=1")
        self.assertEqual(headers.get("x-request-method"), "GET")
        self.assertRegex(headers.get("x-source-address"), r"^127\.0\.0\.1:\d+$")
        port = headers.get("x-source-address").rsplit(":", 1)[1]
        self.assertEqual(headers.get("x-source-port"), port)
        self.assertEqual(headers.get("x-plugin-name"), "http_all")
        # The SDK takes an empty value for none.
        self.assertEqual(headers.get("x-plugin-root-id"), "absent")
        self.assertEqual(headers.get("x-user-agent"), "peers/1")
        self.assertEqual(headers.get("x-response-code"), "200")

    def test_a_property_absent_is_absent(self):
        self.assertEqual(self.request("/properties").headers.get("x-user-agent"), "absent")

    def test_a_property_set_stays_with_the_stream(self):
        response = self.request("/set-property")
        self.assertEqual(response.headers.get("x-note"), "kept")
        self.assertEqual(response.headers.get("x-unset"), "absent")

    def test_foreign_functions(self):
        headers = self.request("/foreign").headers
        self.assertEqual(headers.get("x-compressed"), "smaller")
        self.assertEqual(headers.get("x-uncompressed"), "same")
        self.assertEqual(headers.get("x-corrupt"), "Some(SerializationFailure)")
        self.assertEqual(headers.get("x-unknown"), "Some(NotFound)")

    def test_logs_keep_their_levels(self):
        self.request("/log")
        for level in ("trace", "debug", "info", "error"):
            self.assertTrue(self.weir.lines(rf"\[{level}\].*http_all.*: log at {level}"), level)
        self.assertTrue(self.weir.lines(r"\[warning\].*: log at warn"))
        self.assertTrue(self.weir.lines(r"\[info\].*log to stdout"))
        self.assertTrue(self.weir.lines(r"\[error\].*log to stderr"))

    def test_a_stream_is_logged_at_its_end(self):
        self.respond(404, Fields(), b"")
        self.request("/lifecycle?a")
        self.weir.wait_for_line(r"logged: /lifecycle(\?a)? 404")
        last = self.request("/lifecycle/last").headers.get("x-value")
        self.assertRegex(last, r"^/lifecycle(\?a)? 404$")


@over_all_protocols
class WithoutWasiTest(HttpAllCase):
    """A guest that has neither WASI nor proxy_on_memory_allocate: `malloc` serves."""

    wasm = "http_all_malloc"

    def test_it_works_alike(self):
        response = self.request("/headers", headers={"x-set": "client"})
        self.assertEqual(response.headers.get("x-set"), "guest")
        response = self.request("/body/rewrite", method="POST", body=b"b")
        self.assertEqual(response.body, b"response(request(b))")
        self.assertEqual(self.request("/environment").headers.get("x-environment"), "absent")
        self.call_works()

    def call_works(self):
        self.upstream.requests.clear()
        self.request("/http-call", headers={"x-cluster": "auth"})
        self.assertEqual(self.received.headers.get("x-auth"), "granted")


class TickTest(Plugin, PlaneTest):
    def setUp(self):
        upstream = self.upstream()
        configuration = "tick_ms=20"
        weir = self.weir(*self.plugin(), "--upstream", upstream.url, "--config", configuration)
        self.client = self.client(weir.port)

    def ticks(self):
        return int(self.client.request("/tick").headers.get("x-value") or 0)

    def test_the_plugin_ticks(self):
        eventually(lambda: self.ticks() >= 3, "three ticks")

    def test_a_tick_lets_a_held_request_go_on(self):
        response = self.client.request("/pause-until-tick", method="POST", body=b"held")
        self.assertEqual(response.body, b"held")


class ConfigurationTest(Plugin, PlaneTest):
    def test_the_plugin_reads_its_configuration(self):
        upstream = self.upstream()
        configuration = "scenario=/headers"
        weir = self.weir(*self.plugin(), "--upstream", upstream.url, "--config", configuration)
        self.assertEqual(self.client(weir.port).request("/any").headers.get("x-set"), "guest")


class CallTargetsTest(PlaneTest):
    def test_calls_go_where_the_configuration_allows(self):
        upstream, auth = self.upstream(), self.upstream(respond=auth_service)
        caller = plugin("caller", guest("http_all"), limits={"call_targets": ["auth-*"]})
        clusters = [
            cluster("upstream", upstream),
            cluster("auth-1", auth),
            cluster("other", auth),
        ]
        weir = self.weir(bootstrap=bootstrap([listener("one", caller)], clusters), listeners=1)
        client = self.client(weir.port)
        self.assertEqual(client.request("/http-call", headers={"x-cluster": "auth-1"}).status, 200)
        refused = client.request("/http-call", headers={"x-cluster": "other"})
        self.assertEqual(refused.status, 503)
        self.assertRegex(refused.text, "^call refused: ")
        self.assertEqual(len(weir.lines("call_targets does not allow calls to 'other'")), 1)
        self.assertEqual(len(auth.requests), 1)


if __name__ == "__main__":
    unittest.main()
