"""Services: plugins that serve no stream."""

import hashlib
import json
import pathlib
import signal
import tempfile
import unittest

from peers import bootstrap
from peers.case import PlaneTest, guest
from peers.grpc import GrpcServer
from peers.http1 import Http1Upstream
from peers.message import Response
from peers.ports import free_port
from peers.weir import eventually

_SERVICE = "type.googleapis.com/envoy.extensions.wasm.v3.WasmService"
_OPTIONS = "type.googleapis.com/weir.v1.ServiceOptions"


def service(configuration="", singleton=True, **options):
    plugin = bootstrap.plugin("service", guest("root_all"), configuration, **options)
    config = {"@type": _SERVICE, "singleton": singleton}
    config["config"] = plugin["typed_config"]["plugin"]
    return {"name": "envoy.bootstrap.wasm", "typed_config": config}


class ServiceTest(PlaneTest):
    def settings(self, *services, plugins=(), upstream=None):
        self.peer = upstream or self.upstream(Http1Upstream)
        settings = bootstrap.bootstrap(
            [bootstrap.listener("web", *plugins)], [bootstrap.cluster("upstream", self.peer)]
        )
        settings["bootstrap_extensions"] = list(services)
        return settings

    def serve(self, *services, workers=1, **parts):
        self.running = self.weir(bootstrap=self.settings(*services, **parts), workers=workers)
        return self.running

    def filter(self, vm_id="filter", **options):
        return bootstrap.plugin("filter", guest("root_all"), vm_id=vm_id, **options)

    def test_a_singleton_drains_a_queue_that_filters_fill(self):
        weir = self.serve(
            service("queue=items", vm_id="service"), plugins=[self.filter()], workers=2
        )
        for item in ("one", "two", "three"):
            self.assertEqual(self.client(weir.port).request(f"/enqueue/{item}").status, 200)
        eventually(lambda: weir.stat("wasmcustom.root_all.drained") == 3, "the queue to be drained")
        drained = [line.split("drained: ")[1] for line in weir.lines("drained: ")]
        self.assertEqual(drained, ["one", "two", "three"])

    def test_a_singleton_is_there_once_and_others_on_each_worker(self):
        weir = self.serve(service(), workers=3)
        # Each plugin is tried out once, too.
        self.assertEqual(weir.stat("wasmcustom.root_all.configured"), 1 + 1)
        (told,) = weir.plugins()
        self.assertEqual(len(told["workers"]), 1)
        weir = self.serve(service(singleton=False), workers=3)
        self.assertEqual(weir.stat("wasmcustom.root_all.configured"), 1 + 3)
        self.assertEqual(len(weir.plugins()[0]["workers"]), 3)

    def test_a_service_has_ticks_and_calls_clusters(self):
        async def answer(request):
            return Response(200, [], b"to " + request.path.encode())

        peer = self.upstream(Http1Upstream, respond=answer)
        weir = self.serve(service("tick_ms=50\ncall"), upstream=peer)
        weir.wait_for_line("call answered: to /service")
        eventually(lambda: weir.stat("wasmcustom.root_all.ticks") > 2, "ticks")

    def test_a_service_makes_grpc_calls(self):
        grpc = GrpcServer()
        self.addCleanup(grpc.close)
        for singleton in (True, False):
            settings = self.settings(service("tick_ms=20\ngrpc=grpc", singleton))
            settings["static_resources"]["clusters"].append(bootstrap.cluster("grpc", grpc))
            with self.subTest(singleton=singleton):
                self.weir(bootstrap=settings).wait_for_line("gRPC answered: 0 echo: service")

    def test_several_services_run_beside_each_other(self):
        weir = self.serve(
            service("queue=items", vm_id="service"),
            service("tick_ms=20", vm_id="ticking"),
            service("tick_ms=20", vm_id="everywhere", singleton=False),
        )
        eventually(lambda: weir.stat("wasmcustom.root_all.ticks") > 3, "ticks")
        self.assertEqual(len(weir.plugins()), 3)

    def test_a_service_of_each_worker_shares_data_with_filters(self):
        weir = self.serve(
            service("set=from the service", singleton=False, vm_id="shared"),
            plugins=[self.filter(vm_id="shared")],
        )
        headers = self.client(weir.port).request("/").headers
        self.assertEqual(headers.get("x-shared"), "from the service")

    def test_a_singleton_shares_data_with_filters_of_its_vm_id(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # The same but for an empty section: other code, and so another VM.
        other = pathlib.Path(folder.name) / "other.wasm"
        other.write_bytes(guest("root_all").read_bytes() + b"\0\x02\x01x")
        weir = self.serve(
            service("set=from the service", vm_id="shared"),
            plugins=[bootstrap.plugin("filter", other, vm_id="shared")],
        )
        headers = self.client(weir.port).request("/").headers
        self.assertEqual(headers.get("x-shared"), "from the service")

    def options(self, singleton, **limits):
        plugin = bootstrap.plugin("service", guest("root_all"), "tick_ms=20", limits=limits)
        config = {"@type": _OPTIONS, "singleton": singleton, "options": plugin["typed_config"]}
        del config["options"]["@type"]
        return {"name": "service", "typed_config": config}

    def test_limits_are_weirs_own_message(self):
        for singleton, instances in [(True, 1), (False, 3)]:
            weir = self.serve(self.options(singleton, max_memory_bytes=64 << 20), workers=3)
            eventually(lambda: weir.stat("wasmcustom.root_all.ticks") > 1, "ticks")
            # One more where it is tried out.
            self.assertEqual(weir.stat("wasmcustom.root_all.configured"), 1 + instances)
        log = self.refusal(self.options(True, max_memory_bytes=1 << 16))
        self.assertRegex(log, r"typed_config\.options\.limits\.max_memory_bytes: plugin 'service': .*memory")

    def refusal(self, *services, **parts):
        return self.refusal_of(self.settings(*services, **parts))

    def refusal_of(self, settings):
        with self.assertRaises(AssertionError) as caught:
            self.weir(bootstrap=settings)
        return str(caught.exception)

    def test_a_service_that_does_not_start_ends_the_start(self):
        for singleton in (True, False):
            with self.subTest(singleton=singleton):
                log = self.refusal(service("unknown", singleton=singleton))
                self.assertIn("ended with 1", log)
                self.assertRegex(log, r"bootstrap_extensions\[0\].typed_config.config.configuration: plugin 'service'")
                self.assertIn("proxy_on_configure returned false", log)

    def test_the_vm_of_a_singleton_is_its_own(self):
        log = self.refusal(service(vm_id="one"), plugins=[self.filter(vm_id="one")])
        self.assertIn("the VM of a singleton is its own, but plugin 'filter' has the same", log)
        self.assertIn("bootstrap_extensions[0].typed_config", log)

    def test_neither_an_access_log_nor_another_service_is_in_the_vm_of_a_singleton(self):
        settings = self.settings(service(vm_id="one"))
        log = {"name": "log", "typed_config": bootstrap.plugin("log", guest("root_all"), vm_id="one")["typed_config"]}
        manager = settings["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][-1]
        manager["typed_config"]["access_log"] = [log]
        own = "the VM of a singleton is its own, but plugin '{}' has the same"
        self.assertIn(own.format("log"), self.refusal_of(settings))
        other = service(vm_id="one", singleton=False)
        other["typed_config"]["config"]["name"] = "other"
        self.assertIn(own.format("other"), self.refusal(service(vm_id="one"), other))

    def test_the_vm_of_a_singleton_is_its_own_wherever_its_code_lies(self):
        path = guest("root_all")
        elsewhere = path.parent / "." / ".." / path.parent.name / path.name
        other = bootstrap.plugin("filter", str(elsewhere), vm_id="one")
        log = self.refusal(service(vm_id="one"), plugins=[other])
        self.assertIn("the VM of a singleton is its own, but plugin 'filter' has the same", log)
        self.assertIn("bootstrap_extensions[0].typed_config", log)

    def test_the_vm_of_a_singleton_is_its_own_before_its_code_is_there(self):
        digest = hashlib.sha256(guest("root_all").read_bytes()).hexdigest()
        nobody = free_port()

        def code(path):
            return bootstrap.remote(f"http://127.0.0.1:{nobody}/{path}", digest)

        one = service(vm_id="one")
        one["typed_config"]["config"]["vm_config"]["code"] = code("one")
        local = self.filter(vm_id="one")
        other = self.filter(vm_id="one")
        other["typed_config"]["plugin"]["vm_config"]["code"] = code("other")
        for plugin in (local, other):
            log = self.refusal(one, plugins=[plugin])
            self.assertIn("the VM of a singleton is its own, but plugin 'filter' has the same", log)

    def test_a_service_that_fails_is_started_again(self):
        weir = self.serve(service("panic_tick=3\ntick_ms=20"))
        eventually(lambda: weir.stat("wasm.service.failed.unreachable") >= 1, "the failure")
        eventually(lambda: weir.stat("wasmcustom.root_all.configured") >= 3, "the next start")

    def test_services_come_and_go_with_the_configuration(self):
        weir = self.serve()
        file = weir.folder / "bootstrap.json"
        settings = json.loads(file.read_text())
        settings["bootstrap_extensions"] = [service("tick_ms=20")]
        file.write_text(json.dumps(settings))
        weir.signal(signal.SIGHUP)
        eventually(lambda: weir.stat("wasmcustom.root_all.ticks") > 2, "the service to tick")
        del settings["bootstrap_extensions"]
        file.write_text(json.dumps(settings))
        weir.signal(signal.SIGHUP)
        weir.wait_for_line("service done")
        eventually(lambda: not weir.plugins(), "the service to go")

    def test_a_service_ends_in_order_with_the_process(self):
        weir = self.serve(service())
        weir.signal(signal.SIGTERM)
        eventually(lambda: weir.process.poll() is not None or weir.lines("service done"), "the end")
        self.assertEqual(weir.wait(), 0)
        self.assertTrue(weir.lines("service done"))


if __name__ == "__main__":
    unittest.main()
