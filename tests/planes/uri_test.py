"""How `weir serve` writes URIs anew before routes and plugins see them, where it is to."""

import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.http1 import Http1Upstream
from peers.http2 import Http2Client
from peers.message import Fields, Response

SETTINGS = {
    "none": {},
    "normal": {"normalize_path": True},
    "merge": {"merge_slashes": True},
    "both": {"normalize_path": True, "merge_slashes": True},
    "keep": {"normalize_path": True, "path_with_escaped_slashes_action": "KEEP_UNCHANGED"},
    "reject": {"path_with_escaped_slashes_action": "REJECT_REQUEST"},
    "redirect": {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_REDIRECT",
    },
    "unescape": {"path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD"},
    "all": {
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "UNESCAPE_AND_FORWARD",
    },
    "any port": {"strip_any_host_port": True},
    "its port": {"strip_matching_host_port": True},
    "dot": {"strip_trailing_host_dot": True},
    "dot and port": {"strip_trailing_host_dot": True, "strip_any_host_port": True},
}

_VISIBLE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in "#?")
_ESCAPED = "".join(f"%{c:02x}" for c in range(1, 0x100))

# By the settings' name: a path, and what the upstream gets, or what is answered.
PATHS = {
    "none": [("//a/../%2f\\", "//a/../%2f\\")],
    "normal": [
        ("/", "/"),
        ("/a/./b/../c", "/a/c"),
        ("/../../a", "/a"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/a/...", "/a/..."),
        ("/a/..b/.c", "/a/..b/.c"),
        ("//a//..//b", "//a//b"),
        ("//../a", "/a"),
        ("/a\\..\\b\\c", "/b/c"),
        ("/a/%2e%2e/b/%2E/.%2e/c", "/c"),
        ("/a/..;/b", "/b"),
        ("/a/..;x=1/.;/b/..;", "/"),
        ("/a/x..;/...;/;/b;c/../d", "/a/x..;/...;/;/d"),
        ("/a/%2e%2e;/b", "/b"),
        ("/a/..;\\b", "/b"),
        ("/a/..%3b/b", "/a/..%3b/b"),
        ("/%41%7a%2D%5f%7E%30", "/Az-_~0"),
        ("/a%2fb%2F%5c", "/a%2fb%2F%5c"),
        ("/%zz%4%", "/%zz%4%"),
        ("/%252e%252e/", "/%252e%252e/"),
        ("/a/%%32e%%32e/b", "/a/%252e%252e/b"),
        ("/%2%65/%%35%63/%%32f/%2%35", "/%252e/%255c/%252f/%2525"),
        ("/%%30%30/%%25/%4%%31/%%%32e", "/%2500/%%25/%4%1/%%252e"),
        ("/a?b=/../%2f%41\\//", "/a?b=/../%2f%41\\//"),
        ("/a/../b?/../c", "/b?/../c"),
        ("/a%00b", "400"),
        ("/a%0d%0a%1f%7f", "/a%0d%0a%1f%7f"),
        ("/?%00", "/?%00"),
    ],
    "merge": [
        ("///a//b///", "/a/b/"),
        ("/a/..//b", "/a/../b"),
        ("/a//b?c//d", "/a/b?c//d"),
        ("/a%2f%2fb", "/a%2f%2fb"),
        ("//", "/"),
    ],
    "both": [("//a//..//b", "/a/b"), ("//../a", "/a"), ("/a\\\\b", "/a/b")],
    "keep": [("/a/../%2f", "/%2f")],
    "reject": [
        ("/a%2fb", "400"),
        ("/a%2Fb", "400"),
        ("/a%5cb", "400"),
        ("/a%5Cb", "400"),
        ("/a?%2f", "/a?%2f"),
        ("/a%25%32%66", "/a%25%32%66"),
        ("/a/../b", "/a/../b"),
    ],
    "redirect": [
        ("/a%2fb", "307 to /a/b"),
        ("/a%2f..%5cb?c=%2f", "307 to /b?c=%2f"),
        ("/a%2f%2fb", "307 to /a/b"),
        ("/a//../b", "/a/b"),
        ("/a%2f%00", "400"),
    ],
    "unescape": [("/a%2f..%5Cb", "/a/..\\b"), ("/a?%2f", "/a?%2f")],
    "all": [("/a%2f..%5cb", "/b"), ("/a%2f%2fb%5c", "/a/b/"), ("/a/%252fb", "/a/%252fb")],
}

# The same of hosts; {port} is the listener's.
HOSTS = {
    "none": [("A.test.:80", "A.test.:80")],
    "any port": [
        ("a.test:80", "a.test"),
        ("a.test:{port}", "a.test"),
        ("a.test", "a.test"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("a.test.:80", "a.test."),
    ],
    "its port": [
        ("a.test:{port}", "a.test"),
        ("a.test:80", "a.test:80"),
        ("[::1]:{port}", "[::1]"),
        ("a.test", "a.test"),
    ],
    "dot": [("a.test.", "a.test"), ("a.test.:80", "a.test:80"), ("a.test", "a.test"), ("a..", "a.")],
    "dot and port": [("a.test.:80", "a.test"), ("a.test.", "a.test")],
}


def listeners(kind):
    return [kind(name, **settings) for name, settings in SETTINGS.items()]


async def answer(request):
    return Response(200, Fields([("x-seen", request.path), ("x-host", request.headers.get("host"))]))


def outcome(response):
    """What the upstream has got, or what is answered in its place."""
    if location := response.headers.get("location"):
        return f"{response.status} to {location}"
    return response.headers.get("x-seen") or str(response.status)


class Rewriting:
    """The tables against one proxy, whose ports are in the order of the settings."""

    def hold_paths(self, ports, different=None):
        """`different`: what it does otherwise, by settings and path."""
        for name, paths in PATHS.items():
            client = self.client(ports[list(SETTINGS).index(name)])
            for path, expected in paths:
                with self.subTest(settings=name, path=path):
                    expected = (different or {}).get((name, path), expected)
                    self.assertEqual(outcome(client.request(path)), expected)

    def hold_hosts(self, ports):
        for name, hosts in HOSTS.items():
            port = ports[list(SETTINGS).index(name)]
            client = self.client(port)
            for host, expected in hosts:
                host = host.format(port=port)
                with self.subTest(settings=name, host=host):
                    response = client.request("/", authority=host)
                    self.assertEqual(response.headers.get("x-host"), expected)

    def hold_characters(self, ports):
        client = self.client(ports[list(SETTINGS).index("normal")])
        self.assertEqual(
            outcome(client.request("/" + _VISIBLE)),
            "/!%22$%&'()*+,-./0123456789:;%3C=%3E@ABCDEFGHIJKLMNOPQRSTUVWXYZ[/]%5E_"
            "%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~",
        )
        unreserved = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~"
        kept = "".join(chr(c) if chr(c) in unreserved else f"%{c:02x}" for c in range(1, 0x100))
        self.assertEqual(outcome(client.request("/" + _ESCAPED)), "/" + kept)


class UriTest(Rewriting, PlaneTest):
    def serve(self, *listeners_):
        self.peer = self.upstream(Http1Upstream, respond=answer)
        return self.weir(
            bootstrap=bootstrap.bootstrap(list(listeners_), [bootstrap.cluster("upstream", self.peer)]),
            listeners=len(listeners_),
        )

    def test_paths(self):
        running = self.serve(*listeners(bootstrap.listener))
        self.hold_paths(running.ports)
        self.assertEqual(running.stat("http.reject.downstream_rq_failed_path_normalization"), 4)
        self.assertEqual(running.stat("http.redirect.downstream_rq_redirected_with_normalized_path"), 3)

    def test_hosts(self):
        self.hold_hosts(self.serve(*listeners(bootstrap.listener)).ports)

    def test_every_character(self):
        self.hold_characters(self.serve(*listeners(bootstrap.listener)).ports)

    def test_over_http2(self):
        running = self.serve(bootstrap.listener("all", **SETTINGS["all"], **SETTINGS["dot and port"]))
        client = self.client(running.port, Http2Client)
        response = client.request("/a%2f..%5cb", authority="a.test.:80")
        self.assertEqual((outcome(response), response.headers.get("x-host")), ("/b", "a.test"))
        self.assertEqual(client.request("/a%00").status, 400)

    def test_routes_and_plugins_see_the_result(self):
        routes = [
            {"match": {"path": "/private"}, "direct_response": {"status": 403}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ]
        plugin = bootstrap.plugin("tag", guest("http_all"))
        running = self.serve(bootstrap.listener("all", plugin, routes=routes, **SETTINGS["all"]))
        client = self.client(running.port)
        self.assertEqual(client.request("/a/..//private").status, 403)
        self.assertEqual(client.request("/public%2f..%2fprivate").status, 403)
        # By this path the plugin answers itself.
        self.assertEqual(client.request("/x/..%2flocal-response").status // 100, 4)

    def test_what_is_refused_is_seen_by_access_logs_alone(self):
        plugin = bootstrap.plugin("tag", guest("http_all"))
        log = {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog",
            "log_format": {
                "text_format_source": {
                    "inline_string": "path=%REQ(:path)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%\n"
                }
            },
        }
        running = self.serve(
            bootstrap.listener(
                "reject",
                plugin,
                access_log=[{"name": "stderr", "typed_config": log}],
                **SETTINGS["reject"],
            )
        )
        response = self.client(running.port).request("/local-response%2f")
        self.assertEqual((response.status, response.text), (400, ""))
        line = running.wait_for_line("^path=")
        self.assertEqual(line, "path=/local-response%2f 400 path_normalization_failed")
        self.assertEqual(self.peer.requests, [])

    def test_grpc_is_not_redirected(self):
        running = self.serve(bootstrap.listener("redirect", **SETTINGS["redirect"]))
        fields = {"content-type": "application/grpc"}
        response = self.client(running.port).request("/a%2fb", method="POST", headers=fields, body=b"")
        self.assertEqual((response.status, response.headers.get("grpc-status")), (200, "13"))


if __name__ == "__main__":
    unittest.main()
