"""A stock Traffic Server whose reload brings a plugin into a VM at work: an instance that has streams takes in no other
plugin."""

import unittest

from peers.held import HeldRequest
from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.weir import eventually


def in_vm_one(name, wasm, configuration="", **options):
    content = plugin_file(name, wasm, configuration, **options)
    content["config"]["vm_config"]["vm_id"] = "one"
    return content


class JoiningTest(PlaneTest):
    def start(self, line, **files):
        self.server = TrafficServer(
            self.upstream(), [line], files={f"{name}.yaml": file for name, file in files.items()}, manager=True
        )
        self.addCleanup(self.server.stop)

    def reload(self, **files):
        for name, content in files.items():
            self.server.put(content, f"{name}.yaml")
        before = len(self.server.lines("loaded anew"))
        self.server.control("plugin", "msg", "weir", "reload")
        eventually(lambda: len(self.server.lines(" loaded anew")) > before, "the plugins to be taken anew")

    def stat(self, name):
        return self.server.stats().get(name, 0)

    def answer(self):
        return self.client(self.server.port).request("/headers")

    def test_a_plugin_that_fails_as_it_joins_costs_no_stream(self):
        module = self.module("starts_once")
        stays = in_vm_one("stays", module)
        elsewhere = plugin_file("joins", module)
        self.start(["stays.yaml", "joins.yaml"], stays=stays, joins=elsewhere)
        under_way = HeldRequest(self.client(self.server.port))
        self.reload(joins=in_vm_one("joins", module, "fails", fail_open=True))
        eventually(lambda: self.server.lines("joins.*proxy_on_configure: unreachable"), "the failed start")
        self.assertEqual(under_way.finish().status, 200)
        self.assertEqual(self.answer().status, 200)
        eventually(lambda: self.stat("wasm.joins.failed.unreachable") > 0, "the statistics")
        self.assertEqual(self.stat("wasm.stays.failed.unreachable"), 0)

    def test_plugins_of_other_lines_come_along(self):
        module = guest("http_all")
        first = in_vm_one("first", module, "scenario=/headers")
        self.start(["first.yaml", "second.yaml"], first=first, second=plugin_file("second", module, "scenario=/other"))
        under_way = HeldRequest(self.client(self.server.port))
        for number in range(3):
            self.reload(second=in_vm_one("second", module, f"scenario=/other\ntick_ms={60_000 + number}"))
            for _ in range(3):
                self.assertEqual(self.answer().headers.get("x-set"), "guest")
        self.assertEqual(under_way.finish().headers.get("x-set"), "guest")

        def active():
            self.answer()
            return self.stat("wasm.wasmtime.active")

        eventually(lambda: active() == 1, "the former instances to end")
        self.assertEqual(self.stat("wasm.first.failed.unreachable"), 0)


if __name__ == "__main__":
    unittest.main()
