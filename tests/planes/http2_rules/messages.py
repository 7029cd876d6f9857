"""Section 8: what a request has to be. A malformed one ends its stream, and reaches no upstream."""

from peers.frames import GET, POST, data, headers, without

from . import table

_RESET = "reset PROTOCOL_ERROR"


def get(*more, lacking=()):
    return [headers(1, [*without(GET, *lacking), *more])]


def with_path(path):
    return get((":path", path), lacking=[":path"])


def post(length, *bodies, more=()):
    """A request that tells that length, and then these bytes."""
    fields = [*POST, *more] if length is None else [*POST, ("content-length", length), *more]
    if not bodies:
        return [headers(1, fields)]
    last = len(bodies) - 1
    return [headers(1, fields, end=False)] + [data(1, body, end=i == last) for i, body in enumerate(bodies)]


def trailers(*fields, end=True):
    return [headers(1, POST, end=False), data(1, b"x", end=False), headers(1, list(fields), end=end)]


CASES = [
    *table(
        "8.1",
        ("a body and trailers", trailers(("x-sum", "1")), "status 200"),
        ("HEADERS again that do not end the request", trailers(("x-sum", "1"), end=False), _RESET),
        ("a pseudo-header in trailers", trailers((":path", "/x")), _RESET),
        ("a status in trailers", trailers((":status", "200")), _RESET),
        ("trailers with a name in upper case", trailers(("X-Sum", "1")), _RESET),
        ("trailers with a connection header", trailers(("connection", "close")), _RESET),
        ("trailers without any body", [headers(1, POST, end=False), headers(1, [("x-sum", "1")])], "status 200"),
        ("no trailers at all, in HEADERS", [headers(1, POST, end=False), headers(1, [])], "status 200"),
    ),
    *table(
        "8.1.1 content-length",
        ("as long as the body", post("3", b"abc"), "status 200"),
        ("of several pieces", post("3", b"a", b"bc"), "status 200"),
        ("less than the body", post("2", b"abc"), _RESET),
        ("more than the body", post("4", b"abc"), _RESET),
        ("without a body", post("4"), _RESET),
        ("less than the first of several pieces", post("1", b"abc", b"d"), _RESET),
        ("0 without a body", post("0"), "status 200"),
        ("0 with a body", post("0", b"a"), _RESET),
        ("negative", post("-1", b"a"), _RESET),
        ("with a sign", post("+1", b"a"), _RESET),
        ("no number", post("one", b"a"), _RESET),
        ("two numbers", post("1, 1", b"a"), _RESET),
        ("in hexadecimal", post("0x1", b"a"), _RESET),
        ("nothing", post("", b"a"), _RESET),
        ("beyond 64 bits", post("99999999999999999999", b"a"), _RESET),
        ("twice, and different", post("1", b"a", more=[("content-length", "2")]), _RESET),
        ("twice, and the same", post("1", b"a", more=[("content-length", "1")]), _RESET),
        (
            "not that of the body before trailers",
            [headers(1, [*POST, ("content-length", "5")], end=False), data(1, b"x", end=False), headers(1, [("x", "y")])],
            _RESET,
        ),
    ),
    *table(
        "8.2.1 names",
        ("in upper case", get(("X-Up", "1")), _RESET),
        ("empty", get(("", "1")), _RESET),
        ("with a space", get(("x y", "1")), _RESET),
        ("with a colon", get(("x:y", "1")), _RESET),
        ("with a tab", get(("x\ty", "1")), _RESET),
        ("with a line break", get(("x\r\ny", "1")), _RESET),
        ("with a NUL", get(("x\0", "1")), _RESET),
        ("with a byte beyond ASCII", get(("x\xe9", "1")), _RESET),
        ("with DEL", get(("x\x7f", "1")), _RESET),
        ("with all characters of a token", get(("!#$%&'*+-.^_`|~09az", "1")), "status 200"),
    ),
    *table(
        "8.2.1 values",
        ("empty", get(("x", "")), "status 200"),
        ("with a tab inside", get(("x", "a\tb")), "status 200"),
        ("beyond ASCII", get(("x", "caf\xe9")), "status 200"),
        ("with a NUL", get(("x", "a\0b")), _RESET),
        ("with a CR", get(("x", "a\rb")), _RESET),
        ("with an LF", get(("x", "a\nb")), _RESET),
        ("with a header behind a line break", get(("x", "a\r\ny: b")), _RESET),
        ("with ESC", get(("x", "\x1b[0m")), _RESET),
        ("with a space before", get(("x", " a")), _RESET),
        ("with a space behind", get(("x", "a ")), _RESET),
        ("with a tab before", get(("x", "\ta")), _RESET),
    ),
    *table(
        "8.2.2 connection headers",
        ("connection", get(("connection", "close")), _RESET),
        ("connection that names another one", get(("connection", "x"), ("x", "1")), _RESET),
        ("keep-alive", get(("keep-alive", "timeout=5")), _RESET),
        ("proxy-connection", get(("proxy-connection", "keep-alive")), _RESET),
        ("transfer-encoding", get(("transfer-encoding", "chunked")), _RESET),
        ("transfer-encoding on a body", post(None, b"0\r\n\r\n", more=[("transfer-encoding", "chunked")]), _RESET),
        ("upgrade", get(("upgrade", "h2c")), _RESET),
        ("te", get(("te", "gzip")), _RESET),
        ("te with more than trailers", get(("te", "trailers, deflate")), _RESET),
        ("te: trailers", get(("te", "trailers")), "status 200"),
    ),
    *table(
        "8.2.3 cookies",
        ("in crumbs", get(("cookie", "a=1"), ("cookie", "b=2")), "status 200"),
    ),
    *table(
        "8.3 pseudo-headers",
        ("an unknown one", get((":x", "1"), lacking=[]), _RESET),
        ("that of a response", get((":status", "200")), _RESET),
        ("behind a header", [headers(1, [*GET[:3], ("x", "1"), GET[3]])], _RESET),
        ("two methods", get((":method", "GET")), _RESET),
        ("two schemes", get((":scheme", "http")), _RESET),
        ("two paths", get((":path", "/")), _RESET),
        ("two authorities", get((":authority", "a")), _RESET),
        ("in upper case", get((":PATH", "/"), lacking=[":path"]), _RESET),
        ("none", [headers(1, [("x", "1")])], _RESET),
        ("no field at all", [headers(1, [])], _RESET),
        (":protocol without CONNECT", get((":protocol", "websocket")), _RESET),
    ),
    *table(
        "8.3.1 requests",
        ("no method", get(lacking=[":method"]), _RESET),
        ("no scheme", get(lacking=[":scheme"]), _RESET),
        ("no path", get(lacking=[":path"]), _RESET),
        ("neither authority nor host", get(lacking=[":authority"]), _RESET),
        ("a host in the place of the authority", get(("host", "rules.test"), lacking=[":authority"]), "status 200"),
        ("a host as well", get(("host", "rules.test")), "status 200"),
        ("two hosts", get(("host", "a"), ("host", "b"), lacking=[":authority"]), _RESET),
        ("an empty path", with_path(""), _RESET),
        ("a path without a slash", with_path("x"), _RESET),
        ("a path with a space", with_path("/a b"), _RESET),
        ("a path with a line break", with_path("/ HTTP/1.1\r\nx: y"), _RESET),
        ("a path with a NUL", with_path("/a\0"), _RESET),
        ("a path with a tab", with_path("/a\tb"), _RESET),
        ("a path beyond ASCII", with_path("/caf\xe9"), "status 400"),
        ("a whole URL as path", with_path("http://rules.test/"), _RESET),
        ("a path with a query", with_path("/?a=b&c"), "status 200"),
        ("GET *", with_path("*"), _RESET),
        ("OPTIONS *", [headers(1, [(":method", "OPTIONS"), GET[1], (":path", "*"), GET[3]])], "status 404"),
        ("an empty method", [headers(1, [(":method", ""), *GET[1:]])], _RESET),
        ("a method with a space", [headers(1, [(":method", "GET /x"), *GET[1:]])], _RESET),
        ("a method with a line break", [headers(1, [(":method", "GET\r\n"), *GET[1:]])], _RESET),
        ("a method nobody knows", [headers(1, [(":method", "BREW"), *GET[1:]])], "status 200"),
        ("an empty scheme", [headers(1, [GET[0], (":scheme", ""), *GET[2:]])], _RESET),
        ("a scheme that cannot be one", [headers(1, [GET[0], (":scheme", "ht tp"), *GET[2:]])], _RESET),
        ("an authority with a space", get((":authority", "a b"), lacking=[":authority"]), _RESET),
        ("an authority with a line break", get((":authority", "a\r\nx: y"), lacking=[":authority"]), _RESET),
        ("an authority with a slash", get((":authority", "a/b"), lacking=[":authority"]), _RESET),
        ("an authority with a port that is none", get((":authority", "a:b"), lacking=[":authority"]), "status 400"),
        ("an authority with half an address", get((":authority", "[::1"), lacking=[":authority"]), "status 400"),
        ("an empty authority and no host", get((":authority", ""), lacking=[":authority"]), _RESET),
    ),
    *table(
        "8.5 CONNECT",
        ("that is not configured", [headers(1, [(":method", "CONNECT"), (":authority", "a:1")], end=False)], "status 501"),
        ("with a path", [headers(1, [(":method", "CONNECT"), (":path", "/"), GET[3]], end=False)], _RESET),
        ("with a scheme", [headers(1, [(":method", "CONNECT"), GET[1], GET[3]], end=False)], _RESET),
        ("without an authority", [headers(1, [(":method", "CONNECT")], end=False)], _RESET),
        (
            "of a protocol, not agreed on",
            [headers(1, [(":method", "CONNECT"), *GET[1:], (":protocol", "websocket")], end=False)],
            _RESET,
        ),
    ),
    *table(
        "10.5 limits",
        ("more fields than are allowed", get(*[(f"x-{i}", "1") for i in range(200)]), "status 431"),
        ("more cookies than are allowed", get(*[("cookie", "c" * 3000)] * 4), "status 200"),
    ),
]
