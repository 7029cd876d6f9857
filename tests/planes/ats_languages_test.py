"""Plugins of each SDK in a stock Traffic Server, by every scenario of theirs; and each engine that is
built, in one server."""

import functools
import os
import pathlib
import unittest

import languages_test as everywhere
from peers.ats import CLIENTS, TrafficServer, plugin_file
from peers.case import PlaneTest, ProtocolTest, guest
from peers.http1 import Http1Upstream

_CASES = ["CppTest", "GoTest", "AbiV1Test"]


@functools.cache
def _peers(wasm):
    """An upstream, one that plugins call, and a server with that guest, for all classes."""
    upstream, auth = Http1Upstream(), Http1Upstream(everywhere.auth_service)
    unittest.addModuleCleanup(upstream.close)
    unittest.addModuleCleanup(auth.close)
    plugin = plugin_file(wasm, guest(wasm), clusters={"auth": auth})
    server = TrafficServer(upstream, [[plugin]])
    unittest.addModuleCleanup(server.stop)
    return upstream, auth, server


class AtsCase(ProtocolTest):
    """Goes before the classes of languages_test, and puts a Traffic Server in the place of
    `weir serve`."""

    @classmethod
    def setUpClass(cls):
        cls.upstream, cls.auth, cls.weir = _peers(cls.wasm)


for case in _CASES:
    for suffix, client in CLIENTS.items():
        bases = (AtsCase, getattr(everywhere, f"{case}{suffix}"))
        name = f"Ats{case}{suffix}"
        globals()[name] = type(name, bases, {"__module__": __name__, "client_kind": client})

del AtsCase  # no test by itself


class AssemblyScriptTest(PlaneTest):
    def test_headers_are_added(self):
        up = self.upstream()
        server = TrafficServer(up, [[plugin_file("as", guest("as_http"), root_id="as_http")]])
        self.addCleanup(server.stop)
        response = self.client(server.port).request("/any")
        self.assertEqual(up.requests[0].headers.all("x-guest"), ["as"])
        self.assertEqual(response.headers.all("x-guest"), ["as"])
        server.wait_for_line("as: /any")


def built_engines():
    """Those that run in Traffic Server. An engine with a C library of its own does not: a stock server does
    not start again by that one's loader."""
    names = []
    for folder in os.environ["WEIR_ENGINE_PATH"].split(":"):
        for adapter in sorted(pathlib.Path(folder).glob("weir-engine-*.so")):
            name = adapter.stem.removeprefix("weir-engine-")
            if (adapter.parent / name.split("-")[0] / "ld.so").exists():
                print(f"not tested: {name}, which has a C library of its own")
            else:
                names.append(name)
    return names


class EnginesTest(PlaneTest):
    def test_all_engines_serve_in_one_server(self):
        up = self.upstream()
        engines = built_engines()
        rules = []
        for name in engines:
            good = plugin_file("http_all", guest("http_all"), engine=name)
            bad = plugin_file("faults", guest("faults"), engine=name)
            rules.append((f"http://{name}.test/", [good], up))
            rules.append((f"http://bad-{name}.test/", [bad], up))
        server = TrafficServer(up, rules=rules, threads=2)
        self.addCleanup(server.stop)
        client = self.client(server.port)
        for name in engines:
            with self.subTest(engine=name):
                response = client.request("/body/rewrite", authority=f"{name}.test", method="POST", body=b"b")
                self.assertEqual(response.body, b"response(request(b))")
                for fault in ("panic", "loop", "recursion", "exit"):
                    failed = client.request(f"/{fault}", authority=f"bad-{name}.test")
                    self.assertEqual(failed.status, 503, fault)
                after = client.request("/next", authority=f"bad-{name}.test")
                self.assertEqual(after.status, 200)
        for name in engines:
            self.assertEqual(client.request("/headers", authority=f"{name}.test").status, 200)


if __name__ == "__main__":
    unittest.main()
