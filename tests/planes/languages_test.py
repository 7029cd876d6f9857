"""Plugins in C++, Go, AssemblyScript, and of ABI 0.1.0, by every scenario of theirs
(tests/guests/README.md)."""

import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, ProtocolTest, guest, over_all_protocols
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.message import Fields, Response


async def auth_service(request):
    return Response(
        200,
        Fields([("x-auth", "granted")]),
        [b"pong(%s)" % request.body],
        Fields([("x-pong", request.trailers.get("x-ping", "none"))]),
    )


class LanguageCase(ProtocolTest):
    wasm = None

    @classmethod
    def arguments(cls):
        cls.auth = cls.upstream_kind(auth_service)
        cls.addClassCleanup(cls.auth.close)
        return [guest(cls.wasm), "--cluster", f"auth={cls.auth.url}"]

    def check_denied(self, path, language, body):
        response = self.request(path)
        self.assertEqual(response.status, 403)
        # Once more where the plugin edits responses: it sees its own as well.
        self.assertEqual(set(response.headers.all("x-guest")), {language})
        self.assertEqual(response.text, body)
        self.assertEqual(self.upstream.requests, [])


@over_all_protocols
class CppTest(LanguageCase):
    wasm = "cpp_http"

    def test_headers_are_set(self):
        response = self.request("/headers")
        for headers in (self.received.headers, response.headers):
            self.assertEqual(headers.get("x-guest"), "cpp")
            self.assertGreater(int(headers.get("x-pairs")), 0)

    def test_bodies_are_held_and_replaced(self):
        response = self.request("/body", method="POST", body=[b"one", b"two"])
        self.assertEqual(self.received.body, b"cpp(onetwo)")
        self.assertEqual(response.body, b"cpp(cpp(onetwo))")

    def test_a_request_may_end_with_its_headers(self):
        response = self.request("/end-stream", method="POST", body=b"dropped")
        self.assertEqual(response.status, 200)
        self.assertEqual(self.received.body, b"")
        self.assertIn(self.received.headers.get("content-length"), (None, "0"))

    def test_a_local_response(self):
        self.check_denied("/local-response", "cpp", "denied by cpp")

    def test_a_call_with_body_and_trailers(self):
        self.auth.requests.clear()
        response = self.request("/http-call", headers={"x-cluster": "auth"})
        self.assertEqual(response.status, 200)
        call = self.auth.requests[0]
        self.assertEqual((call.method, call.path, call.body), ("POST", "/call", b"ping"))
        self.assertEqual(call.trailers, [("x-ping", "1")])
        self.assertEqual(self.received.headers.get("x-call-status"), "200")
        self.assertEqual(self.received.headers.get("x-call-body"), "pong(ping)")
        self.assertEqual(self.received.headers.get("x-call-trailer"), "1")

    def test_a_call_that_is_refused(self):
        response = self.request("/http-call", headers={"x-cluster": "nobody"})
        self.assertEqual(response.status, 503)
        self.assertRegex(response.text, r"^refused \d+$")


@over_all_protocols
class GoTest(LanguageCase):
    wasm = "go_http"

    def test_headers_are_added(self):
        response = self.request("/headers")
        for headers in (self.received.headers, response.headers):
            self.assertEqual(headers.all("x-guest"), ["go"])
            self.assertGreater(int(headers.get("x-count")), 0)

    def test_a_body_is_replaced_by_its_size(self):
        response = self.request("/body", method="POST", body=[b"one", b"two!"])
        self.assertEqual(response.headers.get("x-request-size"), "7")
        self.assertEqual(response.body, b"7 bytes")

    def test_a_local_response(self):
        self.check_denied("/local-response", "go", "denied by go")

    def test_a_call(self):
        self.request("/http-call", headers={"x-cluster": "auth"})
        self.assertEqual(self.received.headers.get("x-auth"), "granted")
        self.assertEqual(self.received.headers.get("x-call-size"), str(len("pong()")))

    def test_a_call_that_is_refused(self):
        response = self.request("/http-call", headers={"x-cluster": "nobody"})
        self.assertEqual(response.status, 503)
        self.assertRegex(response.text, "^refused: ")

    def test_shared_data_counts(self):
        first = int(self.request("/shared-data").headers.get("x-counter"))
        second = int(self.request("/shared-data").headers.get("x-counter"))
        self.assertEqual(second, first + 1)

    def test_properties(self):
        headers = self.request("/properties").headers
        self.assertRegex(headers.get("x-source-address"), r"^127\.0\.0\.1:\d+$")

    def test_a_panic_costs_its_stream_alone(self):
        self.assertEqual(self.request("/panic").status, 503)
        self.assertEqual(self.request("/headers").headers.get("x-guest"), "go")
        self.assertTrue(self.weir.lines("plugin 'go_http': proxy_on_request_headers: "))


@over_all_protocols
class AbiV1Test(LanguageCase):
    wasm = "header_v1"

    def test_headers_are_edited(self):
        response = self.request("/any", headers={"x-ask": "what"})
        self.assertEqual(self.received.headers.get("x-query"), "what")
        for headers in (self.received.headers, response.headers):
            self.assertEqual(headers.all("x-guest"), ["v1"])

    def test_a_header_absent_is_empty(self):
        self.request("/any")
        self.assertEqual(self.received.headers.get("x-query"), "")

    def test_a_local_response(self):
        self.check_denied("/deny", "v1", "denied")


class AssemblyScriptTest(PlaneTest):
    """Its root id has to be configured, which a file alone does."""

    def setUp(self):
        self.upstream = self.upstream(Http1Upstream)
        as_http = plugin("as", guest("as_http"), root_id="as_http")
        config = bootstrap([listener("main", as_http)], [cluster("upstream", self.upstream)])
        self.weir = self.weir(bootstrap=config)
        self.client = self.client(self.weir.port, Http2Client)

    def test_headers_are_added(self):
        response = self.client.request("/any")
        self.assertEqual(self.upstream.requests[0].headers.all("x-guest"), ["as"])
        self.assertEqual(response.headers.all("x-guest"), ["as"])
        self.assertTrue(self.weir.lines("as: /any"))

    def test_a_local_response(self):
        response = self.client.request("/local-response")
        self.assertEqual((response.status, response.text), (403, "denied by as"))
        self.assertEqual(self.upstream.requests, [])


if __name__ == "__main__":
    unittest.main()
