"""A plugin in `weir serve` that answers when the response's headers have gone: the response is broken off, as in Envoy."""

import subprocess
import unittest

from peers.case import PlaneTest
from peers.http1 import Http1Upstream
from peers.message import Response


class LateAnswerTest(PlaneTest):
    def test_the_response_is_broken_off(self):
        up = self.upstream(Http1Upstream)

        async def respond(_):
            return Response(200, body=bytes(200_000))

        up.respond = respond
        weir = self.weir("--upstream", up.url, self.module("answers_late"))
        for version, cut in [("--http1.1", (18, 56)), ("--http2-prior-knowledge", (18, 92))]:
            with self.subTest(version):
                told = subprocess.run(
                    [
                        *["curl", "--silent", version, "--include", "--max-time", "20"],
                        f"http://127.0.0.1:{weir.port}/any",
                    ],
                    capture_output=True,
                    check=False,
                    timeout=60,
                )
                self.assertIn(told.returncode, cut)  # not 28, which is the time-out
                # In HTTP/2 the end may overtake headers that wait to be sent.
                status = told.stdout.split(b"\r\n")[0].split()[1:2]
                self.assertIn(status, ([b"200"], []))
                self.assertLess(len(told.stdout), 200_000)
        weir.wait_for_line("the response has begun already")


if __name__ == "__main__":
    unittest.main()
