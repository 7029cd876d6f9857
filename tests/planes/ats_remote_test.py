"""Code from elsewhere in a stock Traffic Server: it is there before the first request, or the server does not start."""

import pathlib
import tempfile
import unittest

from peers.ats import TrafficServer, plugin_file, refusal
from peers.bootstrap import remote
from peers.case import PlaneTest, guest
from peers.code_server import CodeServer, sha256
from peers.registry import WASM_LAYER, Registry
from peers.weir import eventually


class RemoteTest(PlaneTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.code = guest("http_all").read_bytes()
        self.server = CodeServer({"/http_all.wasm": self.code})
        self.addCleanup(self.server.close)

    def plugin(self, code=None, **options):
        content = plugin_file("http_all", "", "scenario=/headers", **options)
        url = f"{self.server.url}/http_all.wasm"
        content["config"]["vm_config"]["code"] = code or remote(url, sha256(self.code), retries=3)
        return content

    def serve(self, *lines, **options):
        self.ats = TrafficServer(self.upstream(), lines, **options)
        self.addCleanup(self.ats.stop)
        return self.client(self.ats.port)

    def set_header(self, client):
        return client.request("/any").headers.get("x-set")

    def test_code_is_there_before_the_first_request_and_fetched_once(self):
        client = self.serve([self.plugin()], [self.plugin()], threads=2)
        self.assertEqual(self.set_header(client), "guest")
        self.assertEqual(self.server.requests, ["/http_all.wasm"])

    def test_a_reload_finds_it_in_the_cache(self):
        client = self.serve(["plugin.yaml"], files={"plugin.yaml": self.plugin()}, manager=True)
        self.server.status = 500
        self.ats.control("plugin", "msg", "weir", "reload")
        self.ats.wait_for_line(" loaded anew: plugin.yaml")
        self.assertEqual(self.set_header(client), "guest")
        self.assertEqual(len(self.server.requests), 1)

    def test_a_reload_that_cannot_have_it_changes_nothing(self):
        client = self.serve(["plugin.yaml"], files={"plugin.yaml": self.plugin()}, manager=True)
        self.ats.put(self.plugin(remote(f"{self.server.url}/gone.wasm", "0" * 64)), "plugin.yaml")
        self.ats.control("plugin", "msg", "weir", "reload")
        self.ats.wait_for_line("not loaded anew, .*plugin 'http_all': .*404")
        self.assertEqual(self.set_header(client), "guest")

    def reload_that_hangs(self):
        hanging = CodeServer({})
        hanging.gate.clear()
        self.addCleanup(hanging.close)
        client = self.serve(["plugin.yaml"], files={"plugin.yaml": self.plugin()}, manager=True)
        self.ats.put(self.plugin(remote(f"{hanging.url}/x", "0" * 64, timeout="600s")), "plugin.yaml")
        self.ats.control("plugin", "msg", "weir", "reload")
        eventually(lambda: hanging.requests, "the fetch")
        return client

    def test_a_newer_reload_does_not_wait_for_an_older_one(self):
        client = self.reload_that_hangs()
        self.ats.put(self.plugin(), "plugin.yaml")
        self.ats.control("plugin", "msg", "weir", "reload")
        self.ats.wait_for_line(" loaded anew: plugin.yaml")
        self.ats.wait_for_line("not loaded anew, as the loading was broken off: plugin.yaml")
        self.assertEqual(self.set_header(client), "guest")

    def test_the_server_ends_while_a_reload_waits(self):
        # It is ended, at the end of each test, by SIGTERM, and in time.
        self.reload_that_hangs()

    def test_a_start_may_ask_for_the_cache_alone_and_fetches_for_the_next(self):
        content = self.plugin()
        content["config"]["vm_config"]["nack_on_code_cache_miss"] = True
        log = refusal(self.upstream(), [[content]])
        self.assertRegex(log, "has begun; what was fetched is there for the next start")
        self.server.status = 500
        log = refusal(self.upstream(), [[content]])
        self.assertRegex(log, "has begun; the fetch has failed: .*status 500")

    def test_retries_bring_what_fails_at_first(self):
        self.server.status = 503
        asked = self.server.requests

        class Healing(list):
            def append(self, path):
                super().append(path)
                if len(self) == 3:
                    outer.server.status = 200

        outer = self
        self.server.requests = Healing(asked)
        self.assertEqual(self.set_header(self.serve([self.plugin()])), "guest")
        self.assertEqual(len(self.server.requests), 3)

    def test_without_it_the_server_does_not_start(self):
        self.server.status = 500
        log = refusal(self.upstream(), [[self.plugin(remote(f"{self.server.url}/x", "0" * 64))]])
        self.assertRegex(log, "EMERGENCY: .*plugin 'http_all': .*500")

    def test_code_of_another_hash_is_never_used(self):
        code = remote(f"{self.server.url}/http_all.wasm", "0" * 64)
        log = refusal(self.upstream(), [[self.plugin(code)]])
        self.assertRegex(log, "EMERGENCY: .*plugin 'http_all': .*(hash|SHA-256|sha256)")

    def test_a_plugin_that_may_fail_open_is_left_out(self):
        code = remote(f"{self.server.url}/gone.wasm", "0" * 64)
        client = self.serve([self.plugin(code, fail_open=True), self.plugin()])
        self.ats.wait_for_line("ERROR: .*404.*may fail open")
        self.assertEqual(self.set_header(client), "guest")

    def test_an_image_of_a_registry(self):
        registry = Registry(self.folder)
        self.addCleanup(registry.close)
        image = registry.push("team/edit", "v1", self.code, WASM_LAYER)
        code = remote(registry.uri("team/edit", f"@{image['digest']}"), timeout="10s")
        client = self.serve([self.plugin(code)])
        self.assertEqual(self.set_header(client), "guest")


if __name__ == "__main__":
    unittest.main()
