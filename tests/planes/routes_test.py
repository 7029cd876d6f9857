"""Routes: which requests they are for, what they change, what they answer, when they try again."""

import unittest

from peers.bootstrap import bootstrap, cluster, listener
from peers.case import PlaneTest
from peers.http2 import Http2Upstream
from peers.message import Fields, Response


def route(match, action=None, **rest):
    return {"match": match, "route": action or {"cluster": "a"}, **rest}


class RoutesTest(PlaneTest):
    def start(self, *routes, clusters=(), **host):
        """`host` are further fields of the virtual host."""
        self.a = self.upstream()
        config = bootstrap(
            [listener("main", routes=list(routes), host=host)], [cluster("a", self.a), *clusters]
        )
        self.weir = self.weir(bootstrap=config)
        self.client = self.client(self.weir.port)

    def test_requests_are_told_apart_by_more_than_their_path(self):
        async def respond(request):
            return Response(200, Fields(), b"b")

        b = self.upstream(Http2Upstream, respond=respond)
        to_b = {"cluster": "b"}
        self.start(
            route({"prefix": "/", "headers": [{"name": "X-To", "string_match": {"exact": "b"}}]}, to_b),
            route({"safe_regex": {"regex": "/v[0-9]+/.*"}}, to_b),
            route({"path_separated_prefix": "/query", "query_parameters": [{"name": "b"}]}, to_b),
            route({"prefix": "/"}),
            clusters=[cluster("b", b)],
        )

        def answer(path, **parts):
            return self.client.request(path, method="POST", body=b"a", **parts).text

        self.assertEqual(answer("/"), "a")
        self.assertEqual(answer("/", headers=Fields([("x-to", "b")])), "b")
        self.assertEqual(answer("/v12/x"), "b")
        self.assertEqual(answer("/v/x"), "a")
        self.assertEqual(answer("/query/x?a=1&b"), "b")
        self.assertEqual(answer("/queryx?b"), "a")

    def test_weights_share_requests_out(self):
        b = self.upstream()
        weighted = {
            "clusters": [{"name": "a", "weight": 1}, {"name": "b", "weight": 1}, {"name": "a", "weight": 0}]
        }
        self.start(route({"prefix": "/"}, {"weighted_clusters": weighted}), clusters=[cluster("b", b)])
        for _ in range(100):
            self.client.request("/")
        # Either has none once in 2^99.
        self.assertGreater(len(self.a.requests), 0)
        self.assertGreater(len(b.requests), 0)
        self.assertEqual(len(self.a.requests) + len(b.requests), 100)

    def test_requests_and_responses_are_changed(self):
        self.start(
            route(
                {"prefix": "/api/"},
                {"cluster": "a", "prefix_rewrite": "/", "host_rewrite_literal": "inner"},
                request_headers_to_add=[{"header": {"key": "x-route", "value": "100%%"}}],
                response_headers_to_remove=["x-gone"],
            ),
            response_headers_to_add=[{"header": {"key": "x-host", "value": "h"}}],
        )

        async def respond(request):
            return Response(200, Fields([("x-gone", "1"), ("x-kept", "1")]), b"")

        self.a.respond = respond
        response = self.client.request("/api/x?q=1")
        request = self.a.requests[0]
        self.assertEqual(request.path, "/x?q=1")
        self.assertEqual(request.headers.get("host"), "inner")
        self.assertEqual(request.headers.get("x-envoy-original-path"), "/api/x?q=1")
        self.assertEqual(request.headers.get("x-route"), "100%")
        self.assertNotIn("x-gone", response.headers)
        self.assertEqual(response.headers.get("x-kept"), "1")
        self.assertEqual(response.headers.get("x-host"), "h")

    def test_a_route_answers_itself(self):
        self.start(
            {"match": {"path": "/ping"}, "direct_response": {"status": 200, "body": {"inline_string": "pong"}}},
            {"match": {"prefix": "/old"}, "redirect": {"prefix_rewrite": "/new", "https_redirect": True}},
        )
        self.assertEqual(self.client.request("/ping").text, "pong")
        moved = self.client.request("/old/x?q")
        self.assertEqual(moved.status, 301)
        self.assertEqual(moved.headers.get("location"), "https://weir.test/new/x?q")
        self.assertEqual(self.a.requests, [])

    def test_a_redirect_keeps_the_scheme_that_a_proxy_before_tells(self):
        self.start(
            {"match": {"path": "/host", "headers": [{"name": "host", "string_match": {"exact": "weir.test"}}]},
             "redirect": {"host_redirect": "www.test"}},
        )
        for proto, location in [("https", "https://www.test/host"), ("other", "http://www.test/host")]:
            moved = self.client.request("/host", headers=[("x-forwarded-proto", proto)])
            self.assertEqual((moved.status, moved.headers.get("location")), (301, location))

    def test_a_request_is_tried_again(self):
        policy = {"retry_on": "5xx", "num_retries": 2, "retry_back_off": {"base_interval": "0.001s"}}
        self.start(route({"prefix": "/"}, {"cluster": "a", "retry_policy": policy}))
        failures = []

        async def respond(request):
            if len(failures) < 2:
                failures.append(request.body)
                return Response(503, Fields(), b"not yet")
            return Response(200, Fields(), request.body)

        self.a.respond = respond
        response = self.client.request("/", method="POST", body=[b"one", b"two"])
        self.assertEqual((response.status, response.body), (200, b"onetwo"))
        self.assertEqual(failures, [b"onetwo", b"onetwo"])
        self.assertEqual(self.weir.stat("cluster.a.upstream_rq_retry"), 2)

    def test_the_last_failure_is_passed_on(self):
        policy = {"retry_on": "5xx", "retry_back_off": {"base_interval": "0.001s"}}
        self.start(route({"prefix": "/"}, {"cluster": "a", "retry_policy": policy}))

        async def respond(request):
            return Response(500, Fields(), b"broken")

        self.a.respond = respond
        response = self.client.request("/")
        self.assertEqual((response.status, response.text), (500, "broken"))
        self.assertEqual(len(self.a.requests), 2)
        self.assertEqual(self.weir.stat("cluster.a.upstream_rq_retry_limit_exceeded"), 1)


if __name__ == "__main__":
    unittest.main()
