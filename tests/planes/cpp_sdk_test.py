"""The C++ SDK (sdk/cpp): plugins with the scenarios of http_all and grpc_all, as wasm and as native code, do
what the Rust SDK's do."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import grpc_test
import http_all_test
import tcp_test
from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client, Http1Upstream
from peers.http2 import Http2Client, Http2Upstream
from peers.weir import BINARY

PROGRAMS = pathlib.Path(__file__).parents[1] / "guests" / "cpp_sdk"


class AsWasm:
    client_kind, upstream_kind = Http2Client, Http2Upstream

    @classmethod
    def plugin(cls):
        return [guest(f"cpp_sdk/{cls.wasm}")]


class AsNative:
    client_kind, upstream_kind = Http1Client, Http1Upstream

    @classmethod
    def plugin(cls):
        return [guest(f"cpp_sdk/{cls.wasm}.so"), "--engine", "null"]


class TaggedMetricsTest(AsWasm, http_all_test.HttpAllCase):
    def test_tags_are_part_of_the_names(self):
        values = [self.request("/metrics/tagged").headers.get("x-value") for _ in range(2)]
        self.assertEqual([value.split()[1] for value in values], ["7", "7"])
        self.assertEqual(int(values[1].split()[0]) - int(values[0].split()[0]), 3)
        stats = self.weir.stats()
        self.assertIn("wasmcustom.method.GET.code.200.ok.true.tagged", stats)
        self.assertEqual(stats["wasmcustom.path.root.sizes"], 7)
        self.assertEqual(stats["wasmcustom.step.first.times"], 2)


class NativeTaggedMetricsTest(AsNative, TaggedMetricsTest):
    pass


class NativeStreamStateTest(AsNative, http_all_test.StreamStateTestHttp1ToHttp1):
    def test_logs_keep_their_levels(self):
        # What native code writes to its standard streams is the process's, not the plugin's.
        self.request("/log")
        for level in ("trace", "debug", "info", "error"):
            self.assertTrue(self.weir.lines(rf"\[{level}\].*http_all.*: .*log at {level}"), level)


class LowLevelTest(AsWasm, PlaneTest):
    """A plugin that has some of the ABI's callbacks itself, and leaves the others to the SDK."""

    wasm = "low_level"

    def test_both_ways_of_writing_a_plugin_go_together(self):
        upstream = self.upstream()
        weir = self.weir(*self.plugin(), "--upstream", upstream.url)
        client = self.client(weir.port)
        responses = [client.request("/") for _ in range(2)]
        self.assertEqual([r.headers.get("x-streams") for r in responses], ["1", "2"])
        self.assertEqual(responses[0].headers.get("x-guest"), "low-level")
        self.assertEqual(upstream.requests[0].headers.get("x-guest"), "low-level")


class NativeLowLevelTest(AsNative, LowLevelTest):
    pass


class ConnectionTest(tcp_test.PluginTest):
    # These are about the host alone, and take long.
    test_a_large_transfer_through_a_plugin_comes_out_the_same = None
    test_a_plugin_that_holds_more_than_the_limit_holds_the_sender_back = None

    def scenario(self, name, **options):
        plugin = guest("cpp_sdk/tcp_all")
        return bootstrap.plugin("tcp", plugin, configuration=name, **options)


class NativeConnectionTest(ConnectionTest):
    def scenario(self, name, **options):
        code = {"local": {"inline_string": str(guest("cpp_sdk/tcp_all.so"))}}
        return bootstrap.plugin("tcp", code, configuration=name, engine="null", **options)


class UsualProgramsTest(unittest.TestCase):
    """Programs as they are written for the usual C++ SDK, by the scenarios beside them."""

    def check(self, name, text):
        with tempfile.TemporaryDirectory(prefix="weir-usual-") as folder:
            file = pathlib.Path(folder) / f"{name}.yaml"
            file.write_text(text)
            command = [BINARY, "test", "--code-cache", "", file]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_as_wasm_and_as_native_code(self):
        place = re.compile(r"(?:filename|file): \.\./\S+?(\w+)\.wasm")
        for name in ("usual_filter", "usual_telemetry", "usual_grpc"):
            text = (PROGRAMS / f"{name}.yaml").read_text()
            (found,) = place.finditer(text)
            wasm, native = guest(f"cpp_sdk/{name}"), guest(f"cpp_sdk/{name}.so")
            with self.subTest(name, build="wasm"):
                self.check(name, text.replace(found[0], f"{found[0].split(':')[0]}: {wasm}"))
            with self.subTest(name, build="native"):
                field = "inline_string" if found[0].startswith("filename") else "native"
                as_native = text.replace(found[0], f"{field}: {native}")
                self.check(name, as_native.replace("runtime.wasmtime", "runtime.null"))

    def test_every_name_is_there(self):
        # That it was compiled is most of it.
        for plugin in (f"file: {guest('cpp_sdk/usual_names')}", f"native: {guest('cpp_sdk/usual_names.so')}"):
            self.check("names", f"plugin: {{{plugin}}}\nscenarios: [{{name: a, steps: [{{http: {{}}}}]}}]\n")


_SHARED = [
    http_all_test.HeadersTestHttp1ToHttp1,
    http_all_test.BodyTestHttp1ToHttp1,
    http_all_test.TrailersTestHttp1ToHttp1,
    http_all_test.LocalResponseTestHttp1ToHttp1,
    http_all_test.CallTestHttp1ToHttp1,
    http_all_test.SharedTestHttp1ToHttp1,
    http_all_test.TickTest,
    http_all_test.ConfigurationTest,
    grpc_test.GrpcTestHttp1ToHttp1,
]


def load_tests(loader, own, _pattern):
    """These, and what both SDKs are tested by, for both builds."""
    pairs = [(build, case) for build in (AsWasm, AsNative) for case in _SHARED]
    for build, case in [*pairs, (AsWasm, http_all_test.StreamStateTestHttp1ToHttp1)]:
        made = type(f"{case.__name__}{build.__name__}", (build, case), {"__module__": __name__})
        own.addTests(loader.loadTestsFromTestCase(made))
    return own


if __name__ == "__main__":
    unittest.main()
