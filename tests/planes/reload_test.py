"""Plugins that are replaced while streams run: none is lost."""

import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import unittest

from peers import loop
from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client
from peers.http2 import Http2Client
from peers.load import SteadyLoad
from peers.message import echo
from peers.weir import Weir, eventually


class ReloadTest(PlaneTest):
    """Rust gives way to C++, which edits the headers of the same path in its own way."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.plugin = pathlib.Path(folder.name) / "plugin.wasm"
        shutil.copy(guest("http_all"), self.plugin)
        self.upstream = self.upstream()
        self.weir = self.weir(self.plugin, "--upstream", self.upstream.url, workers=2)

    def replace(self, content):
        """As a build does that writes its output elsewhere and moves it into place."""
        made = self.plugin.with_suffix(".new")
        made.write_bytes(content)
        os.rename(made, self.plugin)

    def wait_for_reload(self, number):
        eventually(lambda: self.weir.plugins()[0]["reloads"] == number, f"reload {number}")

    def check_swap_under_load(self, client_kind):
        load = SteadyLoad(client_kind, self.weir.port, path="/headers")
        eventually(lambda: len(load.answers) > 100, "answers of the first plugin")
        for number, name in enumerate(["cpp_http", "http_all", "cpp_http"], start=1):
            self.replace(guest(name).read_bytes())
            self.wait_for_reload(number)
            seen = len(load.answers)
            eventually(lambda: len(load.answers) > seen + 100, "answers of the next plugin")
        answers = load.stop()
        self.assertEqual({answer.status for answer in answers}, {200})
        by_rust = [answer.headers.get("x-set") == "guest" for answer in answers]
        by_cpp = [answer.headers.get("x-guest") == "cpp" for answer in answers]
        # Each stream has one plugin from its beginning to its end.
        self.assertEqual([not rust for rust in by_rust], by_cpp)
        self.assertEqual((by_rust[0], by_cpp[-1]), (True, True))

    def test_no_request_is_lost_over_http1(self):
        self.check_swap_under_load(Http1Client)

    def test_no_stream_is_lost_over_http2(self):
        self.check_swap_under_load(Http2Client)

    def test_a_stream_keeps_the_plugin_it_began_with(self):
        gate = loop.Gate()

        async def respond(request):
            await gate.passed()
            return await echo(request)

        self.upstream.respond = respond
        client = self.client(self.weir.port)
        answer = client.start("/headers")
        eventually(lambda: gate.waiting, "the request to be under way")
        self.replace(guest("cpp_http").read_bytes())
        self.wait_for_reload(1)
        gate.open()
        headers = answer.result(loop.PATIENCE_S).headers
        self.assertEqual((headers.get("x-set"), headers.get("x-guest")), ("guest", None))
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")

    def test_a_file_written_in_place_is_taken_when_complete(self):
        code = guest("cpp_http").read_bytes()
        with open(self.plugin, "wb") as file:
            file.write(code[: len(code) // 2])
            file.flush()
            os.fsync(file.fileno())
            file.write(code[len(code) // 2 :])
        self.wait_for_reload(1)
        self.assertEqual(self.weir.stat("plugin_fleet.reload_failure"), 0)
        headers = self.client(self.weir.port).request("/headers").headers
        self.assertEqual(headers.get("x-guest"), "cpp")

    def test_a_bad_file_leaves_the_old_plugin_at_work(self):
        client = self.client(self.weir.port)
        for number, (content, why) in enumerate(
            [
                (b"not wasm", "not a WebAssembly module"),
                (guest("http_all").read_bytes()[:100_000], "plugin 'plugin'"),
                (b"", "plugin 'plugin'"),
            ],
            start=1,
        ):
            with self.subTest(why=why):
                self.replace(content)
                failures = "plugin_fleet.reload_failure"
                eventually(lambda: self.weir.stat(failures) == number, "the reload to fail")
                self.weir.wait_for_line(rf"\[error\] reload: .*{why}.*; the running .* stays")
                self.assertIn("plugin 'plugin'", self.weir.plugins()[0]["failed_reload"])
                self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
        self.replace(guest("cpp_http").read_bytes())
        self.wait_for_reload(1)
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")
        self.assertNotIn("failed_reload", self.weir.plugins()[0])

    def test_sighup_loads_all_plugins_anew(self):
        client = self.client(self.weir.port)
        client.request("/lifecycle")
        self.weir.signal(signal.SIGHUP)
        self.wait_for_reload(1)
        self.assertTrue(self.weir.lines("SIGHUP: loading all plugins anew"))
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")

    SERVES_ON = "; the plugin that was loaded from it serves on, and it is read when it is back$"

    def test_a_removed_file_changes_nothing_and_is_told_of(self):
        self.plugin.unlink()
        self.weir.wait_for_line(rf"\[warn.*\] {self.plugin}: No such file or directory{self.SERVES_ON}")
        client = self.client(self.weir.port)
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
        (self.plugin.parent / "other").write_text("which is of no account")
        shutil.copy(guest("cpp_http"), self.plugin)
        self.wait_for_reload(1)
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")
        self.assertEqual(len(self.weir.lines(self.SERVES_ON)), 1)

    def test_a_file_that_is_moved_away_and_back_is_the_same(self):
        aside = self.plugin.with_suffix(".aside")
        os.rename(self.plugin, aside)
        self.weir.wait_for_line(self.SERVES_ON)
        os.rename(aside, self.plugin)
        self.weir.wait_for_line(rf"\[info\] {self.plugin} is there again, as it was$")
        self.assertEqual(self.weir.plugins()[0]["reloads"], 0)

    def test_a_link_that_leads_nowhere_is_told_of(self):
        aside = self.plugin.with_suffix(".aside")
        for number, (target, why) in enumerate(
            [
                ("nowhere", "a symbolic link to 'nowhere', where there is nothing"),
                (self.plugin.name, "Too many levels of symbolic links"),
            ],
            start=1,
        ):
            with self.subTest(target):
                aside.symlink_to(target)
                os.rename(aside, self.plugin)
                self.weir.wait_for_line(re.escape(f"{self.plugin}: {why}") + self.SERVES_ON)
                self.replace(guest("cpp_http").read_bytes())
                self.wait_for_reload(number)

    def test_a_file_that_is_away_for_a_moment_is_not_told_of(self):
        content = guest("cpp_http").read_bytes()
        self.plugin.unlink()
        self.replace(content)
        self.wait_for_reload(1)
        self.assertEqual(self.weir.lines(self.SERVES_ON), [])

    def test_plugins_of_one_file_change_together_or_not_at_all(self):
        """Where the second one refused the new code, the first one had it already."""
        file = self.plugin.parent / "both.wasm"
        shutil.copy(guest("header-edit-cpp"), file)
        # What the configuration of the second one means to the new code is to trap.
        filters = [
            plugin("one", file, vm_id="shared"),
            plugin("two", file, "panic", vm_id="shared"),
            plugin("three", self.plugin),
        ]
        bootstrap_file = self.plugin.parent / "weir.json"
        upstreams = [cluster("upstream", self.upstream)]
        bootstrap_file.write_text(json.dumps(bootstrap([listener("main", *filters)], upstreams)))
        weir = Weir("-c", bootstrap_file, workers=2)
        self.addCleanup(weir.stop)
        before = [one["code_sha256"] for one in weir.plugins()]

        self.plugin = file
        self.replace(guest("faults").read_bytes())
        weir.wait_for_line(
            r"\[error\] reload: .*plugin 'two': .*panic.*; the running plugin 'one' stays"
            r"; the running plugin 'two' stays$"
        )
        after = weir.plugins()
        self.assertEqual([one["code_sha256"] for one in after], before)
        self.assertEqual([one["reloads"] for one in after], [0, 0, 0])
        failed = [one.get("failed_reload", "") for one in after]
        self.assertIn("plugin 'two'", failed[0])
        self.assertEqual((failed[1], failed[2]), (failed[0], ""))
        self.assertEqual(weir.stat("plugin_fleet.reload_failure"), 2)

        self.replace(guest("header-edit-rust").read_bytes())
        eventually(lambda: [one["reloads"] for one in weir.plugins()] == [1, 1, 0], "the reload")
        hashes = [one["code_sha256"] for one in weir.plugins()]
        self.assertEqual(hashes[0], hashes[1])
        self.assertNotEqual(hashes[0], before[0])
        self.assertFalse(any("failed_reload" in one for one in weir.plugins()))
        self.assertEqual(weir.stat("plugin_fleet.reload_success"), 2)


if __name__ == "__main__":
    unittest.main()
