"""The same plugins and the same traffic in one Envoy, by its own Wasm filter on its own V8 and by Weir:
what the client and the upstream get is the same, byte for byte. What is not is in docs/envoy.md."""

import unittest

from peers.case import PlaneTest, guest
from peers.envoy import Envoy, cluster, listener, plugin_config, wasm_filter, weir_filter
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.message import Broken, Fields, Response

# Plugin, path, and what is odd about the request.
POST = {"method": "POST", "body": b"a body"}
PIECES = {"method": "POST", "body": [b"one", b"two", b"three"]}
TRAILERS = {
    "method": "POST",
    "body": [b"a"],
    "headers": {"te": "trailers"},
    "trailers": {"x-set": "peer", "x-remove": "peer", "x-keep": "peer"},
}
GRPC = {"method": "POST", "headers": {"content-type": "application/grpc"}, "body": b"x"}
CALL = {"method": "POST", "headers": {"x-cluster": "auth"}, "body": b"b"}
SCENARIOS = [
    *[("http_all", path, {}) for path in ("/other", "/headers")],
    ("http_all", "/headers/binary", {"headers": {"x-in": "a\xfe b"}}),
    ("http_all", "/headers", {"headers": {"x-multi": "1", "x-set": "1", "x-remove": "1"}}),
    ("http_all", "/headers/all", {"headers": {"x-gone": "1", "y-stays": "1"}}),
    *[
        ("http_all", f"/body/{path}", parts)
        for path in ("rewrite", "append", "prepend", "replace-all")
        for parts in (POST, PIECES, {})
    ],
    ("http_all", "/body/pause", POST),
    ("http_all", "/trailers", TRAILERS),
    ("http_all", "/other", TRAILERS),
    *[
        ("http_all", f"/local-response{path}", parts)
        for path in ("", "/body", "/response")
        for parts in (POST, {})
    ],
    ("http_all", "/local-response/grpc", GRPC),
    ("http_all", "/local-response/grpc", {}),
    ("http_all", "/local-response", GRPC),
    ("http_all", "/reset", {}),
    # Not /body and /response: they read request headers after these went on, which Envoy's filter
    # has forgotten by then; the guest panics, and every later request is answered with 503.
    *[("http_all", f"/http-call{path}", CALL) for path in ("", "/parallel", "/forget")],
    # Not /set-property: Envoy's filter does not find a property again whose path has two parts.
    *[("http_all", path, {}) for path in ("/shared-data", "/metrics", "/lifecycle")],
    *[("cpp_http", path, POST) for path in ("/headers", "/body", "/local-response")],
    *[("header_v1", path, {"headers": {"x-ask": "q"}}) for path in ("/any?q=1", "/deny")],
]
# What differs from one request to the next by itself.
_OWN = ("date", "x-request-id", "x-time")


async def auth_service(request):
    return Response(200, Fields([("x-auth", "granted")]), b"auth(%s)" % request.body)


async def upstream_service(request):
    """Answers with all that a response may have."""
    headers = Fields([("x-multi", "up"), ("x-set", "up"), ("x-remove", "up")])
    if request.headers.get("te") == "trailers":
        return Response(200, headers, [b"an", b"swer"], Fields([("x-set", "up"), ("x-late", "1")]))
    return Response(200, headers, b"answer")


def shown(message):
    """A message as text, without what is its own."""
    if isinstance(message, str):
        return message
    start = getattr(message, "status", None) or f"{message.method} {message.path}"
    fields = [(name, value) for name, value in message.headers if name not in _OWN]
    return "\n".join(
        [str(start), *(f"{n}: {v}" for n, v in fields), repr(message.body), repr(message.trailers)]
    )


class DifferentialCase:
    client_kind = Http1Client
    upstream_kind = Http1Upstream

    def exchange(self, port, path, parts):
        """All that went to client and upstream, as text."""
        self.upstream.requests.clear()
        self.auth.requests.clear()
        client = self.client_kind(port)
        try:
            answer = client.request(path, **parts)
        except Broken:
            answer = "broken off"
        finally:
            client.close()
        got = [("client", answer)]
        got += [("upstream", request) for request in self.upstream.requests]
        return "\n\n".join(f"{who}: {shown(message)}" for who, message in got)

    def test_all_scenarios(self):
        self.upstream = self.upstream(self.upstream_kind, respond=upstream_service)
        self.auth = self.case_upstream(auth_service)
        plugins = sorted({plugin for plugin, _, _ in SCENARIOS})
        configs = [plugin_config(name, guest(name)) for name in plugins]
        listeners = [listener(f"{c['name']}-weir", weir_filter(c)) for c in configs]
        listeners += [listener(f"{c['name']}-envoy", wasm_filter(c)) for c in configs]
        envoy = Envoy(listeners, [cluster("upstream", self.upstream), cluster("auth", self.auth)])
        self.addCleanup(envoy.stop)
        ports = dict(zip((one["name"] for one in listeners), envoy.ports))
        for plugin, path, parts in SCENARIOS:
            with self.subTest(plugin=plugin, path=path, parts=parts):
                theirs = self.exchange(ports[f"{plugin}-envoy"], path, parts)
                ours = self.exchange(ports[f"{plugin}-weir"], path, parts)
                self.assertMultiLineEqual(ours, theirs)

    def case_upstream(self, respond):
        return PlaneTest.upstream(self, self.upstream_kind, respond=respond)


class Http1Test(DifferentialCase, PlaneTest):
    pass


class Http2Test(DifferentialCase, PlaneTest):
    client_kind = Http2Client
    upstream_kind = Http2Upstream


if __name__ == "__main__":
    unittest.main()
