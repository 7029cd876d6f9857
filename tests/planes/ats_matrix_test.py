"""Example plugins in each language of the SDKs, on each engine, in a stock Traffic Server: a rule for each
plugin."""

import unittest

from ats_examples_test import EXAMPLES, plugin_of
from peers.ats import TrafficServer
from peers.case import PlaneTest
from peers.engines import engines_of_other_hosts
from peers.examples import auth_service
from peers.http1 import Http1Client, Http1Upstream
from peers.message import Response

LANGUAGES = ["rust", "cpp", "go", "assemblyscript", "zig"]


def header_edit(case, client, host):
    case.assertEqual(client.request("/", authority=host).headers.all("x-weir-plugin"), ["hello"])


def body_rewrite(case, client, host):
    case.assertEqual(client.request("/", authority=host).body, b"ONE")


def rate_limit(case, client, host):
    headers = {"x-api-key": host}
    statuses = [client.request("/", authority=host, headers=headers).status for _ in range(7)]
    case.assertEqual(statuses[:3], [200] * 3)
    # A minute may end in the midst of it.
    case.assertIn(429, statuses)


def auth_call(case, client, host):
    headers = {"authorization": "let me in"}
    case.assertEqual(client.request("/", authority=host, headers=headers).status, 200)
    case.assertEqual(client.request("/", authority=host).status, 403)


CHECKS = {
    "header-edit": header_edit,
    "body-rewrite": body_rewrite,
    "rate-limit": rate_limit,
    "auth-call": auth_call,
}


# Through LLVM a module of Go's, of 2.7 MB, takes 10 to 30 s of CPU, and there are four.
SLOW_ENGINES = {"wamr-aot", "wamr-jit", "wavm"}


class MatrixTest(PlaneTest):
    def check(self, engine):
        pairs = [(example, language) for example in CHECKS for language in LANGUAGES]
        if engine not in SLOW_ENGINES:
            return self.check_together(engine, pairs)
        # A server listens when it has compiled its plugins, and nobody waits for that for ever.
        for example in CHECKS:
            self.check_together(engine, [pair for pair in pairs if pair[0] == example])

    def check_together(self, engine, pairs):
        async def respond(_):
            return Response(200, body=b"one")

        up = self.upstream(respond=respond)
        auth = self.upstream(Http1Upstream, respond=auth_service)
        rules = []
        for example, language in pairs:
            plugin = plugin_of(EXAMPLES / example / "traffic-server.yaml", auth, language)
            plugin["config"]["name"] = f"{example}-{language}"
            plugin["config"]["vm_config"]["runtime"] = f"ats.wasm.runtime.{engine}"
            rules.append((f"http://{example}-{language}.test/", [plugin], up))
        server = TrafficServer(up, rules=rules)
        self.addCleanup(server.stop)
        client = self.client(server.port, Http1Client)
        for example, language in pairs:
            with self.subTest(f"{example} in {language} on {engine}"):
                CHECKS[example](self, client, f"{example}-{language}.test")

    def test_every_language_has_its_plugins(self):
        """One that comes later is to be here, too."""
        for example in CHECKS:
            there = {
                path.name.removeprefix(f"{example}-")
                for path in (EXAMPLES / example).iterdir()
                if path.is_dir() and path.name != "native"
            }
            self.assertLessEqual(there, set(LANGUAGES), example)


def on(engine):
    def test(case):
        case.check(engine)

    return test


for one in engines_of_other_hosts():
    setattr(MatrixTest, f"test_{one.replace('-', '_')}", on(one))

if __name__ == "__main__":
    unittest.main()
