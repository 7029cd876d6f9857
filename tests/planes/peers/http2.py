"""HTTP/2 with prior knowledge, on the h2 library."""

import asyncio
import contextlib

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from . import loop
from .message import Broken, Client, Fields, Request, Response, echo, pieces


class _Connection(h2.connection.H2Connection):
    """To h2 a GOAWAY is a connection's end; here streams go on (RFC 9113, 6.8)."""

    def _receive_goaway_frame(self, frame):
        return [], []


def _encoded(fields):
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]


class _Stream:
    """What has arrived on a stream so far."""

    def __init__(self):
        self.headers = None
        self.body = bytearray()
        self.trailers = Fields()
        self.ended = asyncio.get_running_loop().create_future()
        self.broken_off = False

    def pseudo(self, name):
        return self.headers.get(name)

    def fields(self):
        return Fields(pair for pair in self.headers if not pair[0].startswith(":"))


class _Peer:
    """One side of a connection: reads until its end, and hands over each stream that has ended."""

    def __init__(self, reader, writer, client_side):
        config = h2.config.H2Configuration(client_side=client_side, header_encoding="latin-1")
        self.h2 = _Connection(config)
        self._reader = reader
        self._writer = writer
        self.streams = {}
        self._window_opened = asyncio.Event()
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(1 << 24)
        self.flush()

    def flush(self):
        with contextlib.suppress(ConnectionError):
            self._writer.write(self.h2.data_to_send())

    async def run(self):
        try:
            with contextlib.suppress(ConnectionError, h2.exceptions.ProtocolError):
                while data := await self._reader.read(1 << 16):
                    for event in self.h2.receive_data(data):
                        self._on_event(event)
                    self.flush()
        finally:
            for stream in self.streams.values():
                self._break_off(stream, "the connection has ended")
            self._window_opened.set()
            self._writer.close()
            self.on_end()

    def on_request(self, stream_id, stream):
        pass

    def on_end(self):
        pass

    def _break_off(self, stream, why):
        stream.broken_off = True
        if not stream.ended.done():
            stream.ended.set_exception(Broken(why))
            stream.ended.exception()  # it may be that nobody asks

    def _on_event(self, event):
        if isinstance(event, (h2.events.RequestReceived, h2.events.ResponseReceived)):
            stream = self.streams.setdefault(event.stream_id, _Stream())
            stream.headers = Fields(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            self.streams[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.TrailersReceived):
            self.streams[event.stream_id].trailers = Fields(event.headers)
        elif isinstance(event, h2.events.StreamEnded):
            stream = self.streams[event.stream_id]
            if not stream.ended.done():
                stream.ended.set_result(stream)
                self.on_request(event.stream_id, stream)
        elif isinstance(event, h2.events.StreamReset):
            if stream := self.streams.get(event.stream_id):
                self._break_off(stream, f"reset with code {int(event.error_code)}")
            self._window_opened.set()
        elif isinstance(event, (h2.events.WindowUpdated, h2.events.RemoteSettingsChanged)):
            self._window_opened.set()

    async def _send_data(self, stream_id, data, end):
        while data or end:
            room = self.h2.local_flow_control_window(stream_id)
            size = min(len(data), room, self.h2.max_outbound_frame_size)
            if data and size == 0:
                self._window_opened.clear()
                await self._window_opened.wait()
                if self.streams[stream_id].broken_off:
                    raise Broken("nobody wants the body")
                continue
            last = end and size == len(data)
            self.h2.send_data(stream_id, data[:size], end_stream=last)
            self.flush()
            await self._writer.drain()
            data = data[size:]
            if last:
                return

    async def send_message(self, stream_id, pseudo_headers, message):
        whole = isinstance(message.body, bytes) and not message.trailers
        no_body = whole and not message.body
        headers = pseudo_headers + message.headers
        if whole and not no_body and "content-length" not in message.headers:
            headers.append(("content-length", str(len(message.body))))
        self.h2.send_headers(stream_id, _encoded(headers), end_stream=no_body)
        self.flush()
        if no_body:
            return
        if whole:
            return await self._send_data(stream_id, message.body, end=True)
        async for piece in pieces(message.body):
            await self._send_data(stream_id, piece, end=False)
        if message.trailers:
            self.h2.send_headers(stream_id, _encoded(message.trailers), end_stream=True)
            self.flush()
        else:
            await self._send_data(stream_id, b"", end=True)


class Http2Client(Client):
    """All requests on one connection."""

    def __init__(self, port):
        loop.run(self._open(port))

    async def _open(self, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self._peer = _Peer(reader, writer, client_side=True)
        self._writer = writer
        self._reading = asyncio.ensure_future(self._peer.run())

    async def exchange(self, request):
        peer = self._peer
        stream_id = peer.h2.get_next_available_stream_id()
        stream = peer.streams[stream_id] = _Stream()
        headers = [
            (":method", request.method),
            (":scheme", "http"),
            (":authority", request.authority),
            (":path", request.path),
        ]
        try:
            # An answer may arrive, and end the stream, before all of the request has gone.
            with contextlib.suppress(h2.exceptions.StreamClosedError, Broken):
                await peer.send_message(stream_id, headers, request)
            await stream.ended
        finally:
            del peer.streams[stream_id]
        status = int(stream.pseudo(":status"))
        return Response(status, stream.fields(), bytes(stream.body), stream.trailers)

    def close(self):
        loop.call(self._writer.close)


class _Server(_Peer):
    def __init__(self, reader, writer, upstream):
        super().__init__(reader, writer, client_side=False)
        self._upstream = upstream
        self._answers = set()

    def on_request(self, stream_id, stream):
        answer = asyncio.ensure_future(self._answer(stream_id, stream))
        self._answers.add(answer)
        answer.add_done_callback(self._answers.discard)

    def on_end(self):
        for answer in self._answers:
            answer.cancel()

    async def _answer(self, stream_id, stream):
        request = Request(
            stream.pseudo(":path"),
            stream.pseudo(":method"),
            stream.fields(),
            bytes(stream.body),
            stream.trailers,
            stream.pseudo(":authority"),
        )
        self._upstream.requests.append(request)
        response = await self._upstream.respond(request)
        with contextlib.suppress(h2.exceptions.ProtocolError, Broken, ConnectionError):
            if response is None:
                self.h2.reset_stream(stream_id, h2.errors.ErrorCodes.INTERNAL_ERROR)
                return self.flush()
            headers = [(":status", str(response.status))]
            await self.send_message(stream_id, headers, response)


class Http2Upstream:
    """Answers by `respond`, and keeps the requests. None for a response resets the stream."""

    scheme = "h2c"

    def __init__(self, respond=echo, tls=None):
        self.respond = respond
        self.requests = []
        self._connections = set()
        self._server = loop.run(asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls))
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def _serve(self, reader, writer):
        self._connections.add(asyncio.current_task())
        try:
            await _Server(reader, writer, self).run()
        finally:
            self._connections.discard(asyncio.current_task())

    def close(self):
        def close():
            self._server.close()
            for connection in self._connections:
                connection.cancel()

        loop.call(close)
