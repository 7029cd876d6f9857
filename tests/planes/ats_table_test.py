"""The tables in docs/traffic-server.md: each callback and hostcall has a row, and each row a test that is there; and
tests of what no other one shows."""

import importlib
import pathlib
import re
import time
import unittest

from ats_lifecycle_test import LifecycleCase
from peers.ats import plugin_file
from peers.case import guest
from peers.http2 import Http2Client

_REPO = pathlib.Path(__file__).parents[2]
_NAME = r"(?:proxy|envoy)_(?!protocol)[a-z_]+"  # but a field


def rows():
    """(what a row is of, its tests) of each row that names a test."""
    page = (_REPO / "docs/traffic-server.md").read_text(encoding="utf-8")
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        tests = [test for cell in cells[1:] for test in re.findall(r"`(ats_\w+\.\w+\.test_\w+)`", cell)]
        if tests or (cells and re.match(rf"`{_NAME}`", cells[0])):
            yield cells[0], tests


def names_in_the_source(pattern):
    files = [*(_REPO / "src/abi").glob("*.cc"), *(_REPO / "src/abi").glob("*.h")]
    texts = [file.read_text(encoding="utf-8") for file in files if not file.stem.endswith("_test")]
    return {name for text in texts for name in re.findall(pattern, text)}


class TableTest(unittest.TestCase):
    def test_each_callback_and_hostcall_has_a_row(self):
        told = {name for of, _ in rows() for name in re.findall(rf"`({_NAME})`", of)}
        hostcalls = names_in_the_source(rf'hostcall<\w+[^>]*>\(\s*"({_NAME})"')
        callbacks = names_in_the_source(r'"((?:proxy|envoy)_(?:on|validate)_[a-z_]+[a-z])"')
        self.assertGreater(len(hostcalls), 40)
        self.assertGreater(len(callbacks), 25)
        self.assertEqual((hostcalls | callbacks) - told - {"proxy_on_memory_allocate"}, set())
        self.assertEqual(told - hostcalls - callbacks, set())

    def test_each_row_has_a_test_that_is_there(self):
        count = 0
        for of, tests in rows():
            with self.subTest(of):
                self.assertTrue(tests, "the row names no test")
                for name in tests:
                    module, case, test = name.split(".")
                    case = getattr(importlib.import_module(module), case)
                    self.assertTrue(hasattr(case, test), name)
                    count += 1
        self.assertGreater(count, 60)


class TimeTest(LifecycleCase):
    def test_the_time_is_the_systems(self):
        client = self.serve([plugin_file("http_all", guest("http_all"))])
        told = int(client.request("/environment").headers.get("x-time"))
        self.assertAlmostEqual(told, time.time(), delta=60)


class FirstAbiTest(LifecycleCase):
    def test_a_tick_lets_a_message_go_on(self):
        client = self.serve([plugin_file("first", self.module("first_abi"))])
        response = client.request("/any", method="POST", body=b"body")
        self.assertEqual((response.status, response.headers.get("x-held")), (200, "tick"))
        self.assertEqual(self.up.requests[0].headers.get("x-held"), "tick")
        self.assertEqual(self.up.requests[0].body, b"body")


class AbsentTest(LifecycleCase):
    """A plugin that traps where one of these callbacks is made."""

    def ask(self, kind):
        self.serve([plugin_file("unusual", self.module("unusual"))])
        response = self.client(self.server.port, kind).request("/any")
        self.assertEqual(response.status, 200)
        return response.headers.get("x-status")

    def test_http2_metadata_is_not_brought(self):
        self.ask(Http2Client)

    def test_no_foreign_function_calls_a_plugin(self):
        self.ask(Http2Client)

    def test_what_is_envoys_own(self):
        self.assertEqual(self.ask(Http2Client), chr(ord("a") + 10))  # InternalFailure


if __name__ == "__main__":
    unittest.main()
