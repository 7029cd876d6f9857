"""Clients that never stop asking, and count what they lose: a request that was not refused by HTTP's
own means (`connection: close`, GOAWAY) and has no answer is lost."""

import asyncio
import contextlib
import socket
import ssl

from hyperframe.frame import GoAwayFrame

from . import loop
from .http1 import Http1Connection
from .http2 import _Peer, _Stream
from .message import Broken, Request, Response, make_request


class _H2(_Peer):
    """A client's side that heeds GOAWAY: `closing` once it has come."""

    def __init__(self, reader, writer):
        super().__init__(reader, writer, client_side=True)
        self.closing = False
        self.ended = False
        receive = self.h2._receive_goaway_frame

        def note(frame):
            self.closing = True
            return receive(frame)

        self.h2._frame_dispatch_table[GoAwayFrame] = note

    def on_end(self):
        self.ended = True


class Churn:
    """Runs clients until stop(); then `answered` by kind, and `lost`: what went wrong, as text.

    `pause_s` lies between two requests of one client."""

    def __init__(self, pause_s=0.002):
        self.answered = {}
        self.lost = []
        self.statuses = {}
        self._pause_s = pause_s
        self._wanted = True
        self._runs = []

    @property
    def total(self):
        return sum(self.answered.values())

    def kept_alive(self, port, clients=4, tls=None, path="/"):
        """HTTP/1.1, each on one connection until it is told that it ends."""
        self._start("kept alive", clients, lambda: self._run_kept_alive(port, tls, path))

    def fresh(self, port, clients=4, tls=None, path="/"):
        """HTTP/1.1, each request on a connection of its own."""
        self._start("fresh", clients, lambda: self._run_fresh(port, tls, path))

    def http2(self, port, clients=2, streams=4, tls=None, path="/"):
        """HTTP/2, several streams at a time on each connection until GOAWAY."""
        self._start("http2", clients, lambda: self._run_http2(port, streams, tls, path))

    def other(self, name, count, exchange):
        """`exchange()` is a coroutine, asked again and again; its exceptions are losses."""
        self._start(name, count, lambda: self._run_other(name, exchange))

    def _start(self, name, clients, make):
        name = name.replace(" ", "_")
        self.answered.setdefault(name, 0)
        self._runs += [loop.start(make()) for _ in range(clients)]

    def stop(self):
        self._wanted = False
        for run in self._runs:
            run.result(loop.PATIENCE_S)

    def _note(self, kind, response):
        self.answered[kind] += 1
        self.statuses[response.status] = self.statuses.get(response.status, 0) + 1

    def _lose(self, kind, error):
        self.lost.append(f"{kind} after {self.answered[kind]}: {error!r}")

    async def _open(self, port, tls):
        name = "weir.test" if tls else None
        return await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)

    async def _run_kept_alive(self, port, tls, path):
        connection = None
        while self._wanted:
            try:
                if connection is None:
                    connection = Http1Connection(*await self._open(port, tls))
                await connection.send(make_request(path))
                response = await connection.receive()
                self._note("kept_alive", response)
                if response.headers.get("connection") == "close":
                    connection.close()
                    connection = None
            except (Broken, OSError, ssl.SSLError) as error:
                self._lose("kept_alive", error)
                connection = None
            await asyncio.sleep(self._pause_s)
        if connection is not None:
            connection.close()

    async def _run_fresh(self, port, tls, path):
        while self._wanted:
            try:
                connection = Http1Connection(*await self._open(port, tls))
                try:
                    await connection.send(make_request(path))
                    self._note("fresh", await connection.receive())
                finally:
                    connection.close()
            except (Broken, OSError, ssl.SSLError) as error:
                self._lose("fresh", error)
            await asyncio.sleep(self._pause_s)

    async def _run_http2(self, port, streams, tls, path):
        while self._wanted:
            try:
                peer = _H2(*await self._open(port, tls))
            except (OSError, ssl.SSLError) as error:
                self._lose("http2", error)
                await asyncio.sleep(self._pause_s)
                continue
            reading = asyncio.ensure_future(peer.run())
            await asyncio.gather(*(self._run_stream(peer, path) for _ in range(streams)))
            peer._writer.close()
            # What still comes after the end of TLS is an error to asyncio; streams that it breaks off count.
            with contextlib.suppress(OSError):
                await reading

    async def _run_stream(self, peer, path):
        while self._wanted and not peer.closing and not peer.ended:
            stream_id = peer.h2.get_next_available_stream_id()
            stream = peer.streams[stream_id] = _Stream()
            pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "weir.test"), (":path", path)]
            try:
                await peer.send_message(stream_id, pseudo, Request(path))
                await stream.ended
                self._note("http2", Response(int(stream.pseudo(":status"))))
            except Broken as error:
                self._lose("http2", error)
            finally:
                del peer.streams[stream_id]
            await asyncio.sleep(self._pause_s)

    async def _run_other(self, name, exchange):
        while self._wanted:
            try:
                await exchange()
                self.answered[name] += 1
            except Exception as error:  # noqa: BLE001, whatever it is, it is a loss
                self._lose(name, error)
            await asyncio.sleep(self._pause_s)


async def tcp_echo(port, data=b"ping"):
    """One connection that says `data`, gets it back, and ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        answer = await reader.readexactly(len(data))
        if answer != data:
            raise Broken(f"another answer: {answer!r}")
        writer.write_eof()
        await reader.read()
    finally:
        writer.close()
        with contextlib.suppress(OSError, socket.error):
            await writer.wait_closed()
