"""A request that waits in the midst of its body."""

import asyncio
import threading

from . import loop


class HeldRequest:
    """Its first bytes have been sent when it is made; the rest follows when it is to finish."""

    def __init__(self, client):
        self._go_on = threading.Event()
        self._begun = threading.Event()
        self._request = client.start("/headers", method="POST", body=self._body())
        self._begun.wait(loop.PATIENCE_S)

    async def _body(self):
        yield b"begin"
        self._begun.set()
        while not self._go_on.is_set():
            await asyncio.sleep(0.01)
        yield b"end"

    def finish(self):
        self._go_on.set()
        return self._request.result(loop.PATIENCE_S)
