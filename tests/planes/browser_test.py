"""A browser: Chromium, over TLS and HTTP/2, with a WebSocket beside its requests."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest, leave_out
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream
from peers.message import Fields, Response
from peers.websocket import WebSocketServer

_PROGRAMS = ("chromium-headless-shell", "chromium")
_PATIENCE = 60  # seconds

# What the page does, and tells when it has done it all: each request's answer, and what carried it.
_PAGE = """<!doctype html>
<title>Weir</title>
<script type="module">
const told = {};
const large = new Uint8Array(1 << 20).map((_, at) => at * 7);

async function echoed(body) {
  const response = await fetch("/echo", {method: "POST", body});
  return new Uint8Array(await response.arrayBuffer());
}

function spoken(messages) {
  return new Promise((resolve, reject) => {
    const heard = [];
    const socket = new WebSocket(`wss://${location.host}/chat`, "echo");
    socket.onopen = () => socket.send(messages[0]);
    socket.onmessage = ({data}) => {
      heard.push(data);
      if (heard.length < messages.length) socket.send(messages[heard.length]);
      else socket.close(1000);
    };
    socket.onclose = ({code, wasClean}) => resolve({heard, code, wasClean, protocol: socket.protocol});
    socket.onerror = () => reject(new Error("the WebSocket failed"));
  });
}

try {
  const back = await echoed(large);
  told.large = back.length == large.length && back.every((byte, at) => byte == large[at]);
  const many = await Promise.all([...Array(50).keys()].map(
      async (number) => (await fetch(`/number/${number}`)).text()));
  told.many = many.every((text, number) => text == `number ${number}`);
  told.plugin = (await fetch("/number/0")).headers.get("x-weir-plugin");
  told.missing = (await fetch("/missing")).status;
  told.socket = await spoken(["one", "two", "x".repeat(100000)].map(String));
  told.socket.heard = told.socket.heard.map((text) => text.length);
  told.carriedBy = [...new Set(performance.getEntriesByType("resource").concat(
      performance.getEntriesByType("navigation")).map((entry) => entry.nextHopProtocol))];
} catch (error) {
  told.error = String(error);
}
await fetch("/told", {method: "POST", body: JSON.stringify(told)});
</script>
"""


def browser():
    """The program. Without it the test is left out."""
    for program in _PROGRAMS:
        if path := shutil.which(program):
            return path
    return leave_out(f"{_PROGRAMS[0]} is missing: run `scripts/setup/apt.sh test`")


class Printed:
    """What a file holds when it is told."""

    def __init__(self, path):
        self._path = path

    def __str__(self):
        return self._path.read_text(errors="replace")


class Site:
    """Answers the page's requests, and waits for what it tells."""

    def __init__(self):
        self.told = None
        self._has_told = threading.Event()

    async def respond(self, request):
        if request.path == "/":
            return Response(headers=Fields([("content-type", "text/html")]), body=_PAGE.encode())
        if request.path == "/echo":
            return Response(body=request.body)
        if request.path.startswith("/number/"):
            return Response(body=f"number {request.path[len('/number/'):]}".encode())
        if request.path == "/told":
            self.told = json.loads(request.body)
            self._has_told.set()
            return Response(status=204)
        return Response(status=404)

    def wait(self):
        return self._has_told.wait(_PATIENCE)


class BrowserTest(PlaneTest):
    def setUp(self):
        self.program = browser()
        self.authority = Authority()
        self.addCleanup(self.authority.close)
        self.certificate = self.authority.issue("server", "DNS:weir.test")

    def told_over(self, protocols, upstream_kind):
        """What the page tells through a server that speaks these protocols."""
        site = Site()
        upstream = self.upstream(upstream_kind, respond=site.respond)
        socket = self.upstream(WebSocketServer)
        routes = [
            {"match": {"path": "/chat"}, "route": {"cluster": "socket"}},
            {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
        ]
        plugin = bootstrap.plugin("edit", guest("header-edit-rust"))
        upgrades = [{"upgrade_type": "websocket"}]
        listener = bootstrap.listener("web", plugin, routes=routes, upgrade_configs=upgrades)
        tls = bootstrap.downstream_tls(self.certificate, alpn_protocols=protocols)
        clusters = [bootstrap.cluster("upstream", upstream), bootstrap.cluster("socket", socket)]
        weir = self.weir(bootstrap=bootstrap.bootstrap([bootstrap.secured(listener, tls)], clusters))
        with self.browsing(f"https://weir.test:{weir.port}/") as printed:
            self.assertTrue(site.wait(), printed)
        self.connections = weir.stat("http.web.downstream_cx_total")
        return site.told

    @contextlib.contextmanager
    def browsing(self, url):
        """A browser that looks at the page, and what it printed so far when that is asked for."""
        with tempfile.TemporaryDirectory(prefix="weir-browser-", ignore_cleanup_errors=True) as folder:
            printed = pathlib.Path(folder) / "printed"
            with printed.open("wb") as output:
                # It has processes of its own, which all end with their session.
                running = subprocess.Popen(
                    [
                        *[self.program, "--headless", "--no-sandbox", "--disable-gpu"],
                        *["--disable-background-networking", "--remote-debugging-port=0"],
                        *[f"--user-data-dir={folder}/profile"],
                        "--host-resolver-rules=MAP weir.test 127.0.0.1",
                        f"--ignore-certificate-errors-spki-list={self.certificate_key()}",
                        url,
                    ],
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                yield Printed(printed)
            finally:
                os.killpg(running.pid, signal.SIGKILL)
                running.wait()

    def certificate_key(self):
        """The hash of the certificate's key, which the browser then trusts."""
        key = ["openssl", "x509", "-in", str(self.certificate.chain), "-noout", "-pubkey"]
        public = subprocess.run(key, check=True, capture_output=True).stdout
        der = ["openssl", "pkey", "-pubin", "-outform", "der"]
        der = subprocess.run(der, check=True, capture_output=True, input=public).stdout
        digest = ["openssl", "dgst", "-sha256", "-binary"]
        digest = subprocess.run(digest, check=True, capture_output=True, input=der).stdout
        return base64.b64encode(digest).decode()

    def check(self, told, protocol):
        self.assertEqual(
            told,
            {
                "large": True,
                "many": True,
                "plugin": "header-edit",
                "missing": 404,
                "socket": {"heard": [3, 3, 100000], "code": 1000, "wasClean": True, "protocol": "echo"},
                "carriedBy": [protocol],
            },
        )

    def test_over_http2(self):
        """The WebSocket too, on the connection of the requests (RFC 8441)."""
        self.check(self.told_over(["h2", "http/1.1"], Http1Upstream), "h2")
        self.assertEqual(self.connections, 1)

    def test_over_http1(self):
        self.check(self.told_over(["http/1.1"], Http2Upstream), "http/1.1")


if __name__ == "__main__":
    unittest.main()
