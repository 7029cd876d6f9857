"""Clients that others have written: curl, nghttp, h2load, and those of Python."""

import http.client
import subprocess
import unittest
import urllib.error
import urllib.request

from peers.case import PlaneTest, guest
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream


def printed_by(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


class ClientsTest(PlaneTest):
    def serve(self, kind):
        self.upstream = self.upstream(kind)
        weir = self.weir(guest("http_all"), "--upstream", self.upstream.url, workers=2)
        self.port = weir.port
        self.url = f"http://127.0.0.1:{weir.port}"

    def test_curl_over_http1(self):
        self.serve(Http2Upstream)
        url = f"{self.url}/body/rewrite"
        curl = ["curl", "--silent", "--show-error", "--http1.1", "--include"]
        printed = printed_by(*curl, "--data", "hello", url)
        self.assertTrue(printed.startswith("HTTP/1.1 200"))
        self.assertTrue(printed.endswith("response(request(hello))"))

    def test_curl_over_http2(self):
        self.serve(Http1Upstream)
        url = f"{self.url}/body/rewrite"
        curl = ["curl", "--silent", "--show-error", "--http2-prior-knowledge", "--include"]
        printed = printed_by(*curl, "--data", "hello", url)
        self.assertTrue(printed.startswith("HTTP/2 200"))
        self.assertTrue(printed.endswith("response(request(hello))"))

    def test_curl_on_one_connection(self):
        self.serve(Http1Upstream)
        urls = [f"{self.url}/{number}" for number in range(5)]
        curl = ["curl", "--silent", "--show-error", "--write-out", "%{http_code} %{num_connects}\n"]
        lines = printed_by(*curl, *urls).splitlines()
        self.assertEqual(lines, ["200 1"] + ["200 0"] * 4)

    def test_nghttp_with_trailers(self):
        self.serve(Http2Upstream)
        nghttp = ["nghttp", "--verbose", "--no-dep", "--data", __file__, "--header", "te: trailers"]
        printed = printed_by(*nghttp, "--trailer", "x-set: client", f"{self.url}/trailers")
        self.assertIn(":status: 200", printed)
        trailers = self.upstream.requests[0].trailers
        self.assertEqual((trailers.get("x-set"), trailers.get("x-added")), ("guest", "guest"))
        self.assertIn("x-added: guest", printed)

    def test_h2load(self):
        self.serve(Http1Upstream)
        for protocol in (["--h1"], []):
            with self.subTest(protocol=protocol):
                printed = printed_by("h2load", *protocol, "-n500", "-c10", f"{self.url}/headers")
                self.assertIn("500 succeeded, 0 failed, 0 errored, 0 timeout", printed)

    def test_urllib(self):
        self.serve(Http2Upstream)
        with urllib.request.urlopen(f"{self.url}/body/rewrite", data=b"hello", timeout=10) as answer:
            self.assertEqual(answer.read(), b"response(request(hello))")
        with self.assertRaises(urllib.error.HTTPError) as failed:
            urllib.request.urlopen(f"{self.url}/local-response", timeout=10)
        self.assertEqual(failed.exception.code, 403)
        failed.exception.close()

    def test_http_client_with_chunks_on_one_connection(self):
        self.serve(Http1Upstream)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        self.addCleanup(connection.close)
        for count in range(1, 4):
            pieces = [b"piece"] * count
            connection.request("POST", "/body/rewrite", body=iter(pieces), encode_chunked=True,
                               headers={"Transfer-Encoding": "chunked"})
            answer = connection.getresponse()
            self.assertEqual(answer.read(), b"response(request(" + b"piece" * count + b"))")


if __name__ == "__main__":
    unittest.main()
