"""Where plugins stand, where their code lies, and what Weir's own messages add: each field does what it says, seen
from outside of a running `weir serve`."""

import json
import os
import pathlib
import socket
import time
import unittest
from unittest import mock

import config_fields_test as fields
from peers.bootstrap import bootstrap, cluster, listener, plugin, remote, tcp_listener
from peers.case import guest
from peers.code_server import CodeServer, sha256
from peers.tcp import TcpClient, TcpUpstream, read_all
from peers.weir import eventually, run_to_end

_TYPES = "type.googleapis.com/"


def in_envoys_message(options, kind):
    """A plugin as Envoy's own message says it, without what Weir adds."""
    config = options["typed_config"]["plugin"]
    return {"name": options["name"], "typed_config": {"@type": _TYPES + kind, "config": config}}


class WrapperTest(fields.FieldTest):
    def test_an_http_filter_in_envoys_message(self):
        edit = plugin("edit", guest("http_all"), configuration="scenario=/headers")
        (client,) = self.serve(
            listener("one", in_envoys_message(edit, "envoy.extensions.filters.http.wasm.v3.Wasm"))
        )
        self.assertEqual(client.request("/").headers.get("x-set"), "guest")

    def test_a_network_filter_in_envoys_message(self):
        edit = plugin("edit", guest("tcp_all"), configuration="rewrite")
        seen = []

        def serve(connection):
            seen.append(read_all(connection))
            connection.sendall(seen[0])
            connection.shutdown(socket.SHUT_WR)

        upstream = self.upstream(TcpUpstream, serve=serve)
        wrapped = in_envoys_message(edit, "envoy.extensions.filters.network.wasm.v3.Wasm")
        weir = self.weir(
            bootstrap=bootstrap([tcp_listener("one", wrapped)], [cluster("upstream", upstream)])
        )
        client = TcpClient(weir.port)
        self.addCleanup(client.close)
        client.send(b"Abc")
        client.send_end()
        self.assertEqual(client.receive_all(), b"abc")
        self.assertEqual(seen, [b"ABC"])


class CodeTest(fields.FieldTest):
    def native(self, source):
        it = plugin("p", {"local": source}, engine="envoy.wasm.runtime.null")
        (client,) = self.serve(listener("one", it))
        self.assertEqual(self.told()["p"]["engine"], "null")
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")

    def test_code_inline_string_names_a_native_plugin(self):
        self.native({"inline_string": str(guest("cpp_sdk/http_all.so"))})

    def test_code_environment_variable_names_a_native_plugin(self):
        with mock.patch.dict(os.environ, {"NATIVE_PLUGIN": str(guest("cpp_sdk/http_all.so"))}):
            self.native({"environment_variable": "NATIVE_PLUGIN"})

    def test_a_variable_that_is_not_there_is_named(self):
        it = plugin("p", {"local": {"environment_variable": "WEIR_NOT_SET"}}, engine="null")
        self.assertRegex(self.refusal(listener("one", it)), "WEIR_NOT_SET")

    def refusal(self, *listeners):
        """How `weir serve` ends with these, one line."""
        upstream = type("Upstream", (), {"port": 1, "scheme": "http"})
        file = self.folder() / "weir.json"
        file.write_text(json.dumps(bootstrap(listeners, [cluster("upstream", upstream)])))
        code, printed = run_to_end("serve", "-c", str(file))
        self.assertEqual(code, 1)
        (error,) = [line for line in printed.splitlines() if not line.startswith("[")]
        return error

    def test_files_written_in_place_count_whatever_watch_modify_says(self):
        """Envoy looks at them where the field asks for it."""
        plugins = []
        for name, watched in [("none", None), ("no", False), ("yes", True)]:
            file = self.folder() / "plugin.wasm"
            file.write_bytes(guest("http_all").read_bytes())
            plugins.append(plugin(name, file))
            if watched is not None:
                local = fields.part(plugins[-1], "vm_config", "code", "local")
                local["watched_directory"] = {"path": str(file.parent), "watch_modify": watched}
        clients = self.serve(*[listener(it["name"], it) for it in plugins])
        for it in plugins:
            file = fields.part(it, "vm_config", "code", "local")["filename"]
            pathlib.Path(file).write_bytes(guest("cpp_http").read_bytes())
        for it, client in zip(plugins, clients):
            eventually(lambda it=it: self.told()[it["name"]]["reloads"] == 1, "the other code")
            self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")

    def code_server(self):
        server = CodeServer({"/plugin.wasm": guest("http_all").read_bytes()})
        self.addCleanup(server.close)
        return server

    def test_http_uri_timeout_bounds_each_try(self):
        server = self.code_server()
        server.gate.clear()
        code = remote(f"{server.url}/plugin.wasm", sha256(b"other"), timeout="0.2s", retries=2)
        self.serve(listener("one", plugin("p", code)))
        self.assertEqual(len(server.requests), 3)
        self.assertRegex(self.told()["p"]["absent"], "(?i)time")

    def test_max_interval_bounds_the_pauses_between_tries(self):
        server = self.code_server()
        server.status = 503
        code = remote(f"{server.url}/plugin.wasm", sha256(b"other"), retries=25, pause="0.05s")
        began = time.monotonic()
        self.serve(listener("one", plugin("p", code)))
        self.assertGreaterEqual(len(server.requests), 26)
        # 26 pauses of 0.05 s at most; by the default maximum, ten times the first, at least 5.6 s.
        self.assertLess(time.monotonic() - began, 5)


class OptionsTest(fields.FieldTest):
    def test_unknown_imports(self):
        module = self.module("unknown_import")
        error = CodeTest.refusal(self, listener("one", plugin("p", module)))
        self.assertIn("does not have: 'env.proxy_unheard_of' (i32) -> i32", error)
        it = plugin("p", module)
        it["typed_config"]["unknown_imports"] = "STUB"
        (client,) = self.serve(listener("one", it))
        self.assertEqual(client.request("/").status, 200)
        self.assertTrue(self.weir.lines("proxy_unheard_of: .* answers UNIMPLEMENTED"))

    def test_call_cpu_time_is_how_long_a_call_may_take(self):
        plugins = [
            plugin(name, guest("faults"), limits={"call_cpu_time": limit})
            for name, limit in [("short", "0.02s"), ("long", "0.6s")]
        ]
        took = []
        for client in self.serve(*[listener(it["name"], it) for it in plugins]):
            began = time.monotonic()
            self.assertEqual(client.request("/loop").status, 503)
            took.append(time.monotonic() - began)
        self.assertGreaterEqual(took[0], 0.02)
        self.assertGreaterEqual(took[1], 0.6)
        self.assertEqual(self.weir.stat("wasm.short.failed.deadline"), 1)

    def test_start_cpu_time_is_how_long_a_start_may_take(self):
        limits = {"start_cpu_time": "0.05s", "call_cpu_time": "10s"}
        it = plugin("p", guest("faults"), configuration="loop", limits=limits)
        began = time.monotonic()
        error = CodeTest.refusal(self, listener("one", it))
        why = "interrupted.*, as limits.start_cpu_time is 50 ms; its log lines may say why$"
        self.assertRegex(error, "plugin 'p': '.*faults.wasm': proxy_on_configure: " + why)
        self.assertLess(time.monotonic() - began, 9)

    def test_max_memory_bytes_is_what_an_instance_may_grow_to(self):
        """A request takes 10 MiB, and traps where it does not get them."""
        module = self.module("grows")
        plugins = [
            plugin(name, module, limits={"max_memory_bytes": most})
            for name, most in [("small", 8 << 20), ("large", 32 << 20)]
        ]
        small, large = self.serve(*[listener(it["name"], it) for it in plugins])
        self.assertEqual([small.request("/").status, large.request("/").status], [503, 200])

    def test_max_memory_bytes_below_what_the_module_begins_with(self):
        it = plugin("p", guest("http_all"), limits={"max_memory_bytes": 1 << 16})
        error = CodeTest.refusal(self, listener("one", it))
        field = r"/weir.json:1:\d+: static_resources\..*\.typed_config\.limits\.max_memory_bytes: plugin 'p': "
        why = r"begins with \d+ bytes of memory, limits.max_memory_bytes is 65536; raise it"
        self.assertRegex(error, field + "'.*http_all.wasm': the module " + why)

    def test_max_shared_data_bytes_and_max_queue_bytes_bound_each_vm(self):
        plugins = [
            plugin("data", guest("faults"), vm_id="a", limits={"max_shared_data_bytes": 3 << 20}),
            plugin("queue", guest("faults"), vm_id="b", limits={"max_queue_bytes": 3 << 20}),
        ]
        data, queue = self.serve(*[listener(it["name"], it) for it in plugins])
        # INTERNAL_FAILURE, and NOT_FOUND as Envoy has it: there is no room.
        self.assertEqual(data.request("/flood-shared-data").headers.get("x-status"), "10")
        self.assertEqual(queue.request("/flood-queue").headers.get("x-status"), "1")

    def test_max_interval_bounds_the_pauses_between_starts(self):
        """Both fail at each start. Without the bound the pauses double: 20 would take a day."""
        backoffs = {
            "bounded": {"base_interval": "0.01s", "max_interval": "0.01s"},
            "doubling": {"base_interval": "0.01s", "max_interval": "360000s"},
        }
        module = self.module("failing_start")
        plugins = [
            plugin(name, module, vm_id=name, reload_config={"backoff": backoff})
            for name, backoff in backoffs.items()
        ]
        clients = self.serve(*[listener(it["name"], it) for it in plugins])

        def failures(name):
            return self.weir.stat(f"wasm.{name}.vm_reload_failure")

        def many():
            for client in clients:
                self.assertEqual(client.request("/").status, 503)
            return failures("bounded") >= 20

        eventually(many, "20 failed starts")
        self.assertLess(failures("doubling"), 20)
        self.assertGreater(failures("doubling"), 0)


if __name__ == "__main__":
    unittest.main()
