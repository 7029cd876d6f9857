"""Plugins of several lines and rules of a stock Traffic Server: their order, what they add to one message, and whom
each calls."""

import unittest

from peers.ats import TrafficServer, plugin_file
from peers.case import PlaneTest, guest
from peers.message import Fields, Response
from peers.weir import eventually


def in_vm(vm_id, *args, **options):
    """A plugin in a VM of that name."""
    content = plugin_file(*args, **options)
    content["config"]["vm_config"]["vm_id"] = vm_id
    return content


class LinesCase(PlaneTest):
    def serve(self, lines, rule=None, files=None):
        async def respond(_):
            return Response(200, Fields([("set-cookie", "origin"), ("x-of", "origin")]), b"-")

        self.up = self.upstream(respond=respond)
        rules = [("/any", rule, self.up)] if rule else ()
        server = TrafficServer(self.up, lines, rules, files)
        self.addCleanup(server.stop)
        return self.client(server.port)


class OrderTest(LinesCase):
    """Plugins A, B and C each add a cookie, to bodies too."""

    def answer(self, lines, rule=None, headers=("set-cookie=A", "set-cookie=B", "set-cookie=C")):
        module = self.module("adds_header")
        files = {
            f"{name}.yaml": in_vm(name, name, module, header)
            for name, header in zip("ABC", headers, strict=True)
        }
        lines = [[f"{name}.yaml" for name in line] for line in lines]
        rule = rule and [f"{name}.yaml" for name in rule]
        return self.serve(lines, rule, files).request("/any")

    def test_responses_pass_a_line_in_reverse_order(self):
        response = self.answer(["ABC"])
        self.assertEqual(response.headers.all("set-cookie"), ["origin", "C", "B", "A"])
        self.assertEqual(response.body, b"-CBA")
        self.assertEqual(self.up.requests[0].headers.all("set-cookie"), ["A", "B", "C"])

    def test_lines_pass_in_their_order_and_nothing_is_lost(self):
        response = self.answer(["A", "B", "C"])
        self.assertEqual(response.headers.all("set-cookie"), ["origin", "A", "B", "C"])
        self.assertEqual(response.body, b"-ABC")
        self.assertEqual(self.up.requests[0].headers.all("set-cookie"), ["A", "B", "C"])

    def test_a_rules_plugins_come_after_those_for_all(self):
        response = self.answer(["A"], "BC")
        self.assertEqual(response.headers.all("set-cookie"), ["origin", "A", "C", "B"])
        self.assertEqual(response.body, b"-ACB")

    def test_of_a_header_that_each_sets_the_last_value_stays(self):
        for name in ("x-of", "x-new"):
            with self.subTest(name):
                response = self.answer(["A", "B", "C"], None, [f"{name}:{who}" for who in "ABC"])
                self.assertEqual(response.headers.all(name), ["C"])


class HeldTest(LinesCase):
    def test_nothing_is_lost_where_the_first_line_holds_the_headers(self):
        """The second one sees them before the first has passed them on."""
        held = plugin_file("held", guest("http_all"), "scenario=/body/rewrite")
        module = self.module("adds_header")
        for lines in ([[held], ["A.yaml"], ["B.yaml"]], [["A.yaml"], [held], ["B.yaml"]]):
            with self.subTest(len(lines[0][0])):
                files = {
                    f"{name}.yaml": in_vm(name, name, module, f"set-cookie={name}") for name in "AB"
                }
                response = self.serve(lines, files=files).request("/any")
                self.assertEqual(sorted(response.headers.all("set-cookie")), ["A", "B", "origin"])


class ClustersTest(LinesCase):
    """Two files name an upstream `auth`, each another one."""

    def setUp(self):
        def named(name):
            async def respond(_):
                return Response(200, body=name.encode())

            return self.upstream(respond=respond)

        self.upstreams = {name: named(name) for name in "AB"}

    def file(self, name, scenario, clusters=True):
        named = {"auth": self.upstreams[name]} if clusters else None
        return plugin_file(name, guest("http_all"), f"scenario={scenario}", clusters=named)

    def called(self, lines, files):
        client = self.serve(lines, files=files)
        response = client.request("/any", headers={"x-cluster": "auth"})
        seen = self.up.requests[0].headers.get("x-call-body") if self.up.requests else None
        return response.status, seen

    def test_a_plugin_calls_those_of_its_own_file(self):
        files = {"a.yaml": self.file("A", "/http-call"), "b.yaml": self.file("B", "/other")}
        for lines in ([["a.yaml", "b.yaml"]], [["b.yaml", "a.yaml"]], [["b.yaml"], ["a.yaml"]]):
            with self.subTest(lines):
                self.assertEqual(self.called(lines, files), (200, "A"))

    def test_a_plugin_whose_file_names_none_calls_nobody(self):
        files = {"a.yaml": self.file("A", "/http-call", clusters=False)}
        files["b.yaml"] = self.file("B", "/other")
        for lines in ([["a.yaml", "b.yaml"]], [["b.yaml"], ["a.yaml"]]):
            with self.subTest(lines):
                self.called(lines, files)
                self.assertFalse(self.upstreams["B"].requests)

    def test_root_contexts_call_those_of_their_own_file(self):
        module = self.module("root_call")
        files = {
            f"{name}.yaml": in_vm(name, name, module, clusters={"auth": self.upstreams[name]})
            for name in "AB"
        }
        for lines in ([["A.yaml", "B.yaml"]], [["A.yaml"], ["B.yaml"]]):
            with self.subTest(lines):
                for upstream in self.upstreams.values():
                    upstream.requests.clear()
                self.serve(lines, files=files).request("/any")
                eventually(
                    lambda: all(one.requests for one in self.upstreams.values()), "calls of both"
                )


if __name__ == "__main__":
    unittest.main()
