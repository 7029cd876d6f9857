"""An upstream that takes nothing but HTTP/1.1 as RFC 9112 has a sender write it, and says what it has understood."""

import re
import socket
import threading

from peers.loop import PATIENCE_S

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_LINE = re.compile(rb"(%s) ([!-\x7e\x80-\xff]+) HTTP/1\.1" % _TOKEN)
_FIELD = re.compile(rb"(%s):[ \t]*((?:[!-\x7e\x80-\xff](?:[\t -\x7e\x80-\xff]*[!-\x7e\x80-\xff])?)?)[ \t]*" % _TOKEN)
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
# What proxies add, and what tells the length of a body, which is shown itself.
_USUAL = {
    "content-length",
    "host",
    "transfer-encoding",
    "x-envoy-expected-rq-timeout-ms",
    "x-forwarded-proto",
    "x-request-id",
}


class Malformed(Exception):
    pass


def shown(data):
    """Bytes as text of one line, with escapes as in Python."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


class _Reader:
    """What comes on a connection, in lines and pieces."""

    def __init__(self, connection):
        self._connection = connection
        self._data = b""

    def _more(self):
        piece = self._connection.recv(1 << 16)
        if not piece:
            raise EOFError
        self._data += piece

    def _take(self, size):
        piece, self._data = self._data[:size], self._data[size:]
        return piece

    def exactly(self, size):
        while len(self._data) < size:
            self._more()
        return self._take(size)

    def line(self):
        """Without its CR LF, and with no other CR or LF in it."""
        while b"\n" not in self._data:
            self._more()
        line = self._take(self._data.index(b"\n") + 1)
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise Malformed(f"line {line!r}")
        return line[:-2]

    def fields(self):
        fields = []
        while line := self.line():
            match = _FIELD.fullmatch(line)
            if match is None:
                raise Malformed(f"field {line!r}")
            fields.append((match[1].decode().lower(), match[2]))
        return fields

    def chunks(self):
        body = b""
        while True:
            size = self.line()
            if not _SIZE.fullmatch(size):
                raise Malformed(f"chunk {size!r}")
            if int(size, 16) == 0:
                return body
            body += self.exactly(int(size, 16))
            if self.exactly(2) != b"\r\n":
                raise Malformed("a chunk that does not end with its data")

    def body(self, fields):
        """And the trailers."""
        lengths = [value for name, value in fields if name == "content-length"]
        codings = [value for name, value in fields if name == "transfer-encoding"]
        if len(lengths) + len(codings) > 1:
            raise Malformed(f"lengths {lengths}, codings {codings}")
        if codings and codings != [b"chunked"]:
            raise Malformed(f"codings {codings}")
        if lengths and not re.fullmatch(rb"[0-9]{1,19}", lengths[0]):
            raise Malformed(f"length {lengths[0]!r}")
        if codings:
            return self.chunks(), self.fields()
        return self.exactly(int(lengths[0])) if lengths else b"", []


def _listed(fields):
    return "".join(f" {{{name}: {shown(value)}}}" for name, value in fields if name not in _USUAL)


class StrictUpstream:
    """Answers each request by its own description, in x-seen. Keeps those of whole requests (`seen`), and what was
    malformed."""

    scheme = "http"

    def __init__(self):
        self.seen = []
        self.malformed = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        reader = _Reader(connection)
        try:
            while True:
                self._serve_one(connection, reader)
        except Malformed as error:
            self.malformed.append(str(error))
        except (EOFError, OSError):
            pass
        finally:
            connection.close()

    def _serve_one(self, connection, reader):
        line = reader.line()
        match = _REQUEST_LINE.fullmatch(line)
        if match is None:
            raise Malformed(f"request line {line!r}")
        fields = reader.fields()
        hosts = [value for name, value in fields if name == "host"]
        if len(hosts) != 1:
            raise Malformed(f"hosts {hosts}")
        if ("expect", b"100-continue") in fields:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, trailers = reader.body(fields)
        seen = f"{match[1].decode()} {shown(match[2])}"
        if hosts[0] != b"a":
            known = hosts[0].startswith(b"127.0.0.1:")
            seen += " @proxy" if known else f" @{shown(hosts[0])}"
        if body:
            seen += f' "{shown(body)}"'
        seen += _listed(fields) + _listed(trailers).replace(" {", " +{")
        self.seen.append(seen)
        connection.sendall(f"HTTP/1.1 200 OK\r\nx-seen: {seen}\r\ncontent-length: 0\r\n\r\n".encode("ascii"))

    def close(self):
        self._listener.close()
        for connection in self._connections:
            connection.close()
