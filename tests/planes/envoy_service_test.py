"""Plugins as services of a stock Envoy: the claims of service_test."""

import pathlib
import signal
import tempfile
import unittest

from peers.case import PlaneTest, guest
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    plugin_config,
    plugin_log,
    pulse_cluster,
    service,
    weir_filter,
)
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.weir import eventually


def wasm_service(configuration="", singleton=True, vm_id="service", **options):
    config = plugin_config("service", guest("root_all"), configuration, vm_id=vm_id, **options)
    return service({"config": config, "singleton": singleton})


class ServiceTest(PlaneTest):
    def serve(self, *services, workers=1, plugins=(), upstream=None, pulse=False, logs=None):
        self.peer = upstream or self.upstream(Http1Upstream)
        clusters = [cluster("upstream", self.peer)]
        if pulse:
            clusters.append(pulse_cluster())
        self.envoy = Envoy(
            [listener("web", *plugins, access_log=logs)],
            clusters,
            workers=workers,
            extensions=services,
        )
        self.addCleanup(self.envoy.stop)
        return self.envoy

    def filter(self, vm_id="filter", **options):
        return weir_filter(plugin_config("filter", guest("root_all"), vm_id=vm_id, **options))

    def stat(self, name):
        """A plugin's counter: defined while it was configured, or later."""
        stats = self.envoy.stats()
        places = (f"wasmcustom.root_all.{name}", f"wasmcustom.late_counter.name.root_all.{name}")
        return sum(stats.get(place, 0) for place in places)

    def ask(self, path):
        client = self.client(self.envoy.port)
        return client.request(path)

    def test_a_singleton_drains_a_queue_that_filters_fill(self):
        self.serve(wasm_service("queue=items"), plugins=[self.filter()], workers=2)
        for item in ("one", "two", "three"):
            self.assertEqual(self.ask(f"/enqueue/{item}").status, 200)
        eventually(lambda: self.stat("drained") == 3, "the queue to be drained")
        drained = [line.split("drained: ")[1] for line in self.envoy.lines("drained: ")]
        self.assertEqual(drained, ["one", "two", "three"])

    def test_a_singleton_is_there_once_and_others_on_each_worker(self):
        self.serve(wasm_service(), workers=3)
        # Each plugin is tried out once, too.
        self.assertEqual(self.stat("configured"), 1 + 1)
        self.serve(wasm_service(singleton=False), workers=3, pulse=True)
        eventually(lambda: self.stat("configured") == 1 + 3, "a start on each worker")

    def check_it_ticks_and_calls(self, **parts):
        async def answer(request):
            return Response(200, [], b"to " + request.path.encode())

        peer = self.upstream(Http1Upstream, respond=answer)
        self.serve(wasm_service("tick_ms=50\ncall"), upstream=peer, **parts)
        self.envoy.wait_for_line("call answered: to /service")
        eventually(lambda: self.stat("ticks") > 2, "ticks")

    def test_a_service_has_ticks_and_calls_clusters(self):
        self.check_it_ticks_and_calls()

    def test_and_so_it_does_where_filters_carry_its_calls(self):
        self.check_it_ticks_and_calls(plugins=[self.filter()])

    def test_a_service_of_each_worker_ticks_without_streams(self):
        self.serve(wasm_service("tick_ms=20", singleton=False), workers=2, pulse=True)
        eventually(lambda: self.stat("ticks") > 6, "ticks")

    def test_without_the_cluster_it_starts_with_the_workers_first_stream(self):
        self.serve(wasm_service("tick_ms=20", singleton=False), plugins=[self.filter()])
        self.assertEqual(self.stat("configured"), 1 + 1)  # the trials of both
        client = self.client(self.envoy.port)
        client.request("/")
        self.assertEqual(self.stat("configured"), 2 + 2)

    def test_several_services_run_beside_each_other(self):
        self.serve(
            wasm_service("queue=items"),
            wasm_service("tick_ms=20", vm_id="ticking"),
            wasm_service("tick_ms=20", vm_id="everywhere", singleton=False),
            pulse=True,
        )
        eventually(lambda: self.stat("ticks") > 3, "ticks")

    def test_a_service_of_each_worker_shares_data_with_filters(self):
        self.serve(
            wasm_service("set=from the service", singleton=False, vm_id="shared"),
            plugins=[self.filter(vm_id="shared")],
        )
        self.assertEqual(self.ask("/").headers.get("x-shared"), "from the service")

    def test_so_does_a_singleton_whose_vm_has_the_same_id(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # The same but for an empty section: other code, and so another VM.
        other = pathlib.Path(folder.name) / "other.wasm"
        other.write_bytes(guest("root_all").read_bytes() + b"\0\x02\x01x")
        self.serve(
            wasm_service("set=from the service", vm_id="shared"),
            plugins=[weir_filter(plugin_config("filter", other, vm_id="shared"))],
        )
        self.assertEqual(self.ask("/").headers.get("x-shared"), "from the service")

    def test_limits_are_weirs_own_message(self):
        plugin = plugin_config("service", guest("root_all"), "tick_ms=20")
        options = {"plugin": plugin, "limits": {"max_memory_bytes": 67108864}}
        self.serve(service({"options": options, "singleton": True}))
        eventually(lambda: self.stat("ticks") > 1, "ticks")

    def test_a_plugin_alone_is_one_of_each_worker(self):
        self.serve(service(plugin_config("service", guest("root_all"))), workers=2, pulse=True)
        eventually(lambda: self.stat("configured") == 1 + 2, "a start on each worker")

    def refusal(self, *services, **parts):
        with self.assertRaises(AssertionError) as caught:
            self.serve(*services, **parts)
        return str(caught.exception)

    def test_the_vm_of_a_singleton_is_its_own(self):
        own = "the VM of a singleton is its own, but plugin '{}' has the same vm_id and code; give one"
        log = self.refusal(wasm_service(vm_id="one"), plugins=[self.filter(vm_id="one")])
        self.assertRegex(log, "(filter_config|extension_config) of '[a-z]+':[0-9:]* (config: )?" + own.format("(service|filter)"))

        each = service({"config": plugin_config("other", guest("root_all"), vm_id="one")}, name="each")
        log = self.refusal(wasm_service(vm_id="one"), each)
        self.assertRegex(log, "extension_config of 'each':[0-9:]+ config: " + own.format("service"))
        log = self.refusal(each, wasm_service(vm_id="one"))
        self.assertIn(own.format("other"), log)

    def test_a_service_that_does_not_start_ends_the_start(self):
        for singleton in (True, False):
            with self.subTest(singleton=singleton):
                log = self.refusal(wasm_service("unknown", singleton=singleton))
                self.assertIn("plugin 'service'", log)
                self.assertIn("proxy_on_configure", log)

    def test_an_unknown_field_is_named(self):
        plugin = plugin_config("service", guest("root_all"))
        log = self.refusal(service({"config": plugin, "singelton": True}, name="mine"))
        self.assertIn("extension_config of 'mine'", log)
        self.assertIn("did you mean 'singleton'?", log)

    def test_a_service_that_fails_is_started_again(self):
        self.serve(wasm_service("panic_tick=3\ntick_ms=20"))
        self.envoy.wait_for_line("as told")
        eventually(lambda: self.stat("configured") >= 3, "the next start")
        failed = self.envoy.stat("wasmcustom.wasm.service.failed.unreachable")
        self.assertGreaterEqual(failed, 1)

    def test_a_service_ends_in_order_with_the_process(self):
        for singleton in (True, False):
            self.serve(wasm_service(singleton=singleton))
            self.envoy.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.envoy.process.wait(10), 0)
            self.envoy.wait_for_line("service done")

    def test_service_filter_and_access_log_live_in_one_process(self):
        log = plugin_log(plugin_config("logger", guest("root_all"), vm_id="logger"))
        self.serve(
            wasm_service("tick_ms=20"), plugins=[self.filter()], logs=[log], workers=2, pulse=True
        )
        for number in range(10):
            self.assertEqual(self.ask(f"/{number}").status, 200)
        # Each stream by the access log, and by its own filter.
        eventually(lambda: len(self.envoy.lines(r"\blogged \d+: path=/\d")) >= 10, "all to be logged")
        eventually(lambda: self.stat("ticks") > 2, "ticks")


if __name__ == "__main__":
    unittest.main()
