"""Access logs of `weir serve`: lines in files, and plugins that are told."""

import json
import re
import signal
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.tcp import Nowhere, TcpClient, TcpUpstream
from peers.weir import eventually

_FILE = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
_STDERR = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog"
_WASM = "type.googleapis.com/envoy.extensions.access_loggers.wasm.v3.WasmAccessLog"


def file_log(path="access.log", log_filter=None, **fields):
    log = {"name": "file", "typed_config": {"@type": _FILE, "path": path, **fields}}
    if log_filter:
        log["filter"] = log_filter
    return log


def text_log(text, **fields):
    return file_log(log_format={"text_format_source": {"inline_string": text + "\n"}}, **fields)


def plugin_log(**options):
    plugin = bootstrap.plugin("logger", guest("root_all"), **options)["typed_config"]["plugin"]
    return {"name": "plugin", "typed_config": {"@type": _WASM, "config": plugin}}


class AccessLogTest(PlaneTest):
    def serve(self, *logs, plugins=(), upstream=None, **options):
        self.peer = upstream or self.upstream(Http1Upstream)
        listener = bootstrap.listener("web", *plugins, access_log=list(logs))
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", self.peer)])
        self.running = self.weir(bootstrap=settings, **options)
        return self.running

    def request(self, path, **parts):
        return self.client(self.running.port).request(path, **parts)

    def lines(self, count, name="access.log"):
        file = self.running.folder / name
        eventually(
            lambda: file.exists() and file.read_text().count("\n") >= count, f"{count} lines"
        )
        lines = file.read_text().splitlines()
        self.assertEqual(len(lines), count)
        return lines


class RefusalTest(AccessLogTest):
    """Requests that the codec answers by itself are requests, too."""

    format = (
        "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %PROTOCOL% %REQ(:METHOD)% "
        "%BYTES_SENT%"
    )

    def send(self, text):
        client = TcpClient(self.running.port)
        self.addCleanup(client.close)
        client.send(text)
        return client.receive_all().split(b"\r\n")[0]

    def test_what_is_no_request_is_told(self):
        self.serve(text_log(self.format))
        status = self.send(b"GET / HTTP/1.1\r\nHost: a\r\nx y\r\n\r\n")
        self.assertEqual(status, b"HTTP/1.1 400 Bad Request")
        large = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x: y\r\n" * 200 + b"\r\n"
        self.assertTrue(self.send(large).startswith(b"HTTP/1.1 431 "))
        self.assertEqual(
            self.lines(2),
            [
                "400 DPE http1.codec_error{bad_header_name} HTTP/1.1 - 16",
                "431 DPE http1.codec_error{headers_too_large} HTTP/1.1 - 18",
            ],
        )
        self.assertEqual(self.running.stat("http.web.downstream_rq_total"), 2)
        self.assertEqual(self.running.stat("http.web.downstream_rq_4xx"), 2)

    def test_a_body_that_is_none_is_told(self):
        self.serve(text_log(self.format))
        chunks = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n"
        self.assertEqual(self.send(chunks), b"HTTP/1.1 400 Bad Request")
        self.assertEqual(
            self.lines(1), ["400 DPE http1.codec_error{bad_chunk} HTTP/1.1 POST 0"]
        )
        self.assertEqual(self.running.stat("http.web.downstream_rq_total"), 1)
        self.assertEqual(self.running.stat("http.web.downstream_rq_4xx"), 1)


class UpstreamFailureTest(AccessLogTest):
    """What Envoy tells, as measured with 1.40."""

    def serve(self, respond):
        def serve(connection):
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(1000)
            respond(connection, head.split()[1].decode())

        peers = {"answers": self.upstream(TcpUpstream, serve=serve), "nowhere": self.upstream(Nowhere)}
        clusters = [bootstrap.cluster(name, peer) for name, peer in peers.items()]
        limits = {"circuit_breakers": {"thresholds": [{"max_requests": 0}]}}
        clusters.append({**clusters[0], "name": "full", **limits})
        routes = []
        for cluster in ("answers", "nowhere", "full"):
            for retries in (0, 1):
                policy = {"retry_on": "5xx", "num_retries": retries}
                forward = {"cluster": cluster, "retry_policy": policy}
                routes.append({"match": {"prefix": f"/{cluster}/{retries}"}, "route": forward})
        routes.append({"match": {"prefix": "/"}, "route": {"cluster": "answers"}})
        log = text_log("%REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS%")
        listener = bootstrap.listener("web", access_log=[log], routes=routes)
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], clusters))

    def flags(self, *paths):
        for path in paths:
            client = TcpClient(self.running.port)
            client.send(f"GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n".encode())
            client.receive_all()
            client.close()
        return self.lines(len(paths))

    def test_responses_that_are_cut_off_are_malformed(self):
        head = b"HTTP/1.1 200 OK\r\n"
        answers = {
            "/length": head + b"content-length: 10\r\n\r\nabc",
            "/chunks": head + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
            "/head": head + b"x: ",
            "/nothing": b"",
            "/whole": head + b"\r\nabc",
        }
        self.serve(lambda connection, path: connection.sendall(answers[path]))
        self.assertEqual(
            self.flags(*answers),
            ["/length 200 UPE", "/chunks 200 UPE", "/head 502 UPE", "/nothing 503 UC", "/whole 200 -"],
        )

    def test_the_last_try_is_told_first(self):
        answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
        self.serve(lambda connection, _: connection.sendall(answer))
        self.assertEqual(
            self.flags(*(f"/{name}/{n}" for name in ("answers", "nowhere", "full") for n in (0, 1))),
            [
                *("/answers/0 503 URX", "/answers/1 503 URX"),
                *("/nowhere/0 503 URX,UF", "/nowhere/1 503 URX,UF"),
                *("/full/0 503 UO", "/full/1 503 UO"),  # which was no try
            ],
        )


class FileTest(AccessLogTest):
    def test_the_default_format_is_envoys(self):
        self.serve(file_log())
        headers = [("user-agent", "tester"), ("x-request-id", "7")]
        self.request("/path?q=1", method="POST", body=b"four", headers=headers)
        (line,) = self.lines(1)
        pattern = (
            r'\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] "POST /path\?q=1 HTTP/1\.1" 200 - 4 \d+ \d+ \d+ '
            rf'"-" "tester" "7" "[^"]*" "127\.0\.0\.1:{self.peer.port}"'
        )
        self.assertRegex(line, f"^{pattern}$")

    def test_operators_tell_what_was(self):
        async def answer(request):
            return Response(201, [("x-kind", "made")], b"12345", [("x-end", "now")])

        self.serve(
            text_log(
                "%REQ(:METHOD)% %REQ(X-NO?:PATH):4% %RESP(X-KIND)% %TRAILER(X-END)% %RESPONSE_CODE% "
                "%RESPONSE_CODE_DETAILS% %BYTES_RECEIVED% %BYTES_SENT% %UPSTREAM_CLUSTER% "
                "%UPSTREAM_HOST% %DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT% %DOWNSTREAM_LOCAL_PORT% "
                "%START_TIME(%Y)% %ACCESS_LOG_TYPE% %DYNAMIC_METADATA(a:b)% %WEIR_PLUGIN% 100%%"
            ),
            upstream=self.upstream(Http1Upstream, respond=answer),
        )
        self.request("/a-long-path", method="PUT", body=b"abc")
        (line,) = self.lines(1)
        words = line.split()
        self.assertEqual(
            words[:12],
            ["PUT", "/a-l", "made", "now", "201", "via_upstream", "3", "5", "upstream"]
            + [f"127.0.0.1:{self.peer.port}", "127.0.0.1", str(self.running.port)],
        )
        self.assertRegex(words[12], r"^20\d\d$")
        self.assertEqual(words[13:], ["DownstreamEnd", "-", "-", "100%"])

    def test_json_keeps_kinds(self):
        self.serve(
            file_log(
                log_format={
                    "json_format": {
                        "code": "%RESPONSE_CODE%",
                        "path": "%REQ(:PATH)%",
                        "none": "%REQ(X-NONE)%",
                        "both": "%REQ(:METHOD)% %PROTOCOL%",
                        "nested": {"list": ["%BYTES_SENT%", "plain", 7, True]},
                    }
                }
            )
        )
        self.request('/a"b')
        told = json.loads(self.lines(1)[0])
        self.assertEqual(told["code"], 200)
        self.assertEqual(told["path"], '/a"b')
        self.assertIsNone(told["none"])
        self.assertEqual(told["both"], "GET HTTP/1.1")
        self.assertEqual(told["nested"]["list"][1:], ["plain", 7, True])

    def test_filters_choose_streams(self):
        async def answer(request):
            return Response(int(request.path[1:4]))

        errors = {"comparison": {"op": "GE", "value": {"default_value": 400, "runtime_key": "k"}}}
        header = {"header": {"name": "x-log", "string_match": {"exact": "YES", "ignore_case": True}}}
        self.serve(
            text_log("%REQ(:PATH)%", path="errors", log_filter={"status_code_filter": errors}),
            text_log("%REQ(:PATH)%", path="marked", log_filter={"header_filter": header}),
            text_log(
                "%REQ(:PATH)%",
                path="both",
                log_filter={
                    "and_filter": {
                        "filters": [{"status_code_filter": errors}, {"header_filter": header}]
                    }
                },
            ),
            text_log(
                "%RESPONSE_FLAGS% %REQ(:PATH)%", path="flags", log_filter={"response_flag_filter": {}}
            ),
            upstream=self.upstream(Http1Upstream, respond=answer),
        )
        self.request("/200")
        self.request("/404")
        self.request("/200/marked", headers=[("x-log", "yes")])
        self.request("/503/marked", headers=[("x-log", "Yes")])
        self.assertEqual(self.lines(2, "errors"), ["/404", "/503/marked"])
        self.assertEqual(self.lines(2, "marked"), ["/200/marked", "/503/marked"])
        self.assertEqual(self.lines(1, "both"), ["/503/marked"])
        self.assertFalse((self.running.folder / "flags").read_text())

    def test_a_rotated_file_is_opened_anew(self):
        weir = self.serve(text_log("%REQ(:PATH)%"))
        self.request("/before")
        self.assertEqual(self.lines(1), ["/before"])
        log = weir.folder / "access.log"
        log.rename(weir.folder / "access.log.1")
        weir.signal(signal.SIGUSR1)
        eventually(log.exists, "the new file")
        self.request("/after")
        self.assertEqual(self.lines(1), ["/after"])
        self.assertEqual((weir.folder / "access.log.1").read_text(), "/before\n")

    def test_what_is_not_written_yet_is_written_at_the_end(self):
        weir = self.serve(text_log("%REQ(:PATH)%"), workers=2)
        for number in range(20):
            self.request(f"/{number}")
        log = weir.folder / "access.log"
        with open(log, encoding="utf-8") as file:
            weir.signal(signal.SIGTERM)
            self.assertEqual(weir.wait(), 0)
            self.assertEqual(len(file.read().splitlines()), 20)

    def test_standard_error_is_a_file_too(self):
        log = {"name": "stderr", "typed_config": {"@type": _STDERR}}
        weir = self.serve(log)
        self.request("/on-stderr")
        weir.wait_for_line(r'"GET /on-stderr HTTP/1.1" 200')

    def test_a_file_that_cannot_be_opened_is_an_error_of_the_start(self):
        with self.assertRaisesRegex(AssertionError, r"access_log\[0\]\.typed_config\.path: access log .*/no/such/folder/log: cannot be opened: .*; make its folder"):
            self.serve(file_log("/no/such/folder/log"))


class AnsweringPluginTest(AccessLogTest):
    def test_the_plugin_that_answered_or_failed_is_told(self):
        http_all = bootstrap.plugin("denier", guest("http_all"))
        faults = bootstrap.plugin("faulty", guest("faults"))
        self.serve(
            text_log("%REQ(:PATH)% %RESPONSE_CODE% %WEIR_PLUGIN% %RESPONSE_CODE_DETAILS%"),
            plugins=[http_all, faults],
        )
        for path in ("/local-response", "/panic", "/"):
            self.request(path)
        denied, failed, passed = self.lines(3)
        self.assertRegex(denied, "^/local-response 403 denier ")
        self.assertRegex(failed, "^/panic 503 faulty plugin_'faulty':_")
        self.assertEqual(passed, "/ 200 - via_upstream")


class PluginTest(AccessLogTest):
    def logged(self, count):
        pattern = r"logged \d+: "
        eventually(lambda: len(self.running.lines(pattern)) >= count, f"{count} logged")
        return [
            dict(re.findall(r"(\w+)=(\S*)", line)) for line in self.running.lines(pattern)
        ]

    def test_a_plugin_is_told_of_each_stream_and_can_read_it(self):
        async def answer(_):
            return Response(200, [("x-type", "text")], b"12345", [("x-trailer", "end")])

        peer = self.upstream(Http1Upstream, respond=answer)
        self.serve(plugin_log(), upstream=peer)
        self.request("/one", method="POST", body=b"abc", headers=[("user-agent", "tester")])
        self.request("/two")
        first, second = self.logged(2)
        self.assertEqual(
            first,
            {
                "path": "/one",
                "agent": "tester",
                "status": "200",
                "type": "text",
                "trailer": "end",
                "code": "200",
                "details": "via_upstream",
                "received": "3",
                "sent": "5",
                "source": first["source"],
                "upstream": f"127.0.0.1:{peer.port}",
                "cluster": "upstream",
                "state": "absent",
                "flags": "0",
            },
        )
        self.assertEqual(second["path"], "/two")

    def test_a_filter_and_an_access_log_share_a_root(self):
        plugin = bootstrap.plugin("logger", guest("root_all"))
        self.serve(plugin_log(), plugins=[plugin])
        self.assertEqual(self.request("/a").headers.get("x-logged"), "0")
        self.logged(1)
        self.assertEqual(self.request("/b").headers.get("x-logged"), "1")
        # What the filter has set is there to be logged.
        self.assertEqual(self.logged(2)[1]["state"], "/b")

    def test_a_plugin_that_fails_to_log_harms_no_stream(self):
        weir = self.serve(plugin_log(configuration="panic=/panic"))
        for path in ("/panic", "/panic", "/fine"):
            self.assertEqual(self.request(path).status, 200)
        self.assertEqual(self.logged(1)[-1]["path"], "/fine")
        self.assertEqual(weir.stat("wasm.logger.failed.unreachable"), 2)

    def test_a_filter_decides_for_plugins_too(self):
        errors = {"comparison": {"op": "EQ", "value": {"default_value": 404, "runtime_key": "k"}}}
        self.serve({**plugin_log(), "filter": {"status_code_filter": errors}})
        self.request("/")
        self.serve(plugin_log())
        self.request("/")
        self.assertEqual(len(self.logged(1)), 1)


class ConnectionTest(PlaneTest):
    def serve(self, *logs, upstream=None, **proxy):
        self.peer = upstream or self.upstream(TcpUpstream)
        settings = bootstrap.bootstrap(
            [bootstrap.tcp_listener("carried", access_log=list(logs), **proxy)],
            [bootstrap.cluster("upstream", self.peer)],
        )
        return self.weir(bootstrap=settings)

    def exchange(self, weir, data):
        client = TcpClient(weir.port)
        client.send(data)
        client.send_end()
        client.receive_all()
        client.close()

    def test_a_connection_is_logged_when_it_is_over(self):
        weir = self.serve(
            text_log(
                "%ACCESS_LOG_TYPE% %BYTES_RECEIVED% %BYTES_SENT% %RESPONSE_CODE% %RESPONSE_FLAGS% "
                "%UPSTREAM_HOST% %UPSTREAM_CLUSTER% %PROTOCOL% %CONNECTION_TERMINATION_DETAILS%"
            ),
            plugin_log(),
        )
        self.exchange(weir, b"123456")
        log = weir.folder / "access.log"
        eventually(lambda: log.read_text(), "the line")
        self.assertEqual(
            log.read_text(), f"TcpConnectionEnd 6 6 0 - 127.0.0.1:{self.peer.port} upstream - -\n"
        )
        self.assertIn("received=6 sent=6", weir.wait_for_line(r"logged 1: path=absent"))

    def test_a_connection_that_found_no_upstream_says_why(self):
        weir = self.serve(
            text_log("%RESPONSE_FLAGS% %RESPONSE_FLAGS_LONG% %CONNECTION_TERMINATION_DETAILS%"),
            upstream=self.upstream(Nowhere),
            max_connect_attempts=2,
        )
        self.exchange_nothing(weir)
        log = weir.folder / "access.log"
        eventually(lambda: log.read_text(), "the line")
        self.assertRegex(
            log.read_text(),
            "^UF,URX UpstreamConnectionFailure,UpstreamRetryLimitExceeded connect to .*refused\n$",
        )

    def exchange_nothing(self, weir):
        client = TcpClient(weir.port)
        self.assertTrue(client.is_reset())
        client.close()


if __name__ == "__main__":
    unittest.main()
