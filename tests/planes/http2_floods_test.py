"""Clients of HTTP/2 that mean no good, against a running `weir serve`: each loses its connection, is counted, and costs
its neighbours nothing. The limits are small, so that little has to be sent."""

import asyncio
import socket
import threading
import time
import unittest

from peers import bootstrap
from peers.case import PlaneTest
from peers.frames import (
    END_STREAM,
    GET,
    GOAWAY,
    HEADERS,
    INITIAL_WINDOW_SIZE,
    PING,
    PREFACE,
    FrameClient,
    FramePeer,
    block,
    continuation,
    data,
    frame,
    headers,
    ping,
    priority,
    reset,
    settings,
    window_update,
    without,
)
from peers.http1 import Http1Upstream
from peers.http2 import Http2Upstream
from peers.message import Response
from peers.tcp import TcpClient
from peers.weir import eventually

_LIMITS = {
    "max_outbound_frames": 500,
    "max_outbound_control_frames": 100,
    "max_inbound_priority_frames_per_stream": 10,
    "max_inbound_window_update_frames_per_data_frame_sent": 1,
}
_CALM = "goaway ENHANCE_YOUR_CALM"
_HANG = [*without(GET, ":path"), (":path", "/hang")]


async def respond(request):
    if request.path == "/hang":
        await asyncio.sleep(3600)
    if request.path == "/large":
        return Response(200, body=b"x" * 1_000_000)
    return Response(200, body=b"ok")


class FloodsTest(PlaneTest):
    def serve(self, upstream_kind=Http1Upstream, options=None, **manager):
        self.upstream_ = self.upstream(upstream_kind, respond=respond)
        listener = bootstrap.listener("floods", http2_protocol_options={**_LIMITS, **(options or {})}, **manager)
        self.cluster = bootstrap.cluster("upstream", self.upstream_)
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], [self.cluster]))
        self.neighbour = self.connect()
        self.neighbour.get(1)
        self.assertEqual(self.neighbour.outcome(), "status 200")

    def connect(self, **options):
        client = FrameClient(self.running.port, **options)
        self.addCleanup(client.close)
        return client

    def assert_refused(self, client, stat, outcome=_CALM):
        self.assertEqual(client.outcome(), outcome)
        eventually(lambda: self.running.stat(stat) == 1, stat)
        self.neighbour.get(3)
        self.assertEqual(self.neighbour.outcome(), "status 200")
        eventually(lambda: self.running.stat("http.floods.downstream_cx_active") == 1, "its end")
        self.assertEqual(self.running.stat("http.floods.downstream_rq_active"), 0)

    def test_requests_that_are_reset_at_once(self):
        self.serve()
        client = self.connect()
        for i in range(250):
            client.send(headers(1 + 2 * i, _HANG), reset(1 + 2 * i))
        self.assert_refused(client, "http.floods.downstream_rq_too_many_premature_resets")
        self.assertEqual(self.running.stat("http2.rx_reset"), 250)

    def test_a_header_block_without_end(self):
        self.serve()
        client = self.connect()
        piece = continuation(1, block([("x", "y" * 1000)]), end=False)
        client.send(headers(1, GET, flags=END_STREAM), *[piece] * 20)
        self.assertEqual(client.outcome(), _CALM)

    def test_continuations_of_nothing(self):
        self.serve()
        client = self.connect()
        client.send(headers(1, GET, flags=END_STREAM), *[continuation(1, b"", end=False)] * 3)
        self.assert_refused(client, "http2.inbound_empty_frames_flood")

    def test_data_of_nothing(self):
        self.serve()
        client = self.connect()
        client.send(headers(1, _HANG, end=False), *[data(1, b"", end=False)] * 3)
        self.assert_refused(client, "http2.inbound_empty_frames_flood")

    def test_a_header_block_that_grows_when_it_is_read(self):
        self.serve()
        client = self.connect()
        large = b"\x40\x01x\x7f\xbc\x1d" + b"v" * 3899
        client.send(headers(1, block(GET) + large + b"\xbe" * 5000))
        self.assert_refused(client, "http2.header_overflow")

    def test_priorities(self):
        self.serve()
        client = self.connect()
        client.send(*[priority(1)] * 11)
        self.assert_refused(client, "http2.inbound_priority_frames_flood")

    def test_window_updates(self):
        self.serve()
        client = self.connect()
        client.send(*[window_update(0, 1)] * 6)
        self.assert_refused(client, "http2.inbound_window_update_frames_flood")

    def fill(self, client):
        """Asks for more than sockets hold, and reads none of it."""
        client.send(
            settings((INITIAL_WINDOW_SIZE, 0x7FFFFFFF)),
            window_update(0, 0x7FFF0000),
            *[headers(1001 + 2 * i, [*without(GET, ":path"), (":path", "/large")]) for i in range(20)],
        )
        time.sleep(0.5)

    def assert_dropped(self, client, stat):
        eventually(lambda: self.running.stat(stat) == 1, stat)
        eventually(lambda: self.running.stat("http.floods.downstream_cx_active") == 1, "its end")
        self.neighbour.get(3)
        self.assertEqual(self.neighbour.outcome(), "status 200")

    def test_pings_of_a_client_that_does_not_read(self):
        self.serve()
        client = self.connect()
        self.fill(client)
        client.send(*[ping()] * 300)
        self.assert_dropped(client, "http2.outbound_control_flood")

    def test_settings_of_a_client_that_does_not_read(self):
        self.serve()
        client = self.connect()
        self.fill(client)
        client.send(*[settings()] * 300)
        self.assert_dropped(client, "http2.outbound_control_flood")

    def test_requests_of_a_client_that_does_not_read(self):
        self.serve(options={"max_concurrent_streams": 2000})
        client = self.connect()
        self.fill(client)
        missing = [*without(GET, ":path"), (":path", "/x")]
        client.send(*[headers(2001 + 2 * i, missing) for i in range(900)])
        self.assert_dropped(client, "http2.outbound_flood")

    def test_pings_of_a_client_that_reads(self):
        self.serve()
        client = self.connect()
        for _ in range(20):
            client.send(*[ping()] * 50)
            for _ in range(50):
                self.assertIsNotNone(client.receive_kind(PING))
        client.get(1)
        self.assertEqual(client.outcome(), "status 200")

    def test_windows_that_stay_closed_hold_little(self):
        self.serve(options={"max_concurrent_streams": 200})
        before = self.running.rss_bytes()
        client = self.connect()
        client.send(settings((INITIAL_WINDOW_SIZE, 0)))
        path = [*without(GET, ":path"), (":path", "/large")]
        client.send(*[headers(1 + 2 * i, path) for i in range(200)])
        for _ in range(200):
            self.assertEqual(client.receive_kind(HEADERS).status, "200")
        time.sleep(0.5)
        # 200 MB were asked for.
        self.assertLess(self.running.rss_bytes() - before, 60_000_000)

    def test_an_upstream_that_floods(self):
        self.serve()
        listener = bootstrap.listener("second")
        flooding = FloodingUpstream()
        self.addCleanup(flooding.close)
        running = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", flooding)])
        )
        client = FrameClient(running.port)
        self.addCleanup(client.close)
        client.get(1)
        self.assertEqual(client.outcome(), "status 503")
        eventually(
            lambda: running.stat("cluster.upstream.http2.inbound_empty_frames_flood") == 1, "the count"
        )


class FloodingUpstream:
    """Answers the first request with nothing, again and again."""

    scheme = "h2c"

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        peer = FramePeer(connection)
        peer._receive(len(PREFACE))
        peer.send(settings())
        request = peer.receive_kind(HEADERS)
        peer.send(*[frame(HEADERS, 0, request.stream)], *[continuation(request.stream, end=False)] * 5)
        while peer.receive() is not None:
            pass

    def close(self):
        self._listening.close()


class LimitsTest(PlaneTest):
    """How long connections and requests may go on."""

    def serve(self, kind=Http1Upstream, protocol=None, **common):
        upstream = self.upstream(kind, respond=respond)
        cluster = bootstrap.cluster("upstream", upstream)
        if protocol:
            for options in cluster["typed_extension_protocol_options"].values():
                options.update(protocol)
        listener = bootstrap.listener("limits", common_http_protocol_options=common)
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], [cluster]))
        self.client = FrameClient(self.running.port)
        self.addCleanup(self.client.close)

    def test_max_requests_per_connection(self):
        self.serve(max_requests_per_connection=2)
        self.client.get(1)
        self.assertEqual(self.client.outcome(), "status 200")
        self.client.get(3)
        self.assertEqual(self.client.outcome(), "status 200")
        # Frames are answered meanwhile, as they have to be for the end to come.
        self.assertIsNone(self.client.receive_kind())
        self.assertEqual(self.running.stat("http.limits.downstream_cx_max_requests_reached"), 1)

    def test_max_requests_per_connection_of_http1(self):
        self.serve(max_requests_per_connection=2)
        connection = TcpClient(self.running.port)
        self.addCleanup(connection.close)
        connection.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
        first, second, *_ = connection.receive_all().lower().split(b"http/1.1 200")[1:]
        self.assertNotIn(b"connection: close", first)
        self.assertIn(b"connection: close", second)

    def test_max_connection_duration(self):
        self.serve(max_connection_duration="0.3s")
        self.client.get(1)
        self.assertEqual(self.client.outcome(), "status 200")
        self.assertEqual(self.client.receive_kind(GOAWAY).code, "NO_ERROR")
        self.assertEqual(self.running.stat("http.limits.downstream_cx_max_duration_reached"), 1)

    def test_max_stream_duration(self):
        self.serve(max_stream_duration="0.3s")
        self.client.get(1, "/hang")
        self.assertEqual(self.client.outcome(), "status 504")
        self.client.send(headers(3, _HANG, end=False))
        self.assertEqual(self.client.outcome(), "status 408")
        self.assertEqual(self.running.stat("http.limits.downstream_rq_max_duration_reached"), 2)

    def test_max_requests_per_connection_to_upstreams(self):
        self.serve(Http2Upstream, {"common_http_protocol_options": {"max_requests_per_connection": 2}})
        for i in range(6):
            self.client.get(1 + 2 * i)
            self.assertEqual(self.client.outcome(), "status 200")
        self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_total"), 3)
        self.assertEqual(self.running.stat("cluster.upstream.upstream_cx_max_requests"), 3)

    def test_keepalive_finds_out_who_has_gone(self):
        options = {"connection_keepalive": {"interval": "0.2s", "timeout": "0.2s"}}
        upstream = self.upstream(respond=respond)
        listener = bootstrap.listener("limits", http2_protocol_options=options)
        running = self.weir(
            bootstrap=bootstrap.bootstrap([listener], [bootstrap.cluster("upstream", upstream)])
        )
        silent = FrameClient(running.port)
        self.addCleanup(silent.close)
        eventually(lambda: running.stat("http2.keepalive_timeout") == 1, "the end of its patience")
        there = FrameClient(running.port)
        self.addCleanup(there.close)
        # It answers, while it waits for what does not come.
        for _ in range(3):
            self.assertIsNotNone(there.receive_kind(PING))
        self.assertEqual(running.stat("http2.keepalive_timeout"), 1)


if __name__ == "__main__":
    unittest.main()
