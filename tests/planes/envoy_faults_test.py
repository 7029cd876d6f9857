"""Guests that fail in every way, in a stock Envoy: its workers go on, and a fault costs the streams
of its own instance."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import faults_test as everywhere
from engines_test import FAULTS
from peers.case import PlaneTest, guest
from peers.engines import engines_of_other_hosts
from peers.envoy import Envoy, cluster, listener, plugin_config, wasm_filter, weir_filter
from peers.http1 import Http1Client
from peers.load import SteadyLoad
from peers.message import Fields, Response


def in_envoy(listener_):
    """A listener of `weir serve` with its plugins in Weir's module."""
    manager = listener_["filter_chains"][0]["filters"][0]["typed_config"]
    for place, filter_ in enumerate(manager["http_filters"]):
        options = dict(filter_["typed_config"])
        if options.pop("@type").endswith("weir.v1.PluginOptions"):
            manager["http_filters"][place] = weir_filter(options, name=filter_["name"])
    return listener_


class EnvoyCase(everywhere.FaultCase):
    """Goes before the classes of faults_test, and puts an Envoy in the place of `weir serve`."""

    def serve(self, *listeners, workers=1):
        self.handler = everywhere.Gated()
        self.upstream = self.upstream(everywhere.Http2Upstream, respond=self.handler)
        self.weir = Envoy(
            [in_envoy(one) for one in listeners],
            [cluster("upstream", self.upstream)],
            workers=workers,
        )
        self.addCleanup(self.weir.stop)
        return [self.client(port) for port in self.weir.ports]

    def failures(self):
        prefix = "wasmcustom.wasm.faults.failed."
        return {
            name.removeprefix(prefix): value
            for name, value in self.weir.stats().items()
            if name.startswith(prefix)
        }


class IsolationTest(EnvoyCase, everywhere.IsolationTest):
    STREAMS = 90  # within what Envoy's defaults let one client have


class PhaseTest(EnvoyCase, everywhere.PhaseTest):
    pass


class WildAllocatorTest(EnvoyCase, everywhere.WildAllocatorTest):
    pass


class PolicyTest(EnvoyCase, everywhere.PolicyTest):
    # Envoy has no SIGHUP.
    test_a_reload_starts_what_backs_off = None

    def test_the_next_stream_has_a_fresh_instance(self):
        (client,) = self.serve(
            everywhere.listener("bad", everywhere.plugin("faults", guest("faults")))
        )
        self.assertEqual(client.request("/").headers.get("x-seen"), "1")
        self.assertEqual(client.request("/").headers.get("x-seen"), "2")
        self.assertEqual(client.request("/panic").status, 503)
        self.assertEqual(client.request("/").headers.get("x-seen"), "1")
        self.assertEqual(self.weir.stat("wasmcustom.wasm.faults.vm_reload_success"), 1)

    def test_repeated_failures_back_off(self):
        options = {"reload_config": {"backoff": {"base_interval": "3600s"}}}
        bad = everywhere.plugin("faults", guest("faults"), **options)
        (client,) = self.serve(everywhere.listener("bad", bad))
        statuses = [client.request("/panic").status for _ in range(50)]
        self.assertEqual(set(statuses), {503})
        self.assertGreater(self.weir.stat("wasmcustom.wasm.faults.vm_reload_backoff"), 0)


class HostileHeadersTest(PlaneTest):
    def test_what_must_not_be_asked_is_not_done(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        module = pathlib.Path(folder.name) / "hostile.wasm"
        source = pathlib.Path(__file__).parent / "modules" / "hostile_headers.wat"
        subprocess.run(["wat2wasm", source, "-o", module], check=True)
        upstream = self.upstream()
        envoy = Envoy(
            [listener("main", weir_filter(plugin_config("hostile", module)))],
            [cluster("upstream", upstream)],
        )
        self.addCleanup(envoy.stop)
        client = self.client(envoy.port)
        for _ in range(3):
            # It has removed x-forwarded-proto, without which Envoy finds no route.
            response = client.request("/fine?q=1", headers={"x-a": "b"})
            self.assertEqual(response.status, 404)
            for name in ("injected", "fine", "no token", "transfer-encoding"):
                self.assertNotIn(name, response.headers)
        self.assertEqual(upstream.requests, [])


class LimitTest(PlaneTest):
    """Envoy answers by itself while a plugin is changing a body."""

    def test_a_held_body_that_grows_beyond_envoys_limit(self):
        upstream = self.upstream()
        envoy = Envoy(
            [listener("main", weir_filter(plugin_config("http_all", guest("http_all"))))],
            [cluster("upstream", upstream), cluster("auth", self.longer())],
        )
        self.addCleanup(envoy.stop)
        client = self.client(envoy.port)
        for _ in range(3):
            body = b"a" * ((1 << 20) - 10)
            response = client.request(
                "/http-call/body", method="POST", headers={"x-cluster": "auth"}, body=body
            )
            self.assertEqual(response.status, 413)
            client = self.client(envoy.port)
            self.assertEqual(client.request("/fine").status, 200)

    def longer(self):
        async def respond(request):
            return Response(200, Fields(), request.body + b"b" * 100)

        return self.upstream(respond=respond)


class EveryEngineTest(PlaneTest):
    """All engines in one Envoy, beside its own V8: each fails in every way while the others serve."""

    WILD = 32 << 20  # so that a guest is at its limit before its time is over

    def check(self, names):
        ours = [
            weir_filter(
                {
                    "plugin": plugin_config(f"bad-{name}", guest("faults"), engine=name),
                    "limits": {"max_memory_bytes": self.WILD},
                }
            )
            for name in names
        ]
        theirs = wasm_filter(plugin_config("theirs", guest("http_all"), engine="v8"))
        envoy = Envoy(
            [
                *(listener(name, one) for name, one in zip(names, ours)),
                listener("theirs", theirs),
            ],
            [cluster("upstream", self.upstream())],
            workers=2,
        )
        self.addCleanup(envoy.stop)
        load = SteadyLoad(Http1Client, envoy.ports[-1], connections=2, path="/headers")
        clients = {name: self.client(port) for name, port in zip(names, envoy.ports)}
        for fault, kind in FAULTS:
            for name in names:
                with self.subTest(engine=name, fault=fault):
                    failed = f"wasmcustom.wasm.bad-{name}.failed.{kind}"
                    before = envoy.stat(failed)
                    self.assertEqual(clients[name].request(f"/{fault}").status, 503)
                    self.assertEqual(envoy.stat(failed), before + 1)
                    for other in clients.values():
                        self.assertEqual(other.request("/next").status, 200)
        answers = load.stop()
        self.assertGreater(len(answers), 100)
        self.assertEqual({answer.headers.get("x-set") for answer in answers}, {"guest"})

    def test_each_fails_alone(self):
        self.check(engines_of_other_hosts())

    def test_each_fails_alone_when_first_used_in_the_opposite_order(self):
        self.check(engines_of_other_hosts()[::-1])


class TwoEnginesTest(PlaneTest):
    """Envoy's own V8 and an engine of the module in one process, with faults in the latter."""

    def check_faults_leave_envoys_filter_alone(self, engine):
        folders = os.environ["WEIR_ENGINE_PATH"].split(":")
        adapter = f"weir-engine-{engine}.so"
        if not any((pathlib.Path(folder) / adapter).exists() for folder in folders):
            self.skipTest(f"{adapter} is not built")
        ours = plugin_config("ours", guest("faults"), engine=engine)
        theirs = plugin_config("theirs", guest("http_all"))
        envoy = Envoy(
            [listener("ours", weir_filter(ours)), listener("theirs", wasm_filter(theirs))],
            [cluster("upstream", self.upstream())],
        )
        self.addCleanup(envoy.stop)
        client, v8 = (self.client(port) for port in envoy.ports)
        for fault in ("panic", "wild-read", "recursion", "memory"):
            self.assertEqual(client.request(f"/{fault}").status, 503)
            self.assertEqual(v8.request("/headers").headers.get("x-set"), "guest")
            self.assertEqual(client.request("/").status, 200)

    def test_wasmtime(self):
        self.check_faults_leave_envoys_filter_alone("wasmtime")

    def test_a_second_v8(self):
        self.check_faults_leave_envoys_filter_alone("v8")


if __name__ == "__main__":
    unittest.main()
