"""Plugins of each SDK in a stock Traffic Server, by every scenario of theirs."""

import functools
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


if __name__ == "__main__":
    unittest.main()
