"""RFC 7541: header blocks that cannot be read, and tables."""

from peers.frames import GET, HEADER_TABLE_SIZE, block, continuation, headers, settings

from . import table

_BLOCK = block(GET)
_ERROR = "goaway COMPRESSION_ERROR"


def coded(payload):
    return [headers(1, payload)]


CASES = [
    *table(
        "2.3 indices",
        ("0", coded(_BLOCK + b"\x80"), _ERROR),
        ("just beyond the tables", coded(_BLOCK + b"\xbe"), _ERROR),
        ("far beyond the tables", coded(_BLOCK + b"\xff\x80\x80\x01"), _ERROR),
        ("beyond the tables, of a name", coded(_BLOCK + b"\x7f\x80\x01\x01x"), _ERROR),
        ("of the static table", coded(b"\x82\x86\x84\x41\x0arules.test"), "status 200"),
    ),
    *table(
        "2.3.2 the dynamic table",
        (
            "what one request puts there, the next one finds",
            [headers(1, _BLOCK + b"\x40\x01x\x011"), headers(3, b"\xbe" + b"\x82\x86\x84\x41\x01a")],
            "reset PROTOCOL_ERROR",  # a pseudo-header behind another one, so it was found
        ),
        (
            "its last entry, by a later request",
            [headers(1, b"\x82\x86\x84\x41\x0arules.test"), headers(3, b"\x82\x86\x84\xbe")],
            "status 200",
        ),
        (
            "an entry that a smaller table has lost",
            [headers(1, b"\x82\x86\x84\x41\x0arules.test"), headers(3, b"\x20\x82\x86\x84\xbe")],
            _ERROR,
        ),
    ),
    *table(
        "5.1 numbers",
        ("that do not end", coded(_BLOCK + b"\xff" + b"\x80" * 20), _ERROR),
        ("beyond 32 bits", coded(_BLOCK + b"\xff\xff\xff\xff\xff\xff\x7f"), _ERROR),
        ("cut off", coded(_BLOCK + b"\xff"), _ERROR),
    ),
    *table(
        "5.2 texts",
        ("longer than the block", coded(_BLOCK + b"\x00\x7f\x10abc"), _ERROR),
        ("a name cut off", coded(_BLOCK + b"\x00\x05ab"), _ERROR),
        ("a value that is missing", coded(_BLOCK + b"\x00\x01x"), _ERROR),
        ("in Huffman's code", coded(_BLOCK + b"\x00\x01x\x81\x1f"), "status 200"),
        ("padded by more than seven bits", coded(_BLOCK + b"\x00\x01x\x82\x1f\xff"), _ERROR),
        ("padded by zeros", coded(_BLOCK + b"\x00\x01x\x81\x18"), _ERROR),
        ("with the end-of-string symbol", coded(_BLOCK + b"\x00\x01x\x84\xff\xff\xff\xff"), _ERROR),
    ),
    *table(
        "6.2 literals",
        ("never indexed", coded(_BLOCK + b"\x10\x01x\x011"), "status 200"),
        ("of a name that is indexed", coded(_BLOCK + b"\x0f\x04\x01a"), "status 200"),
    ),
    *table(
        "6.3 table sizes",
        ("0, before the fields", coded(b"\x20" + _BLOCK), "status 200"),
        ("two, before the fields", coded(b"\x20\x3f\xe1\x1f" + _BLOCK), "status 200"),
        ("behind a field", coded(_BLOCK + b"\x20"), _ERROR),
        ("beyond what was allowed", coded(b"\x3f\xe2\x1f" + _BLOCK), _ERROR),
        ("far beyond", coded(b"\x3f\xff\xff\xff\x07" + _BLOCK), _ERROR),
        ("a smaller table of the client's", [settings((HEADER_TABLE_SIZE, 0)), headers(1, GET)], "status 200"),
    ),
    *table(
        "over pieces",
        (
            "a fault in CONTINUATION",
            [headers(1, _BLOCK, flags=1), continuation(1, b"\x80")],
            _ERROR,
        ),
    ),
]
