"""Sections 3 to 5: the preface, the frame, header blocks in pieces, streams and their states."""

from peers.frames import (
    ACK,
    END_STREAM,
    GET,
    PREFACE,
    SETTINGS,
    block,
    continuation,
    data,
    frame,
    headers,
    ping,
    priority,
    reset,
    settings,
    u32,
    window_update,
)

from . import table

_HANG = [(":path", "/hang") if field[0] == ":path" else field for field in GET]
_BLOCK = block(GET)
_OPEN = headers(1, GET, flags=END_STREAM)  # and its header block goes on

CASES = [
    *table(
        "3.4",
        ("no settings behind the preface", [PREFACE, ping()], "goaway PROTOCOL_ERROR", False),
        ("an acknowledgement as first settings", [PREFACE, frame(SETTINGS, ACK)], "goaway PROTOCOL_ERROR", False),
        ("a preface with a fault", [PREFACE[:-2] + b"!!" + settings()], "goaway PROTOCOL_ERROR", False),
        ("no preface", [settings(), headers(1, GET)], "goaway PROTOCOL_ERROR", False),
        ("preface, settings and request at once", [PREFACE, settings(), headers(1, GET)], "status 200", False),
    ),
    *table(
        "4.1",
        ("a frame of an unknown type", [frame(0x16, 0, 0, b"whatever")], "goes on"),
        ("the same on a stream nobody has opened", [frame(0xF0, 0xFF, 77, b"whatever")], "goes on"),
        ("unknown flags", [ping(flags=0x16)], "goes on"),
        ("the reserved bit of a stream's number", [headers(0x80000001, GET)], "status 200"),
        ("the reserved bit on settings", [frame(SETTINGS, 0, 0x80000000)], "goes on"),
    ),
    *table(
        "4.2",
        ("a frame of unknown type, as large as may be", [frame(0x16, 0, 0, bytes(16384))], "goes on"),
        ("one that is larger", [frame(0x16, 0, 0, bytes(16385))], "goaway FRAME_SIZE_ERROR"),
        ("HEADERS larger than may be", [headers(1, GET, suffix=bytes(16385))], "goaway FRAME_SIZE_ERROR"),
        ("DATA larger than may be", [headers(1, _HANG, end=False), data(1, bytes(16385))], "goaway FRAME_SIZE_ERROR"),
        ("PING larger than may be", [frame(6, 0, 0, bytes(16385))], "goaway FRAME_SIZE_ERROR"),
        ("a length of 16 MiB", [frame(0x16, 0, 0, b"", length=0xFFFFFF)], "goaway FRAME_SIZE_ERROR"),
    ),
    *table(
        "4.3",
        ("a block in two frames", [headers(1, _BLOCK[:10], flags=END_STREAM), continuation(1, _BLOCK[10:])], "status 200"),
        (
            "a block byte by byte, up to what a client may",
            [headers(1, _BLOCK[:1], flags=END_STREAM)]
            + [continuation(1, _BLOCK[at : at + 1], end=False) for at in range(1, 7)]
            + [continuation(1, _BLOCK[7:])],
            "status 200",
        ),
        ("HEADERS of another stream inside", [_OPEN, headers(3, GET)], "goaway PROTOCOL_ERROR"),
        ("DATA inside", [_OPEN, data(1, b"x")], "goaway PROTOCOL_ERROR"),
        ("PING inside", [_OPEN, ping()], "goaway PROTOCOL_ERROR"),
        ("a frame of unknown type inside", [_OPEN, frame(0x16, 0, 1, b"x")], "goaway PROTOCOL_ERROR"),
        ("CONTINUATION of another stream", [_OPEN, continuation(3, b"")], "goaway PROTOCOL_ERROR"),
        ("RST_STREAM inside", [_OPEN, reset(1)], "goaway PROTOCOL_ERROR"),
        ("WINDOW_UPDATE inside", [_OPEN, window_update(1, 1)], "goaway PROTOCOL_ERROR"),
    ),
    *table(
        "5.1 idle",
        ("DATA", [data(1, b"x")], "goaway PROTOCOL_ERROR"),
        ("RST_STREAM", [reset(1)], "goaway PROTOCOL_ERROR"),
        ("WINDOW_UPDATE", [window_update(1, 100)], "goaway PROTOCOL_ERROR"),
        ("CONTINUATION", [continuation(1, _BLOCK)], "goaway PROTOCOL_ERROR"),
        ("PRIORITY", [priority(1)], "goes on"),
        ("DATA on a number above those opened", [headers(1, GET), data(5, b"x")], "goaway PROTOCOL_ERROR"),
    ),
    *table(
        "5.1 half-closed",
        ("DATA", [headers(1, _HANG), data(1, b"x")], "goaway STREAM_CLOSED"),
        ("empty DATA", [headers(1, _HANG), data(1)], "goaway STREAM_CLOSED"),
        ("HEADERS", [headers(1, _HANG), headers(1, GET)], "goaway STREAM_CLOSED"),
        ("CONTINUATION", [headers(1, _HANG), continuation(1, b"")], "goaway PROTOCOL_ERROR"),
        ("WINDOW_UPDATE", [headers(1, _HANG), window_update(1, 100)], "goes on"),
        ("PRIORITY", [headers(1, _HANG), priority(1)], "goes on"),
        ("RST_STREAM", [headers(1, _HANG), reset(1)], "goes on"),
        ("DATA after DATA that ends", [headers(1, _HANG, end=False), data(1, b"x"), data(1, b"x")], "goaway STREAM_CLOSED"),
        (
            "DATA after trailers",
            [headers(1, _HANG, end=False), headers(1, [("x-a", "b")]), data(1, b"x")],
            "goaway STREAM_CLOSED",
        ),
    ),
    *table(
        # Both sides know that it is closed at different times: what comes late is let be.
        "5.1 closed",
        ("RST_STREAM again", [headers(1, _HANG), reset(1), reset(1)], "goes on"),
        ("WINDOW_UPDATE", [headers(1, _HANG), reset(1), window_update(1, 1)], "goes on"),
        ("PRIORITY", [headers(1, _HANG), reset(1), priority(1)], "goes on"),
        ("DATA", [headers(1, _HANG, end=False), reset(1), data(1, b"x")], "goes on"),
        ("trailers", [headers(1, _HANG, end=False), reset(1), headers(1, [("x-a", "b")])], "goes on"),
        ("CONTINUATION", [headers(1, _HANG), reset(1), continuation(1, b"")], "goaway PROTOCOL_ERROR"),
    ),
    *table(
        "5.1.1",
        ("an even number", [headers(2, GET)], "goaway PROTOCOL_ERROR"),
        ("a request on stream 0", [headers(0, GET)], "goaway PROTOCOL_ERROR"),
        ("numbers with gaps", [headers(7, GET)], "status 200"),
        ("the highest number", [headers(0x7FFFFFFF, GET)], "status 200"),
    ),
    *table(
        "5.1.2",
        # Settings are not acknowledged yet: they may be sent again.
        ("more streams than may be", [headers(1 + 2 * i, _HANG) for i in range(11)], "reset REFUSED_STREAM"),
    ),
    *table(
        "5.3",
        ("PRIORITY that depends on itself", [priority(1, on=1)], "goes on"),
        ("HEADERS with a priority", [headers(1, GET, flags=0x25, prefix=u32(0) + b"\x10")], "status 200"),
    ),
    *table(
        "5.5",
        ("many unknown frames", [frame(0x20 + i, 0, i, b"x" * i) for i in range(50)], "goes on"),
        ("METADATA that was not agreed on", [headers(1, _HANG, end=False), frame(0x4D, 4, 1, b"\x00")], "goes on"),
        ("ORIGIN and ALTSVC from a client", [frame(0xC, 0, 0), frame(0xA, 0, 0, b"\x00\x00")], "goes on"),
    ),
]
