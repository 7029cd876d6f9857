"""What weir-ats.so may be configured with, and how a Traffic Server says no."""

import os
import pathlib
import unittest

from peers import loop
from peers.ats import PLUGIN, TrafficServer, plugin_file, plugin_options, refusal
from peers.bootstrap import plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Connection
from peers.http2 import Http2Client
from peers.message import Broken, Fields, Response


# Some of the server's own plugins, in the folder that Debian's package has them in.
HEADER_REWRITE = "/usr/lib/trafficserver/modules/header_rewrite.so"
LUA = "/usr/lib/trafficserver/modules/tslua.so"
ADAPTERS_OF_WASMEDGE = [
    pathlib.Path(folder) / "weir-engine-wasmedge.so"
    for folder in os.environ["WEIR_ENGINE_PATH"].split(":")
]


def http_all(scenario="/headers", **options):
    return plugin_file("http_all", guest("http_all"), f"scenario={scenario}", **options)


class ConfigCase(PlaneTest):
    def serve(self, *lines, **options):
        self.up = self.upstream()
        self.server = TrafficServer(self.up, lines, **options)
        self.addCleanup(self.server.stop)
        return self.client(self.server.port)


class FormTest(ConfigCase):
    def test_plugins_of_one_line_in_their_order(self):
        """Both append to the same header: requests meet the first one first, responses last."""
        client = self.serve([http_all("/body/append"), http_all("/body/rewrite")])
        response = client.request("/any", method="POST", body=b"b")
        self.assertEqual(self.up.requests[0].body, b"request(b[end])")
        self.assertEqual(response.body, b"response(request(b[end]))[end]")

    def test_lines_are_independent(self):
        client = self.serve([http_all("/headers")], [http_all("/body/append")])
        response = client.request("/any", method="POST", body=b"b")
        self.assertEqual(response.headers.get("x-set"), "guest")
        self.assertEqual(response.body, b"b[end][end]")

    def test_options_in_yaml_and_a_module_beside_the_configuration(self):
        options = plugin_options(plugin("mine", "mine.wasm", "scenario=/headers", isolation="STREAM"))
        client = self.serve([options], files={"mine.wasm": guest("http_all").read_bytes()})
        for _ in range(3):
            self.assertEqual(client.request("/any").headers.get("x-set"), "guest")

    def test_an_absent_fail_open_is_told(self):
        self.serve([http_all()])
        self.server.wait_for_line("plugin 'http_all': fail_open is absent, which means false here")

    def test_a_plugin_that_may_fail_open_and_cannot_be_loaded_is_left_out(self):
        missing = plugin_file("gone", "/nowhere/gone.wasm", fail_open=True)
        client = self.serve([missing, http_all()])
        self.server.wait_for_line("ERROR: .*plugin 'gone'.*/nowhere/gone.wasm.*may fail open")
        self.assertEqual(client.request("/any").headers.get("x-set"), "guest")


class RuleTest(ConfigCase):
    def test_a_rule_has_plugins_of_its_own(self):
        up = self.upstream()
        self.up = up
        rules = [
            ("/a", [http_all("/headers"), http_all("/body/append")], up),
            ("/b", [http_all("/local-response")], up),
        ]
        server = TrafficServer(up, rules=rules)
        self.addCleanup(server.stop)
        client = self.client(server.port)
        response = client.request("/a/1", method="POST", body=b"x")
        self.assertEqual(response.headers.get("x-set"), "guest")
        self.assertEqual(response.body, b"x[end][end]")
        self.assertEqual(up.requests[0].path, "/a/1")
        self.assertEqual(client.request("/b").status, 403)
        self.assertIsNone(client.request("/c").headers.get("x-set"))

    def test_engines_lie_beside_the_file_of_which_the_server_makes_a_copy(self):
        up = self.upstream()
        server = TrafficServer(up, rules=[("/a", [http_all("/headers")], up)], engine_path="")
        self.addCleanup(server.stop)
        response = self.client(server.port).request("/a")
        self.assertEqual(response.headers.get("x-set"), "guest")

    def test_beside_plugins_for_all(self):
        up = self.upstream()
        rules = [("/a", [http_all("/body/append")], up)]
        server = TrafficServer(up, [[http_all("/headers")]], rules=rules)
        self.addCleanup(server.stop)
        response = self.client(server.port).request("/a", method="POST", body=b"x")
        self.assertEqual(response.headers.get("x-set"), "guest")
        self.assertEqual(response.body, b"x[end][end]")

    def test_a_request_that_the_server_answers_before_the_rules_plugins_begin(self):
        """By the rule's own filter, or by what another plugin of the rule says: plugins see nothing of it."""
        rewrites = {"status.conf": "set-status 403", "redirect.conf": "set-redirect 302 http://other.test/"}
        rule = f"@plugin={PLUGIN} @pparam=plugin.yaml"
        others = [f"{rule} @plugin={HEADER_REWRITE} @pparam={name}" for name in rewrites]
        kinds = [f"{rule} @action=deny @method=DELETE", *others]
        up = self.upstream()
        server = TrafficServer(
            up,
            rules=[(f"/{number}", kind, up) for number, kind in enumerate(kinds)],
            files={
                "plugin.yaml": http_all("/headers"),
                **{
                    name: f"cond %{{REMAP_PSEUDO_HOOK}}\n{what}\n".encode()
                    for name, what in rewrites.items()
                },
            },
        )
        self.addCleanup(server.stop)
        for number, status in enumerate([403, 403, 302]):
            response = self.client(server.port).request(f"/{number}", method="DELETE")
            self.assertEqual((response.status, response.headers.get("x-set")), (status, None))
        # What the filter lets through has the plugins.
        allowed = self.client(server.port).request("/0")
        self.assertEqual((allowed.status, allowed.headers.get("x-set")), (200, "guest"))

    def test_one_that_cannot_be_loaded_keeps_the_server_from_starting(self):
        up = self.upstream()
        log = refusal(up, rules=[("/a", [plugin_file("gone", "/nowhere/gone.wasm")], up)])
        self.assertIn("/nowhere/gone.wasm", log)


class RefusalTest(ConfigCase):
    def refusal_of(self, *files):
        return refusal(self.upstream(), [list(files)])

    def test_an_unknown_field(self):
        log = self.refusal_of({"config": {"nmae": "x"}})
        self.assertRegex(log, "EMERGENCY: .*config.nmae: unknown field; did you mean 'name'?")

    def test_a_file_that_is_not_there(self):
        log = refusal(self.upstream(), [["absent.yaml"]], files={"absent.yaml": None})
        self.assertRegex(log, "EMERGENCY: .*absent.yaml: No such file or directory; put it there")

    def test_a_module_that_is_not_there(self):
        log = self.refusal_of(plugin_file("gone", "/nowhere/gone.wasm"))
        self.assertRegex(log, "EMERGENCY: .*plugin 'gone': .*/nowhere/gone.wasm")

    def test_an_engine_that_is_not_there(self):
        log = self.refusal_of(plugin_file("x", guest("http_all"), engine="wasmthyme"))
        self.assertRegex(log, "EMERGENCY: .*wasmthyme")

    def test_an_engine_with_a_c_library_of_its_own(self):
        adapter = next(filter(pathlib.Path.exists, ADAPTERS_OF_WASMEDGE), None)
        if adapter is None:
            return print("not tested: WasmEdge, which has not been built")
        if not (adapter.parent / "wasmedge/ld.so").exists():
            return print("not tested: WasmEdge has no C library of its own here")
        log = self.refusal_of(plugin_file("x", guest("http_all"), engine="wasmedge"))
        self.assertRegex(log, r"EMERGENCY: .*1:[0-9]+: config.vm_config.runtime: .*'wasmedge'.* newer than")
        self.assertRegex(log, "; or choose another engine, of which here are ats.wasm.runtime.wasmtime")
        self.assertNotRegex(log, "here are .*ats.wasm.runtime.wasmedge")

    def test_a_plugin_that_refuses_its_configuration(self):
        log = self.refusal_of(plugin_file("x", guest("http_all"), "fail=configure"))
        self.assertRegex(log, "EMERGENCY: .*plugin 'x'")

    def test_no_file(self):
        self.assertRegex(self.refusal_of(), "EMERGENCY: .*no file is named")


class PassingTest(ConfigCase):
    """What plugins do not see passes as it is."""

    def test_cached_responses_pass_plugins_each_time(self):
        client = self.serve(
            [http_all("/body/append")],
            records={
                "proxy.config.http.cache.http": 1,
                "proxy.config.http.cache.required_headers": 0,
                "proxy.config.http.wait_for_cache": 1,
            },
        )

        async def respond(_):
            return Response(200, Fields([("cache-control", "max-age=60")]), b"kept")

        self.up.respond = respond
        self.server.wait_for_line("fully initialized")
        for _ in range(3):
            response = client.request("/any")
            self.assertEqual((response.status, response.body), (200, b"kept[end]"))
        self.assertEqual(len(self.up.requests), 1)
        other = self.client(self.server.port).request("/any", headers={"cache-control": "max-age=0"})
        self.assertEqual(other.body, b"kept[end]")

    def test_the_servers_own_errors_have_headers_for_plugins(self):
        client = self.serve([http_all("/headers")])
        self.up.close()
        response = client.request("/any")
        self.assertEqual((response.status, response.headers.get("x-set")), (502, "guest"))

    def test_what_becomes_another_protocol(self):
        """A request that upgrades its connection: plugins see it, and no response."""
        up = self.upstream(respond=self.upgrade)
        self.up = up
        url = up.url.replace("http", "ws")
        rule = f"@plugin={PLUGIN} @pparam=plugin.yaml"
        server = TrafficServer(
            up,
            rules=[("ws://weir.test/", rule, url)],
            files={"plugin.yaml": http_all("/headers")},
        )
        self.addCleanup(server.stop)

        async def talk():
            connection = await Http1Connection.open(server.port)
            await connection.send_bytes(
                b"GET / HTTP/1.1\r\nhost: weir.test\r\nconnection: upgrade\r\n"
                b"upgrade: websocket\r\nsec-websocket-key: AAAA\r\n"
                b"sec-websocket-version: 13\r\n\r\n"
            )
            head = await connection.receive_headers()
            data = await connection.receive_bytes(5)
            connection.close()
            return head, data

        (line, headers), data = loop.run(talk())
        self.assertIn("101", line)
        self.assertIsNone(headers.get("x-set"))
        self.assertEqual(data, b"hello")
        self.assertEqual(up.requests[0].headers.get("x-set"), "guest")

    @staticmethod
    async def upgrade(_):
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
            b"connection: upgrade\r\n\r\nhello"
        )

    def test_what_another_plugin_fetches(self):
        """A request that is no client's, whether plugins are for all or of its rule."""
        script = b"""
            function fetch()
                ts.fetch('http://weir.test/a/inner', {method = 'GET', header = {['Host'] = 'weir.test'}})
            end
            function do_remap()
                ts.hook(TS_LUA_HOOK_POST_REMAP, fetch)
                return 0
            end
        """
        for lines, files in [([["plugin.yaml"]], []), ([], ["plugin.yaml"])]:
            with self.subTest(lines=lines):
                up = self.upstream()
                server = TrafficServer(
                    up,
                    lines,
                    rules=[
                        ("/outer", f"@plugin={LUA} @pparam=fetch.lua", up),
                        ("/a", files, up),
                    ],
                    files={"plugin.yaml": http_all("/headers"), "fetch.lua": script},
                )
                self.addCleanup(server.stop)
                client = self.client(server.port)
                client.request("/outer")
                client.request("/a/client")
                told = {one.path: one.headers.get("x-set") for one in up.requests}
                self.assertEqual((told["/a/inner"], told["/a/client"]), (None, "guest"))

    def test_an_http2_request_that_tells_of_no_body(self):
        """Whether one follows is not known: the server waits for none."""
        self.serve([http_all("/body/append")])
        client = self.client(self.server.port, Http2Client)
        self.assertEqual(client.request("/any", method="POST").status, 200)
        self.assertEqual(self.up.requests[0].body, b"")

    def test_a_client_that_goes_away_leaves_nothing(self):
        client = self.serve([http_all("/body/pause")])

        async def body():
            yield b"one"
            raise ConnectionError

        with self.assertRaises((Broken, ConnectionError)):
            client.request("/any", method="POST", body=body())
        self.assertEqual(client.request("/any").status, 200)


if __name__ == "__main__":
    unittest.main()
