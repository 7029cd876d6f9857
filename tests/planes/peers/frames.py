"""HTTP/2 frame by frame: a client that can also say what no well-behaved one does."""

import enum
import socket
import ssl
import struct

import hpack

from .loop import PATIENCE_S

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(5, 10)
METADATA = 0x4D

END_STREAM = ACK = 0x1
END_HEADERS = END_METADATA = 0x4
PADDED = 0x8
WITH_PRIORITY = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = range(1, 5)
MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = 5, 6
ENABLE_METADATA = 0x4D44

CODES = [
    *["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT"],
    *["STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR"],
    *["CONNECT_ERROR", "ENHANCE_YOUR_CALM", "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"],
]


def u32(number):
    return struct.pack(">I", number)


def frame(kind, flags=0, stream=0, payload=b"", length=None):
    """`length` is told in the place of the payload's own."""
    size = len(payload) if length is None else length
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + u32(stream) + payload


def _text(value):
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    size = len(value)
    if size < 127:
        return bytes([size]) + value
    coded, size = bytearray([127]), size - 127
    while size >= 128:
        coded.append(size % 128 + 128)
        size //= 128
    return bytes(coded) + bytes([size]) + value


def block(fields):
    """A header block without compression, whatever is in it."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields)


GET = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "rules.test")]
POST = [(":method", "POST"), (":scheme", "http"), (":path", "/echo"), (":authority", "rules.test")]


def without(fields, *names):
    return [field for field in fields if field[0] not in names]


def headers(stream, fields, end=True, flags=None, prefix=b"", suffix=b""):
    if flags is None:
        flags = END_HEADERS | (END_STREAM if end else 0)
    payload = fields if isinstance(fields, bytes) else block(fields)
    return frame(HEADERS, flags, stream, prefix + payload + suffix)


def continuation(stream, payload=b"", end=True):
    return frame(CONTINUATION, END_HEADERS if end else 0, stream, payload)


def data(stream, payload=b"", end=True):
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, u32(code))


def setting(number, value):
    return struct.pack(">HI", number, value)


def settings(*pairs):
    return frame(SETTINGS, 0, 0, b"".join(setting(*pair) for pair in pairs))


def window_update(stream, by):
    return frame(WINDOW_UPDATE, 0, stream, u32(by))


def priority(stream, on=0, weight=15):
    return frame(PRIORITY, 0, stream, u32(on) + bytes([weight]))


def ping(payload=b"12345678", flags=0):
    return frame(PING, flags, 0, payload)


def metadata(stream, fields, end=True):
    return frame(METADATA, END_METADATA if end else 0, stream, block(fields))


class Frame:
    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload
        self.fields = []  # of HEADERS

    @property
    def code(self):
        """Of RST_STREAM and GOAWAY."""
        at = 4 if self.kind == GOAWAY else 0
        return CODES[struct.unpack(">I", self.payload[at : at + 4])[0]]

    @property
    def status(self):
        return dict(self.fields).get(":status")


class Wait(enum.Enum):
    """What FrameClient.outcome() takes for an answer besides errors."""

    RESPONSE = 1
    WITNESS = 2  # a request that is sent last is answered


class FramePeer:
    """One end of a connection. Answers settings and pings of the other by itself."""

    def __init__(self, connection):
        self.socket = connection
        self.socket.settimeout(PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._decoder = hpack.Decoder()
        self._left = b""
        self.settings = {}  # of the other end, as far as they have come

    def send(self, *frames):
        """False: the other end is gone."""
        try:
            self.socket.sendall(b"".join(frames))
            return True
        except OSError:
            return False

    def _receive(self, size):
        while len(self._left) < size:
            try:
                more = self.socket.recv(1 << 16)
            except ConnectionError:
                more = b""
            if not more:
                return None
            self._left += more
        taken, self._left = self._left[:size], self._left[size:]
        return taken

    def receive(self):
        """The next frame; None: the connection has ended."""
        head = self._receive(9)
        if head is None:
            return None
        size = int.from_bytes(head[:3], "big")
        payload = self._receive(size)
        if payload is None:
            return None
        got = Frame(head[3], head[4], int.from_bytes(head[5:9], "big"), payload)
        if got.kind == HEADERS:
            got.fields = self._decoder.decode(payload)
        elif got.kind == SETTINGS and not got.flags & ACK:
            for at in range(0, size, 6):
                number, value = struct.unpack(">HI", payload[at : at + 6])
                self.settings[number] = value
            self.send(frame(SETTINGS, ACK))
        elif got.kind == PING and not got.flags & ACK:
            self.send(frame(PING, ACK, 0, payload))
        return got

    def receive_kind(self, *kinds):
        """The next frame of these kinds; None: the connection has ended."""
        while (got := self.receive()) is not None and got.kind not in kinds:
            pass
        return got

    def close(self):
        self.socket.close()


class FrameClient(FramePeer):
    WITNESS = 0x100001

    def __init__(self, port, tls=None, greet=True, **options):
        """`tls` is an ssl.SSLContext; `greet=False` says nothing yet."""
        connection = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        if tls is not None:
            connection = tls.wrap_socket(connection, server_hostname="rules.test")
            assert connection.selected_alpn_protocol() == "h2", "HTTP/2 was not agreed on"
        super().__init__(connection, **options)
        if greet:
            self.send(PREFACE, settings())

    def get(self, stream, path="/", *more):
        fields = [*without(GET, ":path"), (":path", path), *more]
        return self.send(headers(stream, fields))

    def witness(self):
        self.get(self.WITNESS, "/direct")

    def outcome(self, wait=Wait.RESPONSE):
        """What becomes of what was sent, in words: "status 200", "reset PROTOCOL_ERROR",
        "goaway PROTOCOL_ERROR", "closed"; "goes on" where the witness is answered before all that."""
        while (got := self.receive()) is not None:
            if got.kind == GOAWAY and got.code != "NO_ERROR":
                return f"goaway {got.code}"
            if got.kind == RST_STREAM and got.code != "NO_ERROR":
                return f"reset {got.code}"
            if got.kind == HEADERS and got.stream == self.WITNESS:
                return "goes on" if got.status == "200" else f"witness {got.status}"
            if got.kind == HEADERS and wait is Wait.RESPONSE and got.status:
                return f"status {got.status}"
        return "closed"


def client_context(cafile):
    context = ssl.create_default_context(cafile=str(cafile))
    context.set_alpn_protocols(["h2"])
    return context
