"""TLS towards upstreams of TCP ports in a stock Traffic Server, which its API has not: Weir's own."""

import os
import ssl
import unittest

from ats_tcp_test import QUICK_STATISTICS, said, scenario, serve_one
from peers.ats import plugin_options, refusal
from peers.case import PlaneTest, free_port
from peers.certificates import Authority
from peers.tcp import TcpClient, TcpUpstream, echo, read_all
from peers.weir import eventually


class UpstreamTlsTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        cls.authority, cls.stranger = Authority(), Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.addClassCleanup(cls.stranger.close)
        cls.certificate = cls.authority.issue("server", "DNS:db.test")
        cls.own = cls.authority.issue("client", "DNS:client.test")

    def secured(self, serve=echo, client_certificates=False):
        """An upstream that speaks TLS, and what it has seen of its clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.chain, self.certificate.key)
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.authority.certificate.chain)
        self.names = []
        context.sni_callback = lambda _, name, __: self.names.append(name)

        def secure(connection):
            with context.wrap_socket(connection, server_side=True) as secured:
                serve(secured)

        return self.upstream(TcpUpstream, serve=secure)

    def settings(self, authority=None, certificates=(), **more):
        trusted = (authority or self.authority).certificate.chain.read_text()
        names = [{"san_type": "DNS", "matcher": {"exact": "db.test"}}]
        return {
            "sni": "db.test",
            "common_tls_context": {
                "tls_certificates": [one.inline for one in certificates],
                "validation_context": {
                    "trusted_ca": {"inline_string": trusted},
                    "match_typed_subject_alt_names": names,
                },
            },
            **more,
        }

    def serve(self, up, settings=None, name="", port=None, **options):
        to = {"upstream": f"127.0.0.1:{up.port}", "upstream_tls": settings or self.settings()}
        port = {**to, **(port or {})}
        self.server, self.port = serve_one(
            self,
            port,
            [plugin_options(scenario(name))],
            **QUICK_STATISTICS,
            **options,
        )

    def said(self, data):
        return said(self.port, data)

    def wait_for_failed(self, count):
        name = f"tcp.127.0.0.1:{self.port}.upstream_connect_fail"
        eventually(lambda: self.server.stats().get(name) == count, f"{count} failures")

    def test_plugins_work_in_the_clear(self):
        self.serve(self.secured(), name="rewrite")
        self.assertEqual(self.said(b"Some WORDS"), b"some words")
        self.assertEqual(self.names, ["db.test"])
        data = os.urandom(3_000_000).lower()
        self.assertTrue(self.said(data) == data)

    def test_an_upstream_that_speaks_first(self):
        def greet(connection):
            connection.sendall(b"welcome\n")
            connection.sendall(connection.recv(100))
            connection.unwrap()

        self.serve(self.secured(greet))
        client = TcpClient(self.port)
        self.addCleanup(client.close)
        self.assertEqual(client.receive(8), b"welcome\n")
        client.send(b"thanks")
        self.assertEqual(client.receive_all(), b"thanks")

    def test_a_header_of_the_proxy_protocol_comes_before_it(self):
        told = []
        secure = self.secured().serve

        def serve(connection):
            line = b""
            while not line.endswith(b"\r\n"):
                line += connection.recv(1)
            told.append(line)
            secure(connection)

        up = self.upstream(TcpUpstream, serve=serve)
        self.serve(up, port={"upstream_proxy_protocol": True})
        self.assertEqual(self.said(b"word"), b"word")
        self.assertRegex(told[0], rb"^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ %d\r\n$" % self.port)

    def test_each_side_may_end_by_itself(self):
        def count(connection):
            data = read_all(connection)
            connection.sendall(str(len(data)).encode())

        self.serve(self.secured(count))
        self.assertEqual(self.said(b"x" * 100_000), b"100000")

    def test_it_shows_a_certificate(self):
        up = self.secured(client_certificates=True)
        self.serve(up, self.settings(certificates=[self.own]))
        self.assertEqual(self.said(b"word"), b"word")
        self.serve(up)
        self.assertEqual(self.said(b"word"), b"")

    def test_a_certificate_of_a_stranger_or_for_another_name(self):
        self.serve(self.secured(), self.settings(self.stranger))
        self.assertEqual(self.said(b"word"), b"")
        self.wait_for_failed(1)
        settings = self.settings()
        validation = settings["common_tls_context"]["validation_context"]
        validation["match_typed_subject_alt_names"][0]["matcher"]["exact"] = "other.test"
        self.serve(self.secured(), settings)
        self.assertEqual(self.said(b"word"), b"")
        self.wait_for_failed(1)

    def test_an_upstream_that_does_not_speak_it(self):
        def other(connection):
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        self.serve(self.upstream(TcpUpstream, serve=other))
        self.assertEqual(self.said(b"word"), b"")
        self.wait_for_failed(1)
        self.serve(self.upstream(TcpUpstream, serve=lambda connection: connection.recv(10)))
        self.assertEqual(self.said(b"word"), b"")
        self.wait_for_failed(1)

    def test_files_are_read_anew(self):
        settings = self.settings()
        settings["common_tls_context"]["validation_context"]["trusted_ca"] = {"filename": "ca.pem"}
        files = {"ca.pem": self.stranger.certificate.chain.read_bytes()}
        self.serve(self.secured(), settings, more_files=files)
        self.assertEqual(self.said(b"word"), b"")
        for content, expected in [(self.authority.certificate.chain.read_bytes(), b"word"), (b"none", b"word")]:
            self.server.put(content, "ca.pem")
            self.server.control("plugin", "msg", "weir", "reload")
            eventually(lambda expected=expected: self.said(b"word") == expected, "the new file")
        self.server.wait_for_line(r"ERROR: .*ports.yaml:1:\d+: tcp\[0\].upstream_tls: .*trusted_ca.*; the certificates before are used on")

    def test_what_is_written_wrongly(self):
        right = {"listen": f"127.0.0.1:{free_port()}", "upstream": "127.0.0.1:1", "plugins": ["pass.yaml"]}
        absent = {"common_tls_context": {"validation_context": {"trusted_ca": {"filename": "absent.pem"}}}}
        for change, words in [
            ({"upstream_tls": {}, "upstream": "http"}, r"upstream_tls: is for an upstream with an address"),
            ({"upstream_tls": {"snii": "a"}}, r"upstream_tls.snii: unknown field; did you mean 'sni'"),
            ({"upstream_tls": True}, r"upstream_tls: "),
            ({"upstream_tls": absent}, r"upstream_tls: cannot read trusted_ca from .*absent.pem': No such file"),
        ]:
            with self.subTest(change=change):
                files = {"pass.yaml": plugin_options(scenario(""))}
                log = refusal(self.upstream(), [[{"tcp": [{**right, **change}]}]], files=files)
                self.assertRegex(log, r"EMERGENCY: .*tcp\[0\]\." + words)


if __name__ == "__main__":
    unittest.main()
