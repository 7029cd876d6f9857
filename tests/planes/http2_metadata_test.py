"""METADATA frames through `weir serve`: between peers that speak them, and to plugins."""

import pathlib
import socket
import subprocess
import tempfile
import threading
import unittest

import hpack

from peers import bootstrap
from peers.case import PlaneTest
from peers.frames import (
    DATA,
    ENABLE_METADATA,
    END_METADATA,
    GOAWAY,
    HEADERS,
    METADATA,
    POST,
    PREFACE,
    RST_STREAM,
    FrameClient,
    FramePeer,
    block,
    data,
    frame,
    headers,
    metadata,
    settings,
)

_MODULE = pathlib.Path(__file__).parent / "modules/metadata.wat"
_ALLOWED = {"allow_metadata": True}


def entries(payload):
    return hpack.Decoder().decode(payload)


class MetadataUpstream:
    """Takes connections, as frames. Each request gets `script(peer, stream)`, and all METADATA is kept."""

    scheme = "h2c"

    def __init__(self, script):
        self._script = script
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.metadata = []  # streams and entries
        self.frames = 0  # of METADATA
        self.settings = {}
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            thread.start()

    def _serve(self, connection):
        peer = FramePeer(connection)
        assert peer._receive(len(PREFACE)) == PREFACE
        peer.send(settings((ENABLE_METADATA, 1)))
        so_far = b""
        while (got := peer.receive()) is not None:
            self.settings.update(peer.settings)
            if got.kind == METADATA:
                self.frames += 1
                so_far += got.payload
                if got.flags & END_METADATA:
                    self.metadata.append((got.stream, entries(so_far)))
                    so_far = b""
            if got.kind in (HEADERS, DATA) and got.flags & 1:
                self._script(peer, got.stream)

    def close(self):
        self._listening.close()


def answer(peer, stream):
    """Metadata before the headers, after them, and before the end."""
    peer.send(metadata(stream, [("before", "headers")]))
    peer.send(headers(stream, [(":status", "200")], end=False))
    peer.send(metadata(stream, [("after", "headers"), ("two", "2")]), data(stream, b"body", end=False))
    peer.send(metadata(stream, [("before", "end")]), data(stream, b"", end=True))


class MetadataTest(PlaneTest):
    def plugin(self):
        folder = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.addCleanup(folder.cleanup)
        module = pathlib.Path(folder.name) / "metadata.wasm"
        subprocess.run(["wat2wasm", _MODULE, "-o", module], check=True)
        return bootstrap.plugin("metadata", module)

    def serve(self, *plugins, downstream=_ALLOWED, upstream=_ALLOWED):
        self.upstream = MetadataUpstream(answer)
        self.addCleanup(self.upstream.close)
        cluster = bootstrap.cluster("upstream", self.upstream)
        for options in cluster["typed_extension_protocol_options"].values():
            options["explicit_http_config"]["http2_protocol_options"] = upstream
        listener = bootstrap.listener("metadata", *plugins, http2_protocol_options=downstream)
        self.running = self.weir(bootstrap=bootstrap.bootstrap([listener], [cluster]))
        self.client = FrameClient(self.running.port)
        self.addCleanup(self.client.close)

    def exchange(self, *frames, stream=1):
        """What the client gets of a request with these frames between its headers and its end: its
        METADATA, and how it ends."""
        self.client.send(headers(stream, POST, end=False), *frames, data(stream, b"x"))
        received = []
        while (got := self.client.receive()) is not None:
            if got.kind == METADATA:
                received.append(entries(got.payload))
            if got.kind == RST_STREAM and got.code != "NO_ERROR":
                return received, f"reset {got.code}"
            if got.kind == GOAWAY:
                return received, f"goaway {got.code}"
            if got.kind == HEADERS and got.flags & 1:
                return received, f"status {got.status}"
            if got.kind == DATA and got.flags & 1:
                return received, "ended"
        return received, "closed"

    def test_it_passes_both_ways_and_plugins_are_told(self):
        self.serve(self.plugin())
        received, end = self.exchange(metadata(1, [("rtt", "100ms"), ("x", "y")]), metadata(1, [("z", "")]))
        self.assertEqual(end, "ended")
        self.assertEqual(
            self.upstream.metadata, [(1, [("rtt", "100ms"), ("x", "y")]), (1, [("z", "")])]
        )
        self.assertEqual(
            received,
            [[("before", "headers")], [("after", "headers"), ("two", "2")], [("before", "end")]],
        )
        told = [line.rsplit(": ", 1)[1] for line in self.running.lines("metadata of")]
        self.assertEqual(
            told,
            ["request metadata of 2", "request metadata of 1"]
            + ["response metadata of 1", "response metadata of 2", "response metadata of 1"],
        )

    def test_both_sides_are_told_that_it_is_spoken(self):
        self.serve()
        self.exchange()
        self.assertEqual(self.client.settings[ENABLE_METADATA], 1)
        self.assertEqual(self.upstream.settings[ENABLE_METADATA], 1)

    def test_a_block_may_come_in_pieces_and_leaves_in_pieces(self):
        self.serve()
        large = block([("large", "x" * 40_000)])
        pieces = [large[:16_000], large[16_000:32_000]]
        frames = [frame(METADATA, 0, 1, piece) for piece in pieces]
        frames.append(frame(METADATA, END_METADATA, 1, large[32_000:]))
        _, end = self.exchange(*frames)
        self.assertEqual(end, "ended")
        self.assertEqual(self.upstream.metadata, [(1, [("large", "x" * 40_000)])])
        self.assertGreater(self.upstream.frames, 1)

    def test_a_plugin_may_answer_it(self):
        self.serve(self.plugin())
        received, end = self.exchange(metadata(1, [(name, "1") for name in "abcd"]))
        self.assertEqual((received, end), ([], "status 403"))

    def test_it_is_ignored_unless_allowed(self):
        self.serve(self.plugin(), downstream={}, upstream={})
        received, end = self.exchange(metadata(1, [("a", "b")]))
        self.assertEqual((received, end), ([], "ended"))
        self.assertEqual(self.upstream.metadata, [])
        self.assertEqual(self.running.lines("metadata of"), [])
        self.assertNotIn(ENABLE_METADATA, self.client.settings)

    def test_one_side_alone_is_enough_for_plugins(self):
        self.serve(self.plugin(), upstream={})
        received, end = self.exchange(metadata(1, [("a", "b")]))
        self.assertEqual((received, end), ([], "ended"))
        self.assertEqual(self.upstream.metadata, [])
        self.assertEqual(len(self.running.lines("request metadata of 1")), 1)

    def test_it_is_bounded(self):
        self.serve(downstream={**_ALLOWED, "max_metadata_size": 1000})
        received, end = self.exchange(metadata(1, [("a", "b" * 2000)]))
        self.assertEqual((received, end), ([], "reset ENHANCE_YOUR_CALM"))
        # Many small ones come to as much.
        received, end = self.exchange(*[frame(METADATA, END_METADATA, 3, b"\x82")] * 50, stream=3)
        self.assertEqual((received, end), ([], "reset ENHANCE_YOUR_CALM"))
        received, end = self.exchange(metadata(5, [("a", "b")]), stream=5)
        self.assertEqual(end, "ended")
        self.assertEqual(self.running.stat("http2.metadata_overflow"), 2)

    def test_what_is_no_block_costs_its_stream(self):
        self.serve()
        received, end = self.exchange(frame(METADATA, END_METADATA, 1, b"\x80"))
        self.assertEqual((received, end), ([], "reset COMPRESSION_ERROR"))
        self.assertEqual(self.exchange(stream=3)[1], "ended")


if __name__ == "__main__":
    unittest.main()
