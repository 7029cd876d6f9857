"""gRPC-Web is content like any other: what browsers' clients send and get passes plugins byte by byte,
the trailers in the body too, and as it comes."""

import base64
import struct
import unittest

from peers import loop
from peers.case import PlaneTest, ProtocolTest, guest, over_all_protocols
from peers.http1 import Http1Connection
from peers.message import Fields, Response, make_request

_DATA, _TRAILERS = 0x00, 0x80


def frame(flags, payload):
    """A frame of gRPC-Web: what it is, its length, itself."""
    return struct.pack(">BI", flags, len(payload)) + payload


_REQUEST = frame(_DATA, b"\n\x05hello")
_ANSWERS = [frame(_DATA, b"\n\x03one"), frame(_DATA, bytes(range(256)) * 300)]
_END = frame(_TRAILERS, b"grpc-status: 5\r\ngrpc-message: not%20there\r\n")
_BINARY = "application/grpc-web+proto"
_TEXT = "application/grpc-web-text+proto"


def encoded(frames):
    """As -text has it: each frame in base64 by itself, with its padding."""
    return b"".join(base64.b64encode(one) for one in frames)


@over_all_protocols
class GrpcWeb(ProtocolTest):
    """Through a plugin that watches bodies, and one that changes headers."""

    @classmethod
    def arguments(cls):
        return [guest("http_all")]

    def check(self, content_type, request_body, pieces, path):
        async def respond(_):
            return Response(headers=Fields([("content-type", content_type)]), body=pieces)

        self.upstream.respond = respond
        headers = {"content-type": content_type, "x-grpc-web": "1", "accept": content_type}
        response = self.request(path, method="POST", headers=headers, body=request_body)
        self.assertEqual(response.status, 200)
        self.assertEqual(response.headers.get("content-type"), content_type)
        self.assertEqual(response.body, b"".join(pieces))
        self.assertEqual(list(response.trailers), [])
        self.assertNotIn("grpc-status", response.headers)
        self.assertEqual(self.received.body, request_body)
        self.assertEqual(self.received.headers.get("content-type"), content_type)
        self.assertEqual(self.received.headers.get("x-grpc-web"), "1")
        self.assertNotIn("te", self.received.headers)

    def test_binary(self):
        self.check(_BINARY, _REQUEST, [*_ANSWERS, _END], "/weir.test.Echo/Chat")

    def test_text(self):
        frames = [encoded([one]) for one in [*_ANSWERS, _END]]
        self.check(_TEXT, encoded([_REQUEST]), frames, "/weir.test.Echo/Chat")

    def test_headers_that_a_plugin_edits(self):
        self.check(_BINARY, _REQUEST, [*_ANSWERS, _END], "/headers")

    def test_an_end_alone(self):
        self.check(_BINARY, _REQUEST, [_END], "/weir.test.Echo/Unary")

    def test_a_plugins_answer_is_plain_http(self):
        headers = {"content-type": _BINARY, "x-grpc-web": "1"}
        response = self.request("/local-response", method="POST", headers=headers, body=_REQUEST)
        # Only application/grpc is answered in gRPC's own way.
        self.assertEqual((response.status, response.body), (403, b"denied by guest"))
        self.assertNotIn("grpc-status", response.headers)


class StreamingTest(PlaneTest):
    def test_frames_arrive_as_they_are_sent(self):
        gate = loop.Gate()

        async def frames():
            yield _ANSWERS[0]
            await gate.passed()
            yield _END

        async def respond(_):
            return Response(headers=Fields([("content-type", _BINARY)]), body=frames())

        upstream = self.upstream(respond=respond)
        weir = self.weir(guest("http_all"), "--upstream", upstream.url)
        connection = loop.run(Http1Connection.open(weir.port))
        self.addCleanup(loop.call, connection.close)
        request = make_request("/Chat", method="POST", headers={"content-type": _BINARY}, body=_REQUEST)
        loop.run(connection.send(request))
        loop.run(connection.receive_headers())
        first = b"%x\r\n%s\r\n" % (len(_ANSWERS[0]), _ANSWERS[0])
        self.assertEqual(loop.run(connection.receive_bytes(len(first))), first)
        gate.open()
        rest = b"%x\r\n%s\r\n0\r\n\r\n" % (len(_END), _END)
        self.assertEqual(loop.run(connection.receive_bytes(len(rest))), rest)


if __name__ == "__main__":
    unittest.main()
