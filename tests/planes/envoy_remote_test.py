"""Code from elsewhere in a stock Envoy: streams wait for it, and are not lost by that."""

import pathlib
import tempfile
import threading
import unittest

from peers.bootstrap import remote
from peers.case import PlaneTest, guest
from peers.code_server import CodeServer, sha256
from peers.envoy import (
    Envoy,
    cluster,
    listener,
    network_filter,
    plugin_config,
    refusal,
    service,
    tcp_listener,
    weir_filter,
)
from peers.http2 import Http2Client
from peers.registry import WASM_LAYER, Registry
from peers.tcp import TcpClient, TcpUpstream
from peers.weir import eventually


def in_thread(function, *arguments):
    """Runs it beside the test; join() returns its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments)), daemon=True)
    thread.start()

    def join():
        thread.join(60)
        return results[0]

    return join


class RemoteCase(PlaneTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = pathlib.Path(folder.name) / "cache"
        self.http_all = guest("http_all").read_bytes()
        self.tcp_all = guest("tcp_all").read_bytes()
        self.root_all = guest("root_all").read_bytes()
        files = {f"/{name}.wasm": getattr(self, name) for name in ("http_all", "tcp_all", "root_all")}
        self.server = CodeServer(files)
        self.addCleanup(self.server.close)

    def config(self, name="http_all", configuration="scenario=/headers", code=None, **options):
        config = plugin_config(name, "", configuration, **options)
        digest = sha256(getattr(self, name))
        config["vm_config"]["code"] = code or remote(f"{self.server.url}/{name}.wasm", digest)
        return config

    def start(self, *listeners, upstream=None, **options):
        self.envoy = Envoy(
            listeners,
            [cluster("upstream", upstream or self.upstream())],
            environment={"WEIR_FETCH_CACHE": str(self.cache)},
            **options,
        )
        self.addCleanup(self.envoy.stop)
        return self.envoy

    def ask(self, path="/any", **parts):
        return self.client(self.envoy.port).request(path, **parts)


class HttpTest(RemoteCase):
    def test_streams_wait_until_the_code_is_there(self):
        self.server.gate.clear()
        self.start(listener("main", weir_filter(self.config())), workers=2)
        asked = [in_thread(lambda: self.ask("/any", method="POST", body=b"x" * 100_000)) for _ in range(8)]
        self.envoy.wait_for_line("its code is being fetched")
        eventually(lambda: self.server.requests, "the code to be asked for")
        self.server.gate.set()
        for join in asked:
            response = join()
            self.assertEqual(response.status, 200)
            self.assertEqual(response.headers.get("x-set"), "guest")
        self.assertEqual(len(self.server.requests), 1)
        stat = self.envoy.stat("wasmcustom.late_counter.name.wasm.remote_load_fetch_successes")
        self.assertEqual(stat, 1)

    def test_what_was_fetched_once_is_there_at_once(self):
        self.start(listener("main", weir_filter(self.config())))
        self.assertEqual(self.ask().headers.get("x-set"), "guest")
        self.start(listener("main", weir_filter(self.config())))
        self.assertEqual(self.ask().headers.get("x-set"), "guest")
        self.assertEqual(len(self.server.requests), 1)
        # Then it is loaded with the configuration, and its metrics are stats of their own.
        self.assertIn("wasmcustom.wasm.http_all.vm_reload_success", self.envoy.stats())

    def test_a_stream_that_goes_away_while_it_waits_harms_nobody(self):
        self.server.gate.clear()
        self.start(listener("main", weir_filter(self.config())))
        leaving = TcpClient(self.envoy.port)
        leaving.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
        eventually(lambda: self.server.requests, "the code to be asked for")
        leaving.reset()
        join = in_thread(self.ask)
        self.server.gate.set()
        self.assertEqual(join().headers.get("x-set"), "guest")

    def test_a_plugin_that_answers_itself_does_so_late(self):
        self.server.gate.clear()
        config = self.config(configuration="scenario=/local-response")
        self.start(listener("main", weir_filter(config)))
        join = in_thread(self.ask)
        eventually(lambda: self.server.requests, "the code to be asked for")
        self.server.gate.set()
        self.assertEqual(join().status, 403)

    def test_code_that_does_not_come_is_a_matter_of_the_policy(self):
        for policy, status in (("FAIL_CLOSED", 503), ("FAIL_OPEN", 200)):
            with self.subTest(policy):
                self.server.status = 500
                self.start(listener("main", weir_filter(self.config(failure_policy=policy))))
                self.assertEqual(self.ask().status, status)
                self.envoy.wait_for_line("plugin 'http_all'.*500")
                # Later streams do not wait for the next try, which brings it.
                self.assertEqual(self.ask().status, status)
                self.server.status = 200
                eventually(lambda: self.ask().headers.get("x-set") == "guest", "the code")
                self.cache.joinpath("none").parent.mkdir(exist_ok=True)
                for file in self.cache.iterdir():
                    file.unlink()

    def test_code_with_another_hash_is_not_run(self):
        code = remote(f"{self.server.url}/tcp_all.wasm", sha256(self.http_all))
        self.start(listener("main", weir_filter(self.config(code=code))))
        self.assertEqual(self.ask().status, 503)
        self.envoy.wait_for_line("plugin 'http_all'.*(hash|SHA-256|sha256)")

    def test_a_plugin_that_refuses_its_configuration_is_told_of_late(self):
        self.start(listener("main", weir_filter(self.config(configuration="fail=configure"))))
        self.assertEqual(self.ask().status, 503)
        self.envoy.wait_for_line("proxy_on_configure")

    def test_a_configuration_may_ask_for_the_cache_alone(self):
        config = self.config()
        config["vm_config"]["nack_on_code_cache_miss"] = True
        # The next start has it, though the server takes its time.
        self.server.gate.clear()
        threading.Thread(target=self.open_when_asked, daemon=True).start()
        main = listener("main", weir_filter(config))
        log = refusal(main, self.upstream(), environment={"WEIR_FETCH_CACHE": str(self.cache)})
        self.assertRegex(log, "nack_on_code_cache_miss: .* what was fetched is there for the next start")
        self.start(main)
        self.assertEqual(self.ask().headers.get("x-set"), "guest")
        self.assertEqual(self.server.requests, ["/http_all.wasm"])

    def open_when_asked(self):
        eventually(lambda: self.server.requests, "the code to be asked for")
        self.server.gate.set()

    def test_streams_of_http2_wait_together(self):
        self.server.gate.clear()
        self.start(listener("main", weir_filter(self.config()), codec_type="HTTP2"))
        client = self.client(self.envoy.port, Http2Client)
        joins = [in_thread(client.request, f"/{number}") for number in range(5)]
        eventually(lambda: self.server.requests, "the code to be asked for")
        self.server.gate.set()
        for join in joins:
            self.assertEqual(join().headers.get("x-set"), "guest")


class RegistryTest(RemoteCase):
    def test_an_image_in_a_registry(self):
        registry = Registry(self.cache.parent)
        self.addCleanup(registry.close)
        image = registry.push("team/edit", "v1", self.http_all, WASM_LAYER)
        code = remote(registry.uri("team/edit", f"@{image['digest']}"), timeout="10s")
        self.start(listener("main", weir_filter(self.config(code=code))))
        self.assertEqual(self.ask().headers.get("x-set"), "guest")


class OtherFiltersTest(RemoteCase):
    def test_connections_wait_with_their_bytes(self):
        self.server.gate.clear()
        filter_ = network_filter(self.config("tcp_all", "rewrite"))
        received = []

        def keep(connection):
            received.append(connection.recv(100))
            connection.sendall(b"ANSWER")

        self.start(tcp_listener("carried", filter_), upstream=self.upstream(TcpUpstream, serve=keep))
        client = TcpClient(self.envoy.port)
        self.addCleanup(client.close)
        client.send(b"hello")
        eventually(lambda: self.server.requests, "the code to be asked for")
        self.server.gate.set()
        self.assertEqual(client.receive_all(), b"answer")
        self.assertEqual(received, [b"HELLO"])

    def test_connections_are_closed_where_the_code_does_not_come(self):
        self.server.status = 404
        filter_ = network_filter(self.config("tcp_all", "rewrite"))
        self.start(tcp_listener("carried", filter_), upstream=self.upstream(TcpUpstream))
        client = TcpClient(self.envoy.port)
        self.addCleanup(client.close)
        self.assertTrue(client.is_reset())

    def test_envoy_takes_no_traffic_before_a_service_is_there(self):
        service_ = service({"config": self.config("root_all", "tick_ms=20"), "singleton": True})
        self.start(listener("main"), extensions=[service_])
        name = "wasmcustom.late_counter.name.root_all.ticks"
        eventually(lambda: self.envoy.stat(name) > 2, "ticks")


if __name__ == "__main__":
    unittest.main()
