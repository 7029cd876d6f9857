"""Streams by the thousand, over HTTP/2."""

import asyncio

from . import loop
from .http2 import Http2Client
from .message import make_request


class Streams:
    """Streams under way through one port, on several connections."""

    # Fewer than a connection may have at once.
    _PER_CONNECTION = 50

    def __init__(self, port, count, path="/"):
        connections = (count + self._PER_CONNECTION - 1) // self._PER_CONNECTION
        self._clients = [Http2Client(port) for _ in range(connections)]
        self._answers = [
            loop.start(self._clients[i % connections].exchange(make_request(path)))
            for i in range(count)
        ]

    def statuses(self):
        """How many answers there were of each status; broken streams count under their exception."""
        counts = {}
        for answer in self._answers:
            error = answer.exception(loop.PATIENCE_S)
            key = repr(error) if error else answer.result().status
            counts[key] = counts.get(key, 0) + 1
        for client in self._clients:
            client.close()
        return counts


class SteadyLoad:
    """Requests one after another on several connections, until stopped."""

    def __init__(self, client_kind, port, connections=8, path="/"):
        self._clients = [client_kind(port) for _ in range(connections)]
        self._path = path
        self._wanted = True
        self.answers = []
        self._runs = [loop.start(self._run(client)) for client in self._clients]

    async def _run(self, client):
        while self._wanted:
            self.answers.append(await client.exchange(make_request(self._path)))
            await asyncio.sleep(0)

    def stop(self):
        """Its answers; a request that failed is an error now."""
        self._wanted = False
        for run in self._runs:
            run.result(loop.PATIENCE_S)
        for client in self._clients:
            client.close()
        return self.answers
