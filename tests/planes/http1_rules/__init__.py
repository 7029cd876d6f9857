"""Requests of HTTP/1, most of them malformed, and what becomes of each: the corpus in the files beside this one.

    == a section
    -- a case of it
    @ ends                               something odd about it, see Case
    GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n     its bytes, with escapes as in Python; {{x*70}} is x, 70 times
    > 400                                what becomes of it: see player.py
    envoy> 200                           the same in a stock Envoy, where that is something else
    why> ...                             and why that is so
"""

import dataclasses
import pathlib
import re


@dataclasses.dataclass
class Case:
    section: str
    name: str
    data: bytes = b""
    expect: str = ""
    envoy: str = ""  # empty: as `expect`
    why: str = ""
    ends: bool = False  # the client says no more after these bytes
    upgrades: bool = False  # upgrades are configured

    @property
    def title(self):
        return f"{self.section}, {self.name}"


def _repeated(match):
    return match[1] * int(match[2])


def _bytes(line):
    text = re.sub(r"\{\{(.*?)\*(\d+)\}\}", _repeated, line)
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def _read(path):
    section = ""
    case = None
    for line in path.read_text(encoding="ascii").split("\n"):
        mark, _, rest = line.partition(" ")
        if mark == "==":
            section = rest
        elif mark == "--":
            case = Case(section, rest)
            yield case
        elif mark == "@":
            assert rest in ("ends", "upgrades"), line
            setattr(case, rest, True)
        elif mark == ">":
            case.expect = rest
        elif mark == "envoy>":
            case.envoy = rest
        elif mark == "why>":
            case.why = f"{case.why} {rest}".strip()
        elif line:
            case.data += _bytes(line)


def all_cases():
    """In the order of the files."""
    folder = pathlib.Path(__file__).parent
    return [case for path in sorted(folder.glob("*.txt")) for case in _read(path)]
