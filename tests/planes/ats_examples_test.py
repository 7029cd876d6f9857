"""The plugins in examples/ in a stock Traffic Server, by the traffic-server.yaml that lies beside each of
them. Those that need what its API has not (trailers, connections) have none."""

import pathlib
import re

import yaml

from peers.ats import TrafficServer
from peers.case import PlaneTest, guest
from peers.grpc import GrpcServer
from peers.http1 import Http1Client, Http1Upstream
from peers.message import Fields, Response
from peers.weir import eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
SECOND = "127.0.0.1:8001"  # in the files
WITHOUT = {"body-trailer", "tcp-guard"}


class ExampleInTrafficServerTest(PlaneTest):
    def plugin(self, file, second):
        text = file.read_text()
        if second is not None:
            text = text.replace(SECOND, f"127.0.0.1:{second.port}")
        text = re.sub(r"filename: ([\w-]+)\.wasm", lambda m: f"filename: {guest(m[1])}", text)
        return yaml.safe_load(text)

    def serve(self, name, second=None, **options):
        self.web = self.upstream()
        files = sorted((EXAMPLES / name).glob("traffic-server*.yaml"))
        line = [self.plugin(file, second) for file in files]
        server = TrafficServer(self.web, [line], **options)
        self.addCleanup(server.stop)
        return server, self.client(server.port, Http1Client)

    def test_every_example_has_a_file(self):
        told = {file.parent.name for file in EXAMPLES.glob("*/traffic-server.yaml")}
        all_ = {file.parent.name for file in EXAMPLES.glob("*/weir.yaml")}
        self.assertEqual(told, all_ - WITHOUT)
        tests = {name[5:].replace("_", "-") for name in dir(self) if name.startswith("test_")}
        self.assertEqual(told - tests, set())

    def test_header_edit(self):
        _, client = self.serve("header-edit")
        self.assertEqual(client.request("/").headers.all("x-weir-plugin"), ["hello"])
        self.assertEqual(self.web.requests[0].headers.all("x-weir-plugin"), ["hello"])

    def test_body_rewrite(self):
        _, client = self.serve("body-rewrite")

        async def answer(_request):
            return Response(200, Fields(), [b"one", b"two"])

        self.web.respond = answer
        self.assertEqual(client.request("/").body, b"ONETWO")

    def test_auth_call(self):
        async def auth_service(request):
            allowed = request.headers.get("authorization") == "let me in"
            return Response(200 if allowed else 401, Fields([("x-auth-user", "ann")]), b"")

        auth = self.upstream(Http1Upstream, respond=auth_service)
        _, client = self.serve("auth-call", second=auth)
        self.assertEqual(client.request("/", headers={"authorization": "let me in"}).status, 200)
        self.assertEqual(self.web.requests[0].headers.all("x-auth-user"), ["ann"])
        self.assertEqual(client.request("/").status, 403)

    def test_rate_limit(self):
        _, client = self.serve("rate-limit")
        statuses = [client.request("/", headers={"x-api-key": "ann"}).status for _ in range(7)]
        # A minute may end in the midst of it.
        self.assertEqual(statuses[:3], [200] * 3)
        self.assertIn(429, statuses)

    def test_jwt_check(self):
        _, client = self.serve("jwt-check")
        response = client.request("/", headers={"authorization": "Bearer a.b"})
        self.assertEqual((response.status, response.text), (401, "not a token\n"))

    def test_cache_key(self):
        _, client = self.serve("cache-key")
        response = client.request("/a?y=2&x=1&gclid=7")
        self.assertEqual(response.headers.get("x-cache-key"), "weir.test/a?x=1&y=2")
        self.assertEqual(self.web.requests[0].path, "/a?x=1&y=2")

    def test_tenant_route(self):
        blue = self.upstream()
        _, client = self.serve(
            "tenant-route", rules=[("http://blue.example/tenants/blue/", [], blue)]
        )
        client.request("/page", authority="blue.example")
        client.request("/page", authority="green.example")
        self.assertEqual(len(blue.requests), 1)
        self.assertEqual([request.path for request in self.web.requests], ["/tenants/green/page"])

    def test_request_metrics(self):
        server, client = self.serve("request-metrics", manager=True)
        self.assertEqual(client.request("/").status, 200)
        name = "method.GET.class.2xx.requests"
        eventually(
            lambda: any(name in key and value for key, value in server.stats().items()), name
        )

    def test_grpc_calls(self):
        grpc = GrpcServer()
        self.addCleanup(grpc.close)
        _, client = self.serve("grpc-calls", second=grpc)
        self.assertEqual(client.request("/one").status, 200)
        self.assertEqual(self.web.requests[0].headers.get("x-grpc-answer"), "echo: /one")

    def test_access_log(self):
        collector = self.upstream()
        _, client = self.serve("access-log", second=collector)
        client.request("/one?a")

        def lines():
            return b"".join(request.body for request in collector.requests).splitlines()

        eventually(lines, "a line")
        self.assertEqual(lines(), [b"GET /one?a 200"])

    def test_tick_service(self):
        async def flags(_request):
            return Response(200, Fields(), b"red")

        second = self.upstream(Http1Upstream, respond=flags)
        _, client = self.serve("tick-service", second=second)

        def seen():
            client.request("/")
            return self.web.requests[-1].headers.get("x-flags")

        eventually(lambda: seen() == "red", "the first answer")
