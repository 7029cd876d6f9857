"""The event loop that all peers live on: one thread beside the test's own."""

import asyncio
import threading

# Nothing here takes this long, save where a test has failed already.
PATIENCE_S = 60

_loop = asyncio.new_event_loop()
threading.Thread(target=_loop.run_forever, name="peers", daemon=True).start()


def start(coroutine):
    """Runs a coroutine on the loop; the future of its result."""
    return asyncio.run_coroutine_threadsafe(coroutine, _loop)


def run(coroutine):
    """Runs a coroutine on the loop and waits for its result."""
    return start(coroutine).result(PATIENCE_S)


def run_all(coroutines):
    """Runs coroutines at the same time; their results in order."""

    async def gather():
        return await asyncio.gather(*coroutines)

    return run(gather())


def call(function):
    """Calls a function on the loop's thread, which is the only one that may touch its objects."""

    async def wrapped():
        return function()

    return run(wrapped())


class Gate:
    """Holds coroutines back until the test opens it."""

    def __init__(self):
        self._event = call(asyncio.Event)
        self.waiting = 0

    async def passed(self):
        self.waiting += 1
        await self._event.wait()

    def open(self):
        call(self._event.set)
