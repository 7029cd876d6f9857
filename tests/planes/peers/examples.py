"""What the plugins in examples/ do in a foreign server, whichever it is."""

from peers.grpc import GrpcServer
from peers.http1 import Http1Upstream
from peers.message import Fields, Response
from peers.weir import eventually


async def auth_service(request):
    if request.headers.get("authorization") != "let me in":
        return Response(401, Fields(), b"")
    return Response(200, Fields([("x-auth-user", "ann")]), b"")


class ExampleCases:
    """For a PlaneTest whose `serve(name, second=None)` starts the server with an example's own file,
    in front of `self.web`, and returns it and a client."""

    def answer(self, *args, **kwargs):
        async def respond(_request):
            return Response(*args, **kwargs)

        self.web.respond = respond

    def test_header_edit(self):
        _, client = self.serve("header-edit")
        self.assertEqual(client.request("/").headers.all("x-weir-plugin"), ["hello"])
        self.assertEqual(self.web.requests[0].headers.all("x-weir-plugin"), ["hello"])

    def test_auth_call(self):
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
