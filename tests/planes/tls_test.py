"""TLS of `weir serve`, towards clients and upstreams that others have written."""

import hashlib
import json
import signal
import socket
import ssl
import subprocess
import time
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.certificates import Authority
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream
from peers.message import Response
from peers.nginx import Nginx
from peers.tcp import TcpUpstream, echo, read_all
from peers.weir import eventually, run_to_end

_MIB = 1 << 20
_FILE = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"


def text_log(text):
    source = {"text_format_source": {"inline_string": text + "\n"}}
    config = {"@type": _FILE, "path": "access.log", "log_format": source}
    return {"name": "file", "typed_config": config}


def printed_by(*command, check=True, **options):
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=check, timeout=60, **options
    ).stdout


class TlsTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.server = cls.authority.issue("server", "DNS:weir.test", "DNS:*.wild.test", "IP:127.0.0.1")
        cls.client_certificate = cls.authority.issue(
            "client", "DNS:client.test", "URI:spiffe://test/client"
        )

    def serve(self, listener, *clusters, **options):
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], list(clusters)), **options)
        self.port = self.running.port
        return self.running

    def curl(self, path="/", *arguments, check=True):
        return printed_by(
            *["curl", "--silent", "--show-error", "--cacert", self.authority.certificate.chain],
            *["--resolve", f"weir.test:{self.port}:127.0.0.1", *arguments],
            f"https://weir.test:{self.port}{path}",
            check=check,
        )

    def connect(self, context=None, name="weir.test"):
        """A connection of Python's ssl."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        context = context or self.authority.client_context()
        try:
            secured = context.wrap_socket(plain, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        self.addCleanup(secured.close)
        return secured

    def refused(self, context, name="weir.test"):
        """Whether the server does not talk to such a client."""
        try:
            connection = self.connect(context, name)
            connection.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            return connection.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            return True


class DownstreamTest(TlsTest):
    def secured(self, *plugins, certificate=None, chain=None, log=None, **fields):
        """A listener with TLS in front of an echo."""
        self.peer = self.upstream(Http1Upstream)
        manager = {"access_log": [text_log(log)]} if log else {}
        listener = bootstrap.listener("web", *plugins, **manager)
        socket_settings = bootstrap.downstream_tls(certificate or self.server, **fields)
        return self.serve(
            bootstrap.secured(listener, socket_settings, **(chain or {})),
            bootstrap.cluster("upstream", self.peer),
        )

    def test_the_admin_address_tells_of_certificates_and_no_key(self):
        self.secured(
            certificate=self.server.inline, validation_context={"trusted_ca": self.authority.source}
        )
        (told,) = json.loads(self.running.page("/certs")[1])["certificates"]
        (shown,), (authority,) = told["cert_chain"], told["ca_cert"]
        names = [{"dns": "weir.test"}, {"dns": "*.wild.test"}, {"ip_address": "127.0.0.1"}]
        self.assertEqual((shown["path"], shown["subject_alt_names"]), ("<inline>", names))
        self.assertEqual(authority["path"], self.authority.source["filename"])
        serial = printed_by("openssl", "x509", "-in", self.server.chain, "-noout", "-serial")
        self.assertEqual(int(shown["serial_number"], 16), int(serial.strip().split("=")[1], 16))
        self.assertRegex(shown["valid_from"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertGreater(shown["expiration_time"], shown["valid_from"])

        text = self.running.page("/config_dump")[1]
        self.assertNotIn("PRIVATE KEY", text)
        bootstrap_dump, clusters, listeners = json.loads(text)["configs"]
        self.assertIn("static_resources", bootstrap_dump["bootstrap"])
        self.assertEqual(clusters["static_clusters"][0]["cluster"]["name"], "upstream")
        listener = listeners["static_listeners"][0]["listener"]
        context = listener["filter_chains"][0]["transport_socket"]["typed_config"]
        (certificate,) = context["common_tls_context"]["tls_certificates"]
        self.assertEqual(certificate["private_key"], {"inline_string": "[redacted]"})
        self.assertIn("BEGIN CERTIFICATE", certificate["certificate_chain"]["inline_string"])

    def test_both_protocols_by_alpn(self):
        plugin = bootstrap.plugin("all", guest("http_all"))
        self.secured(plugin, alpn_protocols=["h2", "http/1.1"])
        form = "%{http_version} %{ssl_verify_result}"
        for flag, version in (("--http1.1", "1.1"), ("--http2", "2")):
            with self.subTest(version):
                arguments = [flag, "--data", "hello", "--write-out", form]
                printed = self.curl("/body/rewrite", *arguments)
                self.assertEqual(printed, f"response(request(hello)){version} 0")
        self.assertEqual(self.peer.requests[0].headers.get("x-forwarded-proto"), "https")
        stats = self.running.stats()
        self.assertEqual(stats["listener.web.ssl.handshake"], 2)
        self.assertEqual(stats["listener.web.ssl.versions.TLSv1.3"], 2)
        self.assertEqual(stats["http.web.downstream_cx_http2_total"], 1)

    def test_redirects_know_the_scheme(self):
        routes = [{"match": {"prefix": "/"}, "redirect": {"path_redirect": "/new"}}]
        listener = bootstrap.listener("web", routes=routes)
        settings = bootstrap.downstream_tls(self.server, alpn_protocols=["h2", "http/1.1"])
        self.serve(
            bootstrap.secured(listener, settings),
            bootstrap.cluster("upstream", self.upstream(Http1Upstream)),
        )
        for flag in ("--http1.1", "--http2"):
            location = self.curl("/old", flag, "--write-out", "%{redirect_url}")
            self.assertEqual(location, f"https://weir.test:{self.port}/new")

    def test_nghttp(self):
        self.secured(alpn_protocols=["h2"])
        printed = printed_by("nghttp", "--verbose", "--no-dep", f"https://127.0.0.1:{self.port}/")
        self.assertIn("The negotiated protocol: h2", printed)
        self.assertIn(":status: 200", printed)

    def test_inline_certificates_and_large_bodies(self):
        self.secured(certificate=self.server.inline)
        body = bytes(range(256)) * (8 * _MIB // 256)
        file = self.authority.folder / "body"
        file.write_bytes(body)
        printed = subprocess.run(
            ["curl", "--silent", "--cacert", str(self.authority.certificate.chain), "--resolve",
             f"weir.test:{self.port}:127.0.0.1", "--data-binary", f"@{file}",
             f"https://weir.test:{self.port}/"],
            capture_output=True, check=True, timeout=60,
        ).stdout
        self.assertEqual(hashlib.sha256(printed).digest(), hashlib.sha256(body).digest())

    def test_versions_and_ciphers(self):
        self.secured(
            tls_params={
                "tls_minimum_protocol_version": "TLSv1_2",
                "tls_maximum_protocol_version": "TLSv1_2",
                "cipher_suites": ["[ECDHE-ECDSA-AES256-GCM-SHA384|ECDHE-RSA-AES256-GCM-SHA384]"],
            }
        )
        connection = self.connect()
        self.assertEqual(connection.version(), "TLSv1.2")
        self.assertEqual(connection.cipher()[0], "ECDHE-ECDSA-AES256-GCM-SHA384")
        only13 = self.authority.client_context()
        only13.minimum_version = ssl.TLSVersion.TLSv1_3
        self.assertTrue(self.refused(only13))
        self.assertEqual(self.running.stat("listener.web.ssl.connection_error"), 1)

    def test_client_certificates(self):
        other = Authority()
        self.addCleanup(other.close)
        names = [{"san_type": "URI", "matcher": {"prefix": "spiffe://test/"}}]
        self.secured(
            require_client_certificate=True,
            validation_context={
                "trusted_ca": self.authority.source,
                "match_typed_subject_alt_names": names,
            },
            log="%DOWNSTREAM_PEER_SUBJECT%|%DOWNSTREAM_PEER_URI_SAN%|%DOWNSTREAM_PEER_DNS_SAN%|"
            "%DOWNSTREAM_LOCAL_SUBJECT%|%DOWNSTREAM_LOCAL_DNS_SAN%|%DOWNSTREAM_TLS_VERSION%|"
            "%REQUESTED_SERVER_NAME%",
        )
        context = self.authority.client_context
        self.assertFalse(self.refused(context(self.client_certificate)))
        self.assertTrue(self.refused(context()))
        self.assertTrue(self.refused(context(self.authority.issue("nameless", "DNS:no.test"))))
        stranger = other.issue("client", "URI:spiffe://test/client")
        self.assertTrue(self.refused(context(stranger)))
        expired = self.authority.issue("expired", "URI:spiffe://test/old", days=-1)
        self.assertTrue(self.refused(context(expired)))
        stats = self.running.stats()
        self.assertEqual(stats["listener.web.ssl.handshake"], 1)
        self.assertEqual(stats["listener.web.ssl.fail_verify_no_cert"], 1)
        self.assertEqual(stats["listener.web.ssl.fail_verify_san"], 1)
        self.assertEqual(stats["listener.web.ssl.fail_verify_error"], 2)
        log = self.running.folder / "access.log"
        eventually(lambda: log.exists() and log.read_text(), "a line")
        self.assertEqual(
            log.read_text().splitlines(),
            ["CN=client,O=Test|spiffe://test/client|client.test|CN=server,O=Test|weir.test,*.wild.test|"
             "TLSv1.3|weir.test"],
        )

    def test_a_certificate_is_asked_for_and_not_required(self):
        self.secured(
            validation_context={
                "trusted_ca": self.authority.source,
                "verify_certificate_hash": [self.client_certificate.sha256],
            }
        )
        context = self.authority.client_context
        self.assertFalse(self.refused(context(self.client_certificate)))
        self.assertFalse(self.refused(context()))
        self.assertTrue(self.refused(context(self.server)))
        self.assertEqual(self.running.stat("listener.web.ssl.fail_verify_cert_hash"), 1)
        self.assertEqual(self.running.stat("listener.web.ssl.no_certificate"), 1)

    def test_a_server_has_to_be_named(self):
        self.secured(require_sni=True)
        self.assertFalse(self.refused(self.authority.client_context()))
        nameless = self.authority.client_context()
        nameless.check_hostname = False
        self.assertTrue(self.refused(nameless, name=None))

    def test_sessions_are_resumed(self):
        self.secured()
        for highest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = self.authority.client_context(highest=highest)
            first = self.connect(context)
            first.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            self.assertIn(b"200", read_all(first))
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            again = context.wrap_socket(plain, server_hostname="weir.test", session=first.session)
            self.addCleanup(again.close)
            self.assertTrue(again.session_reused)
        eventually(lambda: self.running.stat("listener.web.ssl.session_reused") == 2, "the count")

    def test_a_handshake_that_takes_too_long(self):
        self.secured(chain={"transport_socket_connect_timeout": "0.3s"})
        silent = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(silent.close)
        began = time.monotonic()
        self.assertEqual(silent.recv(1), b"")
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.running.stat("listener.web.ssl.handshake_timeout"), 1)

    def test_what_is_no_tls_is_refused(self):
        self.secured()
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(plain.close)
        plain.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        self.assertNotIn(b"HTTP/1.1 200", read_all(plain))
        self.assertEqual(self.running.stat("listener.web.ssl.connection_error"), 1)

    def test_weir_check_reads_them(self):
        mixed = {**self.server.settings, "private_key": self.client_certificate.settings["private_key"]}
        for certificate, code, error in (
            (self.server, 0, "^$"),
            (mixed, 1, r"check.json:1:\d+: .*tls_certificates\[0\]: the private key is not that of"),
        ):
            listener = bootstrap.secured(
                bootstrap.listener("web"), bootstrap.downstream_tls(certificate)
            )
            settings = bootstrap.bootstrap(
                [listener], [bootstrap.cluster("upstream", self.upstream(Http1Upstream))]
            )
            file = self.authority.folder / "check.json"
            file.write_text(json.dumps(settings))
            ended, printed = run_to_end("check", str(file))
            self.assertEqual(ended, code, printed)
            self.assertRegex(printed, error)

    def test_the_end_is_told(self):
        """A response that ends with its connection is whole: close_notify says so."""
        self.secured()
        self.peer.respond = lambda request: _bytes(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        context = self.authority.client_context()
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection = context.wrap_socket(
            plain, server_hostname="weir.test", suppress_ragged_eofs=False
        )
        self.addCleanup(connection.close)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        self.assertTrue(read_all(connection).endswith(b"until the end"))

    def test_certificates_are_reloaded(self):
        """When their files change, and by SIGHUP; what cannot be used changes nothing."""
        changing = self.authority.issue("changing", "DNS:weir.test")
        weir = self.secured(certificate=changing)
        old = self.connect()

        def shown():
            return hashlib.sha256(self.connect().getpeercert(binary_form=True)).hexdigest()

        before = changing.sha256
        self.assertEqual(shown(), before)
        self.authority.issue("changing", "DNS:weir.test")
        self.assertNotEqual(changing.sha256, before)
        eventually(lambda: shown() == changing.sha256, "the new certificate")
        # A connection that was there goes on.
        old.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        self.assertTrue(old.recv(100).startswith(b"HTTP/1.1 200"))

        good = changing.chain.read_text()
        changing.chain.write_text(self.server.chain.read_text())
        weir.wait_for_line("rejected: .*the private key is not that of the certificate")
        self.assertNotEqual(shown(), self.server.sha256)
        changing.chain.write_text(good)
        weir.signal(signal.SIGHUP)
        weir.wait_for_line(r"configuration \d+ serves")
        self.assertEqual(shown(), changing.sha256)


async def _bytes(data):
    return data


class UpstreamTest(TlsTest):
    def proxied(self, peer, **fields):
        """A plain listener in front of a cluster with TLS."""
        cluster = bootstrap.cluster("upstream", peer)
        socket_settings = bootstrap.upstream_tls(*fields.pop("certificates", ()), **fields)
        self.serve(bootstrap.listener("web"), bootstrap.secured(cluster, socket_settings))

    def request(self, path="/", **parts):
        return self.client(self.port).request(path, **parts)

    def test_nginx_with_http2_and_client_certificates(self):
        self.peer = self.upstream(
            Nginx,
            flags="ssl http2",
            directives=f"""
              ssl_protocols TLSv1.2 TLSv1.3;
              ssl_certificate {self.server.chain};
              ssl_certificate_key {self.server.key};
              ssl_client_certificate {self.authority.certificate.chain};
              ssl_verify_client on;
              location / {{
                return 200 "$server_protocol $ssl_server_name $ssl_client_verify $ssl_protocol";
              }}
            """,
        )
        self.peer.scheme = "h2c"
        names = [{"san_type": "DNS", "matcher": {"exact": "any.wild.test"}}]
        self.proxied(
            self.peer,
            certificates=[self.client_certificate],
            sni="weir.test",
            validation_context={
                "trusted_ca": self.authority.source,
                "match_typed_subject_alt_names": names,
            },
        )
        self.assertEqual(self.request().text, "HTTP/2.0 weir.test SUCCESS TLSv1.3")
        self.assertEqual(self.running.stat("cluster.upstream.ssl.handshake"), 1)

    def test_bodies_over_both_protocols(self):
        for kind, alpn in ((Http1Upstream, "http/1.1"), (Http2Upstream, "h2")):
            with self.subTest(alpn):
                context = self.authority.server_context(self.server, alpn=[alpn])
                peer = self.upstream(kind, tls=context)
                self.proxied(peer, validation_context={"trusted_ca": self.authority.source})
                body = bytes(range(256)) * (4 * _MIB // 256)
                response = self.request(method="POST", body=body)
                self.assertEqual(hashlib.sha256(response.body).digest(),
                                 hashlib.sha256(body).digest())

    def test_an_upstream_that_is_not_trusted(self):
        stranger = Authority()
        self.addCleanup(stranger.close)
        peer = self.upstream(Http1Upstream, tls=self.authority.server_context(self.server))
        self.proxied(peer, validation_context={"trusted_ca": stranger.source})
        response = self.request()
        self.assertEqual(response.status, 503)
        self.assertIn("connection failure", response.text)
        self.assertEqual(peer.requests, [])
        stats = self.running.stats()
        self.assertEqual(stats["cluster.upstream.ssl.fail_verify_error"], 1)
        self.assertEqual(stats["cluster.upstream.upstream_cx_connect_fail"], 1)

    def test_an_upstream_with_another_name(self):
        peer = self.upstream(Http1Upstream, tls=self.authority.server_context(self.server))
        names = [{"san_type": "DNS", "matcher": {"exact": "other.test"}}]
        self.proxied(
            peer,
            validation_context={
                "trusted_ca": self.authority.source,
                "match_typed_subject_alt_names": names,
            },
        )
        self.assertEqual(self.request().status, 503)
        self.assertEqual(self.running.stat("cluster.upstream.ssl.fail_verify_san"), 1)

    def test_an_upstream_that_speaks_no_tls(self):
        def serve(connection):
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        self.proxied(self.upstream(TcpUpstream, serve=serve))
        self.assertEqual(self.request().status, 503)
        self.assertEqual(self.running.stat("cluster.upstream.ssl.connection_error"), 1)

    def test_an_end_without_a_word_cuts_a_response_off(self):
        """Whoever lies between could have ended it (RFC 9112, section 9.8)."""

        def serve(connection):
            context = self.authority.server_context(self.server)
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1 << 16)
                secured.sendall(b"HTTP/1.1 200 OK\r\n\r\nhalf of it")
                # The socket's end, not that of TLS.
                secured.shutdown(socket.SHUT_RDWR)

        peer = self.upstream(TcpUpstream, serve=serve)
        self.proxied(peer)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as client:
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            answer = read_all(client)
        self.assertNotIn(b"0\r\n\r\n", answer)

    def test_sessions_are_resumed(self):
        context = self.authority.server_context(self.server)
        peer = self.upstream(Http1Upstream, tls=context)

        async def respond(request):
            return Response(headers=[("connection", "close")], body=b"once")

        peer.respond = respond
        self.proxied(peer)
        for _ in range(3):
            self.assertEqual(self.request().text, "once")
        stats = self.running.stats()
        self.assertEqual(stats["cluster.upstream.ssl.handshake"], 3)
        self.assertEqual(stats["cluster.upstream.ssl.session_reused"], 2)


class CarriedTest(TlsTest):
    """TCP connections, secured on one side, the other, or both."""

    def carried(self, peer, *plugins, upstream=None):
        listener = bootstrap.tcp_listener("carried", *plugins)
        cluster = bootstrap.cluster("upstream", peer)
        if upstream:
            cluster = bootstrap.secured(cluster, upstream)
        return self.serve(
            bootstrap.secured(listener, bootstrap.downstream_tls(self.server)), cluster
        )

    def exchange(self, data):
        """Sends all, ends by close_notify alone, and returns what comes until the peer's."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.authority.client_context().wrap_bio(
            incoming, outgoing, server_hostname="weir.test"
        )
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plain:

            def pump():
                plain.sendall(outgoing.read())
                piece = plain.recv(1 << 16)
                incoming.write(piece) if piece else incoming.write_eof()

            def finished(step, *arguments):
                while True:
                    try:
                        return step(*arguments)
                    except ssl.SSLWantReadError:
                        pump()

            finished(tls.do_handshake)
            tls.write(data)
            try:
                tls.unwrap()
            except ssl.SSLWantReadError:
                pass
            received = bytearray()
            while True:
                try:
                    piece = finished(tls.read, 1 << 16)
                except ssl.SSLZeroReturnError:
                    return bytes(received)
                if not piece:
                    return bytes(received)
                received += piece

    def test_each_side_ends_by_itself(self):
        """The upstream answers after the client's end alone."""

        def serve(connection):
            connection.sendall(b"got %d" % len(read_all(connection)))
            connection.shutdown(socket.SHUT_WR)

        self.carried(self.upstream(TcpUpstream, serve=serve))
        self.assertEqual(self.exchange(b"x" * 100_000), b"got 100000")

    def test_both_sides_secured(self):
        context = self.authority.server_context(self.server)

        def serve(connection):
            with context.wrap_socket(connection, server_side=True) as secured:
                while piece := secured.recv(1 << 16):
                    secured.sendall(piece)
                secured.unwrap()

        settings = bootstrap.upstream_tls(
            sni="weir.test", validation_context={"trusted_ca": self.authority.source}
        )
        self.carried(self.upstream(TcpUpstream, serve=serve), upstream=settings)
        data = bytes(range(256)) * 2000
        self.assertEqual(self.exchange(data), data)
        self.assertEqual(self.running.stat("cluster.upstream.ssl.handshake"), 1)

    def test_a_server_that_speaks_first(self):
        def serve(connection):
            connection.sendall(b"220 ready\r\n")
            echo(connection)

        self.carried(self.upstream(TcpUpstream, serve=serve))
        connection = self.connect()
        self.assertEqual(connection.recv(100), b"220 ready\r\n")


if __name__ == "__main__":
    unittest.main()
