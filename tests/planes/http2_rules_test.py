"""`weir serve` holds what comes by HTTP/2 against RFC 9113, frame by frame, and serves on whatever comes."""

import asyncio
import unittest

from http2_rules import compression, connection, frames, messages
from peers import bootstrap
from peers.case import PlaneTest
from peers.certificates import Authority
from peers.frames import FrameClient, Wait, client_context
from peers.message import Response

CASES = [
    case
    for module in (connection, frames, messages, compression)
    for case in module.CASES
]

LIMITS = {"max_concurrent_streams": 10, "max_consecutive_inbound_frames_with_empty_payload": 3}


async def respond(request):
    """What the suite's requests get. "/hang" stays open."""
    if request.path == "/hang":
        await asyncio.sleep(3600)
    return Response(200, body=request.body)


def routes():
    direct = {"status": 200, "body": {"inline_string": "here"}}
    return [
        {"match": {"path": "/direct"}, "direct_response": direct},
        {"match": {"prefix": "/"}, "route": {"cluster": "upstream"}},
    ]


def play(client, case):
    """What becomes of a case on a connection."""
    client.send(*case.send)
    if case.expect != "goes on":
        return client.outcome(Wait.RESPONSE)
    client.witness()
    return client.outcome(Wait.WITNESS)


class Rules:
    """The suite over one transport."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.authority = Authority()
        cls.addClassCleanup(cls.authority.close)
        cls.certificate = cls.authority.issue("server", "DNS:rules.test")

    def connect(self, greet=True):
        client = FrameClient(self.port, tls=self.context(), greet=greet)
        self.addCleanup(client.close)
        return client

    def test_each_case_comes_to_what_it_should(self):
        upstream = self.upstream(respond=respond)
        listener = self.listener(
            bootstrap.listener("rules", routes=routes(), codec_type="HTTP2", http2_protocol_options=LIMITS)
        )
        running = self.weir(bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", upstream)]))
        self.port = running.port
        neighbour = self.connect()
        for number, case in enumerate(CASES):
            with self.subTest(section=case.section, case=case.name):
                client = FrameClient(self.port, tls=self.context(), greet=case.greet)
                try:
                    self.assertEqual(play(client, case), case.expect)
                finally:
                    client.close()
                # Another connection does not notice.
                neighbour.get(1 + 2 * number, "/direct")
                self.assertEqual(neighbour.outcome(), "status 200")
        stats = running.stats()
        self.assertGreater(stats["http2.rx_messaging_error"], 50)
        self.assertGreater(stats["http2.goaway_sent"], 50)


class PlainTest(Rules, PlaneTest):
    def context(self):
        return None

    def listener(self, listener):
        return listener


class TlsTest(Rules, PlaneTest):
    def context(self):
        return client_context(self.authority.certificate.chain)

    def listener(self, listener):
        socket = bootstrap.downstream_tls(self.certificate, alpn_protocols=["h2"])
        return bootstrap.secured(listener, socket)


class SuiteTest(unittest.TestCase):
    def test_it_has_no_case_twice_and_enough_of_them(self):
        names = [(case.section, case.name) for case in CASES]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreaterEqual(len(names), 120)


if __name__ == "__main__":
    unittest.main()
