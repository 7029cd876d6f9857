"""Sends a case of the corpus, and says what became of it in one line.

The line has what is answered, in order: a status, or what the upstream has understood, which is

    METHOD TARGET @HOST "BODY" {FIELD: VALUE} +{TRAILER: VALUE}

without what is usual. Behind the bytes of a case comes one more request, in the same write: `witness`, where it is taken
as such. The connection closes after that, or after an error; where nothing more comes, it `waits`.
"""

import socket

_WITNESS = b"GET /witness HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# Of a case that is to wait, and of all others.
_SHORT_S = 0.3
_PATIENCE_S = 10


def _responses(data):
    """Statuses and x-seen of responses, which have bodies only where they tell their length."""
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        seen = next((line[8:] for line in lines[1:] if line.lower().startswith("x-seen: ")), None)
        data = data[int(fields.get("content-length", "0")) :]
        yield lines[0].split(" ")[1], seen


def _exchange(port, case, patience_s):
    """All bytes that come back."""
    data = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(patience_s)
        try:
            connection.sendall(case.data if case.ends else case.data + _WITNESS)
            if case.ends:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(1 << 16):
                data += piece
        except ConnectionError:
            pass
        except TimeoutError:
            return data + b"HTTP/1.1 waits\r\n\r\n"
    return data


def play(port, case, expected):
    """The line, and the requests that the client knows to have been taken."""
    patience_s = _SHORT_S if expected.endswith("waits") else _PATIENCE_S
    outcome = []
    taken = []
    for status, seen in _responses(_exchange(port, case, patience_s)):
        if seen is None:
            outcome.append(status)
            continue
        taken.append(seen)
        outcome.append("witness" if seen.startswith("GET /witness") else seen)
    return "; ".join(outcome) or "closed", taken
