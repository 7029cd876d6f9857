"""The plugins in examples/ in a stock Envoy, by the envoy.yaml that lies beside each of them."""

import pathlib
import re
import socket
import types

import yaml

from peers.case import PlaneTest, guest
from peers.envoy import Envoy
from peers.grpc import GrpcServer
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.loop import PATIENCE_S
from peers.message import Fields, Response
from peers.weir import eventually

EXAMPLES = pathlib.Path(__file__).parents[2] / "examples"
WEB, SECOND = 8000, 8001  # the upstreams' ports in the files


class ExampleInEnvoyTest(PlaneTest):
    def envoy(self, name, web, second=None):
        text = (EXAMPLES / name / "envoy.yaml").read_text()
        text = text.replace("port_value: 8080", "port_value: 0")
        text = text.replace(f"port_value: {WEB}", f"port_value: {web.port}")
        if second is not None:
            text = text.replace(f"port_value: {SECOND}", f"port_value: {second.port}")
        text = re.sub(r"build/guests/([\w-]+)\.wasm", lambda m: str(guest(m[1])), text)
        config = yaml.safe_load(text)
        resources = config["static_resources"]
        envoy = Envoy(
            resources["listeners"],
            resources["clusters"],
            extensions=config.get("bootstrap_extensions", []),
        )
        self.addCleanup(envoy.stop)
        return envoy

    def serve(self, name, second=None):
        self.web = self.upstream()
        envoy = self.envoy(name, self.web, second)
        return envoy, self.client(envoy.port, Http2Client)

    def answer(self, *args, **kwargs):
        async def respond(_request):
            return Response(*args, **kwargs)

        self.web.respond = respond

    def test_every_example_has_a_file(self):
        told = {file.parent.name for file in EXAMPLES.glob("*/envoy.yaml")}
        self.assertEqual(told, {file.parent.name for file in EXAMPLES.glob("*/weir.yaml")})
        tests = {name[5:].replace("_", "-") for name in dir(self) if name.startswith("test_")}
        self.assertEqual(told - tests, set())

    def test_header_edit(self):
        _, client = self.serve("header-edit")
        self.assertEqual(client.request("/").headers.all("x-weir-plugin"), ["hello"])
        self.assertEqual(self.web.requests[0].headers.all("x-weir-plugin"), ["hello"])

    def test_body_rewrite(self):
        _, client = self.serve("body-rewrite")
        self.answer(200, Fields(), [b"one", b"two"])
        self.assertIn(client.request("/").body, (b"ONETWO", b"6 bytes\nonetwo"))

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
        _, client = self.serve("tenant-route", second=blue)
        client.request("/page", authority="blue.example")
        client.request("/page", authority="green.example")
        self.assertEqual([request.path for request in blue.requests], ["/tenants/blue/page"])
        self.assertEqual([request.path for request in self.web.requests], ["/tenants/green/page"])

    def test_request_metrics(self):
        envoy, client = self.serve("request-metrics")
        self.assertEqual(client.request("/").status, 200)
        eventually(
            lambda: any("GET" in name and value for name, value in envoy.stats().items()
                        if name.startswith("wasmcustom.")),
            "a counter of GET requests",
        )

    def test_grpc_calls(self):
        grpc = GrpcServer()
        self.addCleanup(grpc.close)
        _, client = self.serve("grpc-calls", second=grpc)
        self.assertEqual(client.request("/one").status, 200)
        self.assertEqual(self.web.requests[0].headers.get("x-grpc-answer"), "echo: /one")

    def test_body_trailer(self):
        _, client = self.serve("body-trailer")
        self.answer(200, Fields(), [b"ans", b"wer"])
        response = client.request("/", headers={"te": "trailers"})
        # Envoy's interface makes no trailers where there are none: docs/envoy.md.
        self.assertEqual(response.body, b"answer")
        self.assertEqual(response.headers.get("trailer"), "x-body-size, x-body-fnv")

    def test_access_log(self):
        collector = self.upstream()
        _, client = self.serve("access-log", second=collector)
        client.request("/one?a")

        def lines():
            return b"".join(request.body for request in collector.requests).splitlines()

        eventually(lambda: lines(), "a line")
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

    def test_tcp_guard(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        envoy = self.envoy("tcp-guard", types.SimpleNamespace(port=listening.getsockname()[1]))
        client = socket.create_connection(("127.0.0.1", envoy.port), timeout=PATIENCE_S)
        self.addCleanup(client.close)
        client.sendall(b"HEL")
        client.sendall(b"LO there")
        server, _ = listening.accept()
        self.addCleanup(server.close)
        server.settimeout(PATIENCE_S)
        got = b""
        while len(got) < 11:
            got += server.recv(100)
        self.assertEqual(got, b"HELLO there")
        refused = socket.create_connection(("127.0.0.1", envoy.port), timeout=PATIENCE_S)
        self.addCleanup(refused.close)
        refused.sendall(b"HELP")
        self.assertEqual(refused.recv(100), b"")
