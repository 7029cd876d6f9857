"""A WebSocket server that others have written."""

import contextlib

import websockets

from . import loop

_LARGEST = 16 << 20


class WebSocketServer:
    """Sends back each message, and the headers it was asked with to whoever says "headers"."""

    scheme = "http"

    def __init__(self):
        self._server = loop.run(self._start())
        self.port = self._server.sockets[0].getsockname()[1]

    async def _start(self):
        return await websockets.serve(
            self._serve, "127.0.0.1", 0, max_size=_LARGEST, subprotocols=["echo"]
        )

    async def _serve(self, connection):
        with contextlib.suppress(websockets.ConnectionClosed):
            await self._answer(connection)

    async def _answer(self, connection):
        async for message in connection:
            if message == "headers":
                await connection.send(str(connection.request_headers))
            elif message == "end":
                await connection.close(4000, "asked to")
            else:
                await connection.send(message)

    def close(self):
        loop.call(self._server.close)
