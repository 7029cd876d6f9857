"""HTTP messages as both protocols carry them. Names of headers are in lower case."""

import dataclasses

from . import loop


class Fields(list):
    """Headers or trailers: pairs in the order they came in."""

    def all(self, name):
        return [value for key, value in self if key == name]

    def get(self, name, default=None):
        values = self.all(name)
        return ", ".join(values) if values else default

    def __contains__(self, name):
        return any(key == name for key, _ in self)


@dataclasses.dataclass
class Request:
    path: str = "/"
    method: str = "GET"
    headers: Fields = dataclasses.field(default_factory=Fields)
    # To send: bytes, or an iterable of bytes, plain or asynchronous, for a body in pieces.
    body: object = b""
    trailers: Fields = dataclasses.field(default_factory=Fields)
    authority: str = "weir.test"


@dataclasses.dataclass
class Response:
    status: int = 200
    headers: Fields = dataclasses.field(default_factory=Fields)
    body: object = b""
    trailers: Fields = dataclasses.field(default_factory=Fields)

    @property
    def text(self):
        return self.body.decode("latin-1")


class Broken(Exception):
    """The peer has broken off before the message's end."""


def make_request(path="/", headers=(), trailers=(), **parts):
    """A request, its headers and trailers given as mappings."""
    fields = Fields(dict(headers).items())
    return Request(path, headers=fields, trailers=Fields(dict(trailers).items()), **parts)


class Client:
    """A client whose exchange() sends one request and returns its response."""

    def start(self, path="/", **parts):
        """A request under way: the future of its response."""
        return loop.start(self.exchange(make_request(path, **parts)))

    def request(self, path="/", **parts):
        return loop.run(self.exchange(make_request(path, **parts)))


async def pieces(body):
    """A body to send, piece by piece."""
    if hasattr(body, "__aiter__"):
        async for piece in body:
            yield piece
    else:
        for piece in [body] if isinstance(body, bytes) else body:
            if piece:
                yield piece


async def echo(request):
    """What upstreams answer unless told otherwise: the request's body and trailers."""
    return Response(
        headers=Fields([("content-type", "text/plain"), ("x-path", request.path)]),
        body=request.body,
        trailers=Fields(request.trailers),
    )
