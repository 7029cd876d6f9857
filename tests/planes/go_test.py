"""Go's clients and servers: net/http on both sides, and gRPC with its catalogue of interoperability tests
(go_peers)."""

import os
import subprocess
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.server_program import ServerProgram

_PROGRAM = os.environ["WEIR_TEST_GO_PEERS"]

_STEPS = ["body", "trailers", "conversation", "many", "expect", "cancelled", "broken off"]
_CATALOGUE = [
    *["empty_unary", "large_unary", "client_streaming", "server_streaming", "ping_pong", "empty_stream"],
    *["timeout_on_sleeping_server", "cancel_after_begin", "cancel_after_first_response", "custom_metadata"],
    *["status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service"],
]


class GoTest(PlaneTest):
    def serve(self, command, scheme, tls=None):
        """The port of a server before a Go one, with a plugin between them."""
        upstream = ServerProgram(_PROGRAM, command, scheme=scheme)
        self.addCleanup(upstream.close)
        listener = bootstrap.listener("web", bootstrap.plugin("edit", guest("header-edit-rust")))
        if tls:
            listener = bootstrap.secured(listener, tls)
        settings = bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", upstream)])
        return self.weir(bootstrap=settings, workers=2).port

    def run_program(self, *command):
        return subprocess.run(
            [_PROGRAM, *command], capture_output=True, text=True, timeout=100, check=False
        )

    def lines_of(self, *command):
        ran = self.run_program(*command)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        return ran.stdout.splitlines()

    def test_http(self):
        authority = Authority()
        self.addCleanup(authority.close)
        tls = bootstrap.downstream_tls(
            authority.issue("server", "DNS:weir.test"), alpn_protocols=["h2", "http/1.1"]
        )
        for scheme in ("http", "h2c"):
            with self.subTest(upstream=scheme):
                port = self.serve("http-server", scheme, tls)
                lines = self.lines_of("http-client", f"https://127.0.0.1:{port}", authority.certificate.chain)
                wanted = [f"{protocol}: {step}" for protocol in ("HTTP/1.1", "HTTP/2.0") for step in _STEPS]
                self.assertEqual(lines, wanted)

    def test_grpc(self):
        port = self.serve("grpc-server", "h2c")
        # In timeout_on_sleeping_server both sides give up after 1 ms. Where the client's timer comes late, it hears first
        # that the server has reset the stream, which a proxy tells as Unavailable.
        for _ in range(10):
            ran = self.run_program("grpc-client", f"127.0.0.1:{port}")
            if "code = Unavailable" not in ran.stderr or "want error code 4" not in ran.stderr:
                break
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        self.assertEqual(ran.stdout.splitlines(), _CATALOGUE)


if __name__ == "__main__":
    unittest.main()
