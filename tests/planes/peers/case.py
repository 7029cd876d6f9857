"""What the tests of a plane share."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

from .http1 import Http1Client, Http1Upstream
from .http2 import Http2Client, Http2Upstream
from .ports import free_port  # noqa: F401, for tests
from .weir import Weir

_GUESTS = pathlib.Path(os.environ["WEIR_GUESTS"])
_MODULES = pathlib.Path(__file__).parents[1] / "modules"


def leave_out(missing):
    """Skips the test for what is missing, as "WHAT is missing: run `COMMAND`", where that may be."""
    if os.environ.get("CI") == "true":
        raise AssertionError(missing)
    print(missing, file=sys.stderr)  # CMakeLists.txt has ctest call the test skipped by this
    raise unittest.SkipTest(missing)


def guest(name):
    """The file of a guest plugin: a .wasm, or what the name ends in. Without it the test is left out."""
    path = _GUESTS / (name if pathlib.Path(name).suffix else f"{name}.wasm")
    if not path.exists():
        leave_out(f"{path} is missing: run `make guests`")
    return path


def compiler():
    """Without clang for wasm the test is left out."""
    if not (shutil.which("clang++-14") and pathlib.Path("/usr/include/wasm32-wasi").exists()):
        leave_out("clang for wasm is missing: run `scripts/setup/apt.sh guests`")


class PlaneTest(unittest.TestCase):
    """Starts peers, and stops them in reverse order when the test ends."""

    def upstream(self, kind=Http1Upstream, **arguments):
        upstream = kind(**arguments)
        self.addCleanup(upstream.close)
        return upstream

    def weir(self, *arguments, **options):
        weir = Weir(*arguments, **options)
        self.addCleanup(weir.stop)
        return weir

    def client(self, port, kind=Http1Client):
        client = kind(port)
        self.addCleanup(client.close)
        return client

    def module(self, name):
        """One of modules/, in a file that every user can read."""
        folder = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.addCleanup(folder.cleanup)
        pathlib.Path(folder.name).chmod(0o755)
        file = pathlib.Path(folder.name) / f"{name}.wasm"
        subprocess.run(["wat2wasm", _MODULES / f"{name}.wat", "-o", file], check=True)
        return file


class ProtocolTest(unittest.TestCase):
    """One `weir serve`, between a client and an upstream, for all tests of a class."""

    client_kind = Http1Client
    upstream_kind = Http1Upstream
    workers = 1

    @classmethod
    def arguments(cls):
        """What weir is told beside its upstream."""
        return []

    @classmethod
    def setUpClass(cls):
        cls.upstream = cls.upstream_kind()
        cls.addClassCleanup(cls.upstream.close)
        arguments = [str(argument) for argument in cls.arguments()]
        cls.weir = Weir(*arguments, "--upstream", cls.upstream.url, workers=cls.workers)
        cls.addClassCleanup(cls.weir.stop)

    def setUp(self):
        self._respond = self.upstream.respond
        self.upstream.requests.clear()
        self.client = self.client_kind(self.weir.port)

    def tearDown(self):
        self.client.close()
        self.upstream.respond = self._respond

    def request(self, path, **parts):
        return self.client.request(path, **parts)

    @property
    def received(self):
        """The only request that reached the upstream."""
        self.assertEqual(len(self.upstream.requests), 1)
        return self.upstream.requests[0]


# What over_all_protocols() makes: suffixes of names, and the kinds of peers.
PAIRS = [
    ("Http1ToHttp1", Http1Client, Http1Upstream),
    ("Http1ToHttp2", Http1Client, Http2Upstream),
    ("Http2ToHttp1", Http2Client, Http1Upstream),
    ("Http2ToHttp2", Http2Client, Http2Upstream),
]


def over_all_protocols(case):
    """Decorates a ProtocolTest: puts one class for each pair of protocols into its module."""
    for suffix, client, upstream in PAIRS:
        name = f"{case.__name__}{suffix}"
        attributes = {"client_kind": client, "upstream_kind": upstream, "__module__": case.__module__}
        setattr(sys.modules[case.__module__], name, type(name, (case,), attributes))
