"""HTTP/1.1, written out by hand: tests need what well-behaved libraries do not let pass."""

import asyncio
import contextlib

from . import loop
from .message import Broken, Client, Fields, Request, Response, echo, pieces

_LIMIT = 1 << 20


async def _read_line(reader):
    try:
        return (await reader.readuntil(b"\r\n"))[:-2].decode("latin-1")
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise Broken("the connection has ended") from error


async def _read_fields(reader):
    fields = Fields()
    while line := await _read_line(reader):
        name, _, value = line.partition(":")
        fields.append((name.lower(), value.strip()))
    return fields


async def _read_exactly(reader, size):
    try:
        return await reader.readexactly(size)
    except (asyncio.IncompleteReadError, ConnectionError) as error:
        raise Broken("the body is cut off") from error


async def _read_body(reader, headers, until_end):
    if headers.get("transfer-encoding") == "chunked":
        body = []
        while size := int((await _read_line(reader)).split(";")[0], 16):
            body.append(await _read_exactly(reader, size))
            await _read_line(reader)
        return b"".join(body), await _read_fields(reader)
    if "content-length" in headers:
        return await _read_exactly(reader, int(headers.get("content-length"))), Fields()
    return (await reader.read() if until_end else b""), Fields()


def _head(start_line, fields):
    lines = [start_line] + [f"{name}: {value}" for name, value in fields]
    return "\r\n".join(lines + ["", ""]).encode("latin-1")


async def _write_message(writer, start_line, message):
    """Bytes go out with a length unless the message brings its own framing; all else is chunked."""
    fields = Fields(message.headers)
    whole = isinstance(message.body, bytes) and not message.trailers
    framed = "content-length" in fields or "transfer-encoding" in fields
    if whole and not framed and (message.body or isinstance(message, Response)):
        fields.append(("content-length", len(message.body)))
    elif not whole:
        fields.append(("transfer-encoding", "chunked"))
    writer.write(_head(start_line, fields))
    async for piece in pieces(message.body):
        writer.write(piece if whole else b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    if not whole:
        writer.write(b"0\r\n" + _head("", message.trailers)[2:])
    await writer.drain()


class Http1Connection:
    """A client's connection, for requests one after another and for bytes of any kind."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port):
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=_LIMIT))

    async def send(self, request):
        start_line = f"{request.method} {request.path} HTTP/1.1"
        headers = Fields([("host", request.authority)] + request.headers)
        message = Request(headers=headers, body=request.body, trailers=request.trailers)
        await _write_message(self._writer, start_line, message)

    async def send_bytes(self, data):
        self._writer.write(data)
        await self._writer.drain()

    async def receive(self, method="GET"):
        """The next response; interim ones are passed over."""
        status = 100
        while status < 200:
            version, code, *_ = (await _read_line(self._reader)).split(" ")
            status = int(code)
            headers = await _read_fields(self._reader)
        if method == "HEAD" or status in (204, 304):
            return Response(status, headers)
        body, trailers = await _read_body(self._reader, headers, until_end=True)
        return Response(status, headers, body, trailers)

    async def receive_bytes(self, size):
        return await _read_exactly(self._reader, size)

    async def receive_headers(self):
        """The status line and the headers of the next response, whose body is left unread."""
        start_line = await _read_line(self._reader)
        return start_line, await _read_fields(self._reader)

    async def at_end(self):
        """Waits for the peer to close; true if it sent nothing before."""
        with contextlib.suppress(ConnectionError):
            return await self._reader.read() == b""
        return True

    def close(self):
        self._writer.close()

    def reset(self):
        self._writer.transport.abort()


class Http1Client(Client):
    """Each request on a connection of its own."""

    def __init__(self, port):
        self._port = port

    async def exchange(self, request):
        connection = await Http1Connection.open(self._port)
        try:
            await connection.send(request)
            return await connection.receive(request.method)
        finally:
            connection.close()

    def close(self):
        pass


class Http1Upstream:
    """Answers by `respond`, and keeps the requests. A response may be the bytes to send instead; the
    connection is closed after them."""

    scheme = "http"

    def __init__(self, respond=echo, tls=None):
        self.respond = respond
        self.requests = []
        self._connections = set()
        self._server = loop.run(
            asyncio.start_server(self._serve, "127.0.0.1", 0, limit=_LIMIT, ssl=tls)
        )
        self.port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def _serve(self, reader, writer):
        self._connections.add(asyncio.current_task())
        try:
            with contextlib.suppress(Broken, ConnectionError):
                while await self._serve_one(reader, writer):
                    pass
        finally:
            self._connections.discard(asyncio.current_task())
            writer.close()

    async def _serve_one(self, reader, writer):
        method, path, _ = (await _read_line(reader)).split(" ")
        headers = await _read_fields(reader)
        if "expect" in headers:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, trailers = await _read_body(reader, headers, until_end=False)
        request = Request(path, method, headers, body, trailers, headers.get("host"))
        self.requests.append(request)
        response = await self.respond(request)
        if isinstance(response, bytes):
            writer.write(response)
            await writer.drain()
            return False
        if method == "HEAD":
            writer.write(_head(f"HTTP/1.1 {response.status} OK", response.headers))
            return True
        await _write_message(writer, f"HTTP/1.1 {response.status} OK", response)
        return True

    def close(self):
        def close():
            self._server.close()
            for connection in self._connections:
                connection.cancel()

        loop.call(close)
