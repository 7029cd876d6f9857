"""TCP without a protocol: blocking sockets, so that tests say exactly what moves when."""

import contextlib
import socket
import struct
import threading

from .loop import PATIENCE_S


class TcpClient:
    """One connection."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        self.socket.connect(("127.0.0.1", port))

    @property
    def address(self):
        return "{}:{}".format(*self.socket.getsockname())

    def send(self, data):
        self.socket.sendall(data)

    def send_end(self):
        self.socket.shutdown(socket.SHUT_WR)

    def receive(self, size):
        """Exactly so many bytes; fewer only where the peer has ended."""
        return read_exactly(self.socket, size)

    def receive_all(self):
        """What comes until the peer has ended."""
        return read_all(self.socket)

    def is_reset(self):
        """Waits until the peer has broken off, or ended."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True

    def reset(self):
        """Breaks off."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()


def read_exactly(connection, size):
    data = bytearray()
    while len(data) < size and (piece := connection.recv(min(size - len(data), 1 << 16))):
        data += piece
    return bytes(data)


def read_all(connection):
    data = bytearray()
    while piece := connection.recv(1 << 16):
        data += piece
    return bytes(data)


def echo(connection):
    """Sends back what comes, and ends when the peer has."""
    while piece := connection.recv(1 << 16):
        connection.sendall(piece)
    connection.shutdown(socket.SHUT_WR)


class TcpUpstream:
    """Serves each connection by `serve`, on a thread of its own."""

    scheme = "http"  # of its cluster; nothing is spoken

    def __init__(self, serve=echo):
        self.serve = serve
        self.accepted = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                connection.settimeout(PATIENCE_S)
                self._connections.append(connection)
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            self.serve(connection)

    def close(self):
        self._listener.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Nowhere:
    """An upstream that is not there."""

    scheme = "http"

    def __init__(self):
        # Bound, so that nobody else gets the port, and not listening.
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self):
        self._socket.close()
