"""Each field of envoy.extensions.wasm.v3 does what it says, seen from outside of a running
`weir serve`. Fetching code is update_test's and fetch tests' matter."""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest
from unittest import mock

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http2 import Http2Upstream
from peers.load import Streams
from peers.message import echo
from peers.weir import eventually

_GOOGLE = "type.googleapis.com/google.protobuf."
MODULES = pathlib.Path(__file__).parent / "modules"


def any_of(kind, value):
    return {"@type": _GOOGLE + kind, "value": value}


def part(filter_config, *path):
    """The message at that path in a plugin's PluginConfig."""
    message = filter_config["typed_config"]["plugin"]
    for key in path:
        message = message.setdefault(key, {})
    return message


class FieldTest(PlaneTest):
    def folder(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def module(self, name):
        """The file of modules/NAME.wat."""
        made = self.folder() / f"{name}.wasm"
        subprocess.run(["wat2wasm", MODULES / f"{name}.wat", "-o", made], check=True)
        return made

    def telltale(self, name="told", **options):
        """A plugin that logs its configurations."""
        return plugin(name, self.module("telltale"), **options)

    def serve(self, *listeners, respond=echo):
        self.upstream = self.upstream(Http2Upstream, respond=respond)
        config = bootstrap(listeners, [cluster("upstream", self.upstream)])
        self.weir = self.weir(bootstrap=config, listeners=len(listeners))
        return [self.client(port) for port in self.weir.ports]

    def told(self):
        return {told["name"]: told for told in self.weir.plugins()}


class VmConfigTest(FieldTest):
    def shared_counters(self, *vm_ids):
        plugins = [plugin(f"p{i}", guest("http_all"), vm_id=vm_id) for i, vm_id in enumerate(vm_ids)]
        clients = self.serve(*[listener(f"l{i}", it) for i, it in enumerate(plugins)])
        return [client.request("/shared-data").headers.get("x-counter") for client in clients]

    def test_vm_id_names_whose_data_are_shared(self):
        self.assertEqual(self.shared_counters("a", "a", "b", ""), ["1", "2", "1", "1"])

    def test_runtime_chooses_the_engine(self):
        name = "envoy.wasm.runtime.wasmtime"
        (client,) = self.serve(listener("one", plugin("p", guest("http_all"), engine=name)))
        self.assertEqual(self.told()["p"]["engine"], "wasmtime")
        self.assertEqual(client.request("/headers").status, 200)

    def test_code_filename(self):
        (client,) = self.serve(listener("one", plugin("p", guest("http_all"))))
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")

    def test_code_inline_bytes(self):
        inline = plugin("p", "unused")
        code = base64.b64encode(guest("http_all").read_bytes()).decode()
        part(inline, "vm_config", "code")["local"] = {"inline_bytes": code}
        (client,) = self.serve(listener("one", inline))
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")

    def test_code_watched_directory_has_to_be_there(self):
        folder = self.folder()
        for name, of in [("one", "http_all"), ("two", "cpp_http")]:
            (folder / name).mkdir()
            (folder / name / "plugin.wasm").write_bytes(guest(of).read_bytes())
        (folder / "current").symlink_to("one")
        linked = plugin("p", folder / "current" / "plugin.wasm")
        local = part(linked, "vm_config", "code", "local")
        # It has to be there, which is all that it changes: folders on the way to a file are watched anyway.
        local["watched_directory"] = {"path": str(folder / "missing")}
        with self.assertRaisesRegex(AssertionError, "watched_directory.path: .*missing' is no folder; make it"):
            nowhere = cluster("upstream", type("Upstream", (), {"port": 1, "scheme": "http"}))
            self.weir(bootstrap=bootstrap([listener("one", linked)], [nowhere]))
        local["watched_directory"] = {"path": str(folder)}
        (client,) = self.serve(listener("one", linked))
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
        (folder / "next").symlink_to("two")
        os.rename(folder / "next", folder / "current")
        eventually(lambda: self.told()["p"]["reloads"] == 1, "the other code")
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")

    def test_configuration_of_every_kind(self):
        kinds = {
            "struct": (
                any_of("Struct", {"b": [1, 2.5, None], "a": {"c": True}}),
                '{"a":{"c":true},"b":[1,2.5,null]}',
            ),
            "string": (any_of("StringValue", "as it is"), "as it is"),
            "bytes": (any_of("BytesValue", base64.b64encode(b"as bytes").decode()), "as bytes"),
            # Field 1, a varint; control characters are written as hexadecimal.
            "other": (any_of("UInt32Value", 65), r"\x08A"),
        }
        plugins = []
        for name, (message, _) in kinds.items():
            it = self.telltale(name)
            part(it)["configuration"] = message
            part(it, "vm_config")["configuration"] = message
            plugins.append(it)
        self.serve(listener("one", *plugins))
        for name, (_, text) in kinds.items():
            with self.subTest(kind=name):
                for told in [f"wasm [{name}]: plugin: {text}", f"wasm [{name}]: vm:     {text}"]:
                    self.assertTrue(self.weir.lines(re.escape(told) + "$"), told)

    def test_environment(self):
        key_values = plugin("a", guest("http_all"), environment={"GUEST_TEST": "of the file"})
        host_keys = plugin("b", guest("http_all"))
        part(host_keys, "vm_config")["environment_variables"] = {
            "host_env_keys": ["GUEST_TEST", "WEIR_NOT_SET_ANYWHERE"]
        }
        none = plugin("c", guest("http_all"))
        with mock.patch.dict(os.environ, {"GUEST_TEST": "of the host"}):
            clients = self.serve(*[listener(it["name"], it) for it in (key_values, host_keys, none)])
        seen = [client.request("/environment").headers.get("x-environment") for client in clients]
        self.assertEqual(seen, ["of the file", "of the host", "absent"])

    def check_withheld_callback(self, *place):
        it = self.telltale()
        allowed = ["proxy_log", "proxy_get_buffer_bytes", "proxy_on_configure"]
        part(it, *place)["capability_restriction_config"] = {
            "allowed_capabilities": {name: {} for name in allowed}
        }
        self.serve(listener("one", it))
        self.assertTrue(self.weir.lines(r": plugin: "))
        self.assertFalse(self.weir.lines(r": vm: "))

    def test_capabilities_withhold_callbacks(self):
        self.check_withheld_callback("vm_config")

    def test_capabilities_in_their_older_place(self):
        self.check_withheld_callback()

    def test_capabilities_withhold_hostcalls(self):
        it = self.telltale()
        part(it, "vm_config")["capability_restriction_config"] = {
            "allowed_capabilities": {"proxy_on_configure": {}, "proxy_log": {}}
        }
        self.serve(listener("one", it))
        withheld = r"proxy_get_buffer_bytes: this capability is not allowed"
        self.assertTrue(self.weir.lines(withheld))

    def test_allow_precompiled_takes_a_plain_module_too(self):
        it = plugin("p", guest("http_all"))
        part(it, "vm_config")["allow_precompiled"] = True
        (client,) = self.serve(listener("one", it))
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")


class PluginConfigTest(FieldTest):
    def test_name_and_root_id_are_properties(self):
        (client,) = self.serve(listener("one", plugin("auth", guest("http_all"), root_id="root")))
        headers = client.request("/properties").headers
        self.assertEqual(headers.get("x-plugin-name"), "auth")
        self.assertEqual(headers.get("x-plugin-root-id"), "root")
        self.assertIn("auth", self.told())

    def test_node_is_a_property(self):
        """Of a connection or a stream, under either name; what it does not say is absent."""
        paths = ["node.id", "xds.node.cluster", "node.metadata.ROLE", "node.metadata.labels.team", "node.locality.zone"]
        plugins = [plugin(path, self.module("property"), configuration=path, vm_id=path) for path in paths]
        upstream = self.upstream(Http2Upstream, respond=echo)
        config = bootstrap([listener(it["name"], it) for it in plugins], [cluster("upstream", upstream)])
        config["node"] = {
            "id": "edge-1",
            "cluster": "edge",
            "metadata": {"ROLE": "canary", "labels": {"team": "payments"}},
        }
        self.weir = self.weir(bootstrap=config, listeners=len(plugins))
        seen = [self.client(port).request("/").headers.get("x-value") for port in self.weir.ports]
        self.assertEqual(seen, ["edge-1", "edge", "canary", "payments", "absent"])

    def test_root_id_chooses_the_root(self):
        """as_http registers its root as `as_http`, and knows no other."""
        (client,) = self.serve(listener("one", plugin("p", guest("as_http"), root_id="as_http")))
        self.assertEqual(client.request("/").headers.get("x-guest"), "as")

    def test_configuration_is_each_plugins_own(self):
        """Two plugins of one VM: the second is another root, and the first stays as it was."""
        plugins = [
            plugin(f"p{i}", guest("http_all"), configuration=f"scenario={path}", vm_id="one")
            for i, path in enumerate(["/headers", "/local-response"])
        ]
        clients = self.serve(*[listener(it["name"], it) for it in plugins])
        self.assertEqual([client.request("/other").status for client in clients], [200, 403])
        self.assertEqual(clients[0].request("/other").headers.get("x-set"), "guest")

    def test_plugins_of_one_name_root_and_configuration_are_configured_once(self):
        same = {"vm_id": "one", "root_id": "root", "configuration": "text"}
        self.serve(
            listener("one", self.telltale("a", **same), self.telltale("a", **same)),
            listener("two", self.telltale("b", **same)),
            listener("three", self.telltale("a", **{**same, "configuration": "other"})),
        )
        # Loaded, each is tried out; then there are three roots in one instance.
        self.assertEqual(len(self.weir.lines(r": plugin: text$")), 3 + 2)
        self.assertEqual(len(self.weir.lines(r": plugin: other$")), 1 + 1)
        self.assertEqual(self.weir.stat("wasm.wasmtime.active"), 1)

    def test_a_vm_goes_with_its_last_plugin(self):
        plugins = [plugin(name, guest("http_all"), vm_id="one") for name in "ab"]
        self.serve(listener("main", *plugins))
        self.assertEqual(self.weir.stat("wasm.wasmtime.active"), 1)
        file = self.weir.folder / "bootstrap.json"
        for left, instances in [(plugins[1:], 1), ([], 0)]:
            config = bootstrap([listener("main", *left)], [cluster("upstream", self.upstream)])
            file.write_text(json.dumps(config))
            self.weir.signal(signal.SIGHUP)
            eventually(lambda: len(self.weir.plugins()) == len(left), "plugins to go")
            eventually(lambda: self.weir.stat("wasm.wasmtime.active") == instances, "the VM to go")

    def test_allow_on_headers_stop_iteration(self):
        stops = self.telltale("stops")
        goes_on = self.telltale("goes-on", allow_on_headers_stop_iteration=True)
        clients = self.serve(listener("one", stops), listener("two", goes_on))
        held, answered = [client.start("/", method="POST", body=b"b") for client in clients]
        self.assertEqual(answered.result(loop.PATIENCE_S).status, 200)
        (received,) = self.upstream.requests
        self.assertEqual(received.headers.get("x-body"), "seen")
        self.assertFalse(held.done())


class FailureTest(FieldTest):
    """What becomes of streams, open and new, when a plugin's VM fails."""

    HELD = 5

    def fail(self, first, second):
        """A plugin of each of these options, both in one VM: the first one traps while streams of
        both are under way. What the streams of each, and the one that trapped, are answered."""
        gate = loop.Gate()

        async def respond(request):
            if request.path == "/held":
                await gate.passed()
            return await echo(request)

        plugins = [
            plugin(name, guest("faults"), vm_id="one", configuration=name, **options)
            for name, options in [("first", first), ("second", second)]
        ]
        clients = self.serve(*[listener(it["name"], it) for it in plugins], respond=respond)
        held = [Streams(port, self.HELD, "/held") for port in self.weir.ports]
        eventually(lambda: gate.waiting == 2 * self.HELD, "streams to be under way")
        trapped = clients[0].request("/panic").status
        # Those that are closed have their answers before the upstream gives one.
        gate.open()
        return trapped, *[streams.statuses() for streams in held]

    def check(self, first, second, statuses):
        trapped, of_first, of_second = self.fail(first, second)
        self.assertEqual(trapped, statuses[0])
        self.assertEqual(of_first, {statuses[0]: self.HELD})
        self.assertEqual(of_second, {statuses[1]: self.HELD})

    def test_closed_is_the_default_for_all_plugins_of_the_vm(self):
        self.check({}, {}, (503, 503))

    def test_fail_open_is_each_plugins_own(self):
        self.check({"fail_open": True}, {"fail_open": False}, (200, 503))

    def test_fail_open_lets_streams_of_another_plugins_fault_pass(self):
        self.check({"fail_open": False}, {"fail_open": True}, (503, 200))

    def test_failure_policies(self):
        self.check({"failure_policy": "FAIL_OPEN"}, {"failure_policy": "FAIL_CLOSED"}, (200, 503))

    def test_fail_reload_answers_as_closed(self):
        self.check({"failure_policy": "FAIL_RELOAD"}, {"failure_policy": "UNSPECIFIED"}, (503, 503))

    def test_new_streams_while_none_can_be_started(self):
        """The pause of reload_config keeps the VM down once it has used up its burst."""
        pause = {"reload_config": {"backoff": {"base_interval": "3600s"}}}
        plugins = [
            plugin("closed", guest("faults"), vm_id="a", **pause),
            plugin("open", guest("faults"), vm_id="b", fail_open=True, **pause),
        ]
        clients = self.serve(*[listener(it["name"], it) for it in plugins])
        for name, client in zip(["closed", "open"], clients):
            for _ in range(50):
                client.request("/panic")
            self.assertGreater(self.weir.stat(f"wasm.{name}.vm_reload_backoff"), 0)
        answers = [client.request("/fine") for client in clients]
        self.assertEqual([answer.status for answer in answers], [503, 200])
        self.assertNotIn("x-seen", answers[1].headers)

    def test_reload_config_says_when_the_next_start_may_be(self):
        """A start is earned in each base_interval, beyond a burst of 20."""
        plugins = [
            plugin(name, guest("faults"), vm_id=name, reload_config={"backoff": {"base_interval": base}})
            for name, base in [("soon", "0.001s"), ("late", "3600s")]
        ]
        soon, late = self.serve(*[listener(it["name"], it) for it in plugins])
        for client in (soon, late):
            for _ in range(40):
                client.request("/panic")
        eventually(lambda: soon.request("/fine").status == 200, "the plugin to be back")
        self.assertGreater(self.weir.stat("wasm.soon.vm_reload_success"), 20)
        self.assertEqual(self.weir.stat("wasm.late.vm_reload_success"), 20)
        self.assertEqual(late.request("/fine").status, 503)


if __name__ == "__main__":
    unittest.main()
