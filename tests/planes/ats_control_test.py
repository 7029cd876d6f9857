"""A stock Traffic Server under its manager, and weir-ats.so under traffic_ctl: statistics, and plugins that
change while requests run."""

import os
import pathlib
import shutil
import tempfile
import time
import unittest

from peers import loop
from peers.ats import PLUGIN, TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.http1 import Http1Client, Http1Upstream
from peers.load import SteadyLoad
from peers.weir import eventually

# What the server says of remap.config.
_LOADED = "remap.config finished loading"


def http_all(scenario="/headers", **options):
    return plugin_file("http_all", guest("http_all"), f"scenario={scenario}", **options)


class ControlTest(PlaneTest):
    """One server for all tests, which begin with the same plugins."""

    @classmethod
    def setUpClass(cls):
        cls.up = Http1Upstream()
        cls.addClassCleanup(cls.up.close)
        cls.server = TrafficServer(
            cls.up,
            [["plugin.yaml"]],
            rules=[("/ruled", ["ruled.yaml"], cls.up)],
            files={"plugin.yaml": http_all(), "ruled.yaml": http_all("/local-response")},
            manager=True,
        )
        cls.addClassCleanup(cls.server.stop)

    def setUp(self):
        self.client = self.client(self.server.port)
        self.addCleanup(self.load, http_all(), http_all("/local-response"))

    def load(self, plugin=None, ruled=None, by=("plugin", "msg", "weir", "reload")):
        """Has the files taken anew, after these have been written; the log's lines about it."""
        for content, name in [(plugin, "plugin.yaml"), (ruled, "ruled.yaml")]:
            if content is not None:
                self.server.put(content, name)
        before = len(self.server.lines("loaded anew"))
        self.server.control(*by)

        def lines():
            told = self.server.lines("loaded anew")[before:]
            return len(told) >= 2 and told

        return eventually(lines, "both to be taken anew")

    def set_header(self):
        return self.client.request("/any").headers.get("x-set")

    def test_metrics_are_statistics(self):
        self.load(http_all("/metrics"))
        for _ in range(3):
            self.client.request("/four")
        stats = eventually(
            lambda: (stats := self.server.stats()).get("wasmcustom.http_all.requests") == 3 and stats,
            "the statistics",
        )
        self.assertEqual(stats["wasmcustom.http_all.last_path_size"], 5)
        self.assertEqual(stats["wasmcustom.http_all.path_size.count"], 3)
        self.assertEqual(stats["wasmcustom.http_all.path_size.sum"], 15)

    def test_a_message_loads_plugins_anew_and_a_bad_one_changes_nothing(self):
        self.assertEqual(self.set_header(), "guest")
        lines = "\n".join(self.load({"config": {"nmae": "x"}}))
        self.assertRegex(lines, "not loaded anew.* plugin.yaml: .*config.nmae: unknown field")
        self.assertRegex(lines, " loaded anew: ruled.yaml")
        self.assertEqual(self.set_header(), "guest")
        self.assertEqual(self.client.request("/ruled").status, 403)

        self.load(http_all("/other"), http_all("/headers"))
        self.assertIsNone(self.set_header())
        self.assertEqual(self.client.request("/ruled").headers.get("x-set"), "guest")

    def test_a_bad_one_that_may_fail_open_takes_the_place_of_none_that_works(self):
        self.load(http_all("/headers", fail_open=True), http_all("/headers", fail_open=True))
        bad = [
            plugin_file("gone", "/nowhere/gone.wasm", fail_open=True),
            plugin_file("http_all", guest("http_all"), "fail=configure", fail_open=True),
        ]
        for content in bad:
            with self.subTest(content):
                lines = "\n".join(self.load(content, content))
                for file in ("plugin.yaml", "ruled.yaml"):
                    self.assertRegex(lines, f"not loaded anew, the plugins before serve on: {file}")
                self.assertEqual(self.set_header(), "guest")
                ruled = self.client.request("/ruled")
                self.assertEqual(ruled.headers.get("x-set"), "guest")

    def test_a_reload_of_the_configuration_does_it_too(self):
        self.load(http_all("/other"), by=("config", "reload"))
        self.assertIsNone(self.set_header())

    def test_a_request_ends_on_the_plugin_that_it_began_with(self):
        gate = loop.Gate()
        echo = self.up.respond

        async def held(request):
            await gate.passed()
            return await echo(request)

        self.up.respond = held
        self.addCleanup(setattr, self.up, "respond", echo)
        before = self.client.start("/any")
        eventually(lambda: gate.waiting, "the request")
        self.load(http_all("/local-response"))
        self.assertEqual(self.client.request("/any").status, 403)
        gate.open()
        self.assertEqual(before.result(loop.PATIENCE_S).headers.get("x-set"), "guest")

    def test_reloads_under_load_lose_nothing(self):
        load = SteadyLoad(Http1Client, self.server.port)
        for _ in range(10):
            self.load()
        answers = load.stop()
        self.assertGreater(len(answers), 10)
        for response in answers:
            self.assertEqual((response.status, response.headers.get("x-set")), (200, "guest"))

    def test_what_is_no_message_changes_nothing(self):
        before = len(self.server.lines("loaded anew"))
        for number, words in enumerate([("relaod",), ("status",), ()], 1):
            self.server.control("plugin", "msg", "weir", *words)
            lines = eventually(
                lambda count=number: (told := self.server.lines("no such message"))
                and len(told) == count
                and told,
                "an answer",
            )
            self.assertIn(f"plugin msg weir '{''.join(words)}'", lines[-1])
            self.assertIn("traffic_ctl plugin msg weir reload", lines[-1])
        self.assertEqual(len(self.server.lines("loaded anew")), before)


class RuleTest(PlaneTest):
    """A server with plugins of remap rules alone."""

    def serve(self, content, plugin=None):
        self.up = self.upstream()
        rule = f"@plugin={plugin} @pparam=ruled.yaml" if plugin else ["ruled.yaml"]
        self.server = TrafficServer(
            self.up, rules=[("/any", rule, self.up)], files={"ruled.yaml": content}, manager=True
        )
        self.addCleanup(self.server.stop)
        return self.client(self.server.port)

    def test_plugins_are_taken_anew_when_told(self):
        client = self.serve(http_all())
        for number, by in enumerate([("plugin", "msg", "weir", "reload"), ("config", "reload")]):
            with self.subTest(by):
                scenario, expected = [("/other", None), ("/headers", "guest")][number]
                self.server.put(http_all(scenario), "ruled.yaml")
                before = len(self.server.lines(" loaded anew"))
                self.server.control(*by)
                eventually(
                    lambda before=before: len(self.server.lines(" loaded anew")) > before,
                    "the plugin to be taken anew",
                )
                self.assertEqual(client.request("/any").headers.get("x-set"), expected)

    def test_plugins_start_before_any_request(self):
        called = self.upstream()
        self.serve(plugin_file("root", self.module("root_call"), clusters={"auth": called}))
        eventually(lambda: called.requests, "a call")

    def test_a_new_version_of_the_file_waits_for_a_restart(self):
        """The server loads what has changed beside what there was, when it loads remap.config anew."""
        folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="weir-test-")))
        folder.chmod(0o755)
        (folder / "weir").mkdir()
        installed = pathlib.Path(PLUGIN)
        names = [installed.name, "weir/weir-ats-core.so"]

        def install():
            for name in names:
                made = folder / f"{name}.new"
                shutil.copy(installed.parent / name, made)
                made.replace(folder / name)

        install()
        client = self.serve(http_all(), folder / installed.name)
        for number in (1, 2):
            install()
            time.sleep(1.1)  # The server compares the seconds in which files were written.
            os.utime(folder / installed.name)
            os.utime(self.server.etc / "remap.config")
            before = len(self.server.lines(_LOADED))
            self.server.put(http_all("/other" if number == 1 else "/headers"), "ruled.yaml")
            self.server.control("config", "reload")
            eventually(
                lambda before=before: len(self.server.lines(_LOADED)) > before,
                "remap.config to be loaded anew",
            )
            expected = None if number == 1 else "guest"
            eventually(
                lambda expected=expected: client.request("/any").headers.get("x-set") == expected,
                "the plugin of now",
            )
        self.assertFalse(self.server.lines("received signal|Server Process was reset"))


if __name__ == "__main__":
    unittest.main()
