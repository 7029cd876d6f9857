"""A stock Envoy whose update brings a plugin into a VM at work: an instance that has streams takes in no other plugin."""

import unittest

from peers.case import PlaneTest, free_port, guest
from peers.envoy import Envoy, cluster, listener, plugin_config, weir_filter
from peers.held import HeldRequest
from peers.weir import eventually


class JoiningTest(PlaneTest):
    """One listener stays, and keeps its streams; plugins come to its VM by another one."""

    def setUp(self):
        # A listener that is the same, its port too, is left alone.
        self.ports = {name: free_port() for name in ("main", "more")}

    def start(self, *plugins):
        self.main = self.listener("main", plugins)
        self.envoy = Envoy(
            [self.main], [cluster("upstream", self.upstream())], workers=1, dynamic=True
        )
        self.addCleanup(self.envoy.stop)

    def listener(self, name, plugins):
        one = listener(name, *map(weir_filter, plugins))
        one["address"]["socket_address"]["port_value"] = self.ports[name]
        return one

    def update(self, *plugins):
        """The other listener has these plugins from now on."""
        before = self.envoy.stat("listener_manager.listener_create_success")
        self.envoy.ports = list(self.ports.values())
        self.envoy.update([self.main, self.listener("more", plugins)])
        eventually(
            lambda: self.envoy.stat("listener_manager.listener_create_success") > before
            and self.envoy.stat("listener_manager.total_listeners_warming") == 0,
            "the listener",
        )

    def stat(self, name):
        return self.envoy.stat(f"wasmcustom.{name}")

    def answer(self, name="main"):
        return self.client(self.ports[name]).request("/headers")

    def check_one_is_left(self):
        """Others end at their worker's next event."""

        def active():
            self.answer()
            return self.stat("wasm.wasmtime.active")

        eventually(lambda: active() == 1, "other instances to end")

    def test_a_plugin_that_fails_as_it_joins_costs_no_stream(self):
        module = self.module("starts_once")
        self.start(plugin_config("stays", module, vm_id="one"))
        under_way = HeldRequest(self.client(self.ports["main"]))
        self.update(plugin_config("joins", module, "fails", vm_id="one", failure_policy="FAIL_OPEN"))
        self.assertEqual(self.answer("more").status, 200)
        self.assertGreater(self.stat("wasm.joins.failed.unreachable"), 0)
        self.assertEqual(under_way.finish().status, 200)
        self.assertEqual(self.answer().status, 200)
        self.assertEqual(self.stat("wasm.stays.failed.unreachable"), 0)
        self.check_one_is_left()

    def plugins(self):
        return [
            plugin_config(f"p{i}", guest("http_all"), f"scenario=/headers\ntick_ms={60_000 + i}", vm_id="one")
            for i in range(3)
        ]

    def test_plugins_join_a_vm_and_leave_it_while_streams_run(self):
        plugins = self.plugins()
        self.start(plugins[0])
        under_way = HeldRequest(self.client(self.ports["main"]))
        for some in (plugins[1:2], plugins[1:], plugins[2:]):
            self.update(*some)
            for name in ("main", "more", "main"):
                self.assertEqual(self.answer(name).headers.get("x-set"), "guest")
        self.assertEqual(under_way.finish().headers.get("x-set"), "guest")
        self.check_one_is_left()
        for plugin in plugins:
            self.assertEqual(self.stat(f"wasm.{plugin['name']}.failed.unreachable"), 0)

    def test_plugins_of_one_vm_start_in_one_instance_from_the_beginning(self):
        self.start(*self.plugins())
        created = self.stat("wasm.wasmtime.created")
        self.assertEqual(self.answer().headers.get("x-set"), "guest")
        self.assertEqual(self.stat("wasm.wasmtime.created") - created, 1)


if __name__ == "__main__":
    unittest.main()
