"""Code that is fetched: at the start, in an update, and when it does not come."""

import json
import os
import pathlib
import signal
import tempfile
import time
import types
import unittest

from peers.bootstrap import bootstrap, cluster, endpoint, listener, plugin, remote, upstream_tls
from peers.case import PlaneTest, free_port, guest
from peers.code_server import Authority, CodeServer, sha256
from peers.http1 import Http1Client
from peers.load import SteadyLoad
from peers.weir import eventually, run_to_end


class RemoteTest(PlaneTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.cache = self.folder / "cache"
        self.rust = guest("http_all").read_bytes()
        self.cpp = guest("cpp_http").read_bytes()
        self.up = self.upstream()
        self.server = self.code_server()
        self.port = free_port()

    def code_server(self, authority=None):
        server = CodeServer({"/rust.wasm": self.rust, "/cpp.wasm": self.cpp}, authority)
        self.addCleanup(server.close)
        return server

    def from_server(self, name="rust", server=None, **options):
        code = getattr(self, name)
        return remote(f"{(server or self.server).url}/{name}.wasm", sha256(code), **options)

    def config(self, code=None, **options):
        edit = plugin("edit", code or self.from_server(), **options)
        return bootstrap(
            [listener("main", edit, port=self.port)], [cluster("upstream", self.up)]
        )

    def write(self, config):
        aside = self.folder / "new.json"
        aside.write_text(json.dumps(config))
        os.rename(aside, self.folder / "weir.json")

    def arguments(self):
        return ["-c", self.folder / "weir.json", "--fetch-cache", self.cache]

    def start(self, config, *arguments, **options):
        self.write(config)
        return self.weir(*self.arguments(), *arguments, **options)

    def edited_by(self):
        headers = self.client(self.port).request("/headers").headers
        if headers.get("x-set") == "guest":
            return "rust"
        return headers.get("x-guest")

    def status(self):
        return self.client(self.port).request("/headers").status

    def updates(self, weir):
        return json.loads(weir.page("/updates")[1])


class StartTest(RemoteTest):
    def test_code_is_fetched_once_and_kept(self):
        weir = self.start(self.config())
        self.assertEqual(self.edited_by(), "rust")
        self.assertEqual(weir.stat("wasm.remote_load_fetch_successes"), 1)
        self.assertEqual(weir.stat("wasm.remote_load_cache_misses"), 1)
        self.assertEqual(weir.stat("wasm.remote_load_cache_entries"), 1)
        weir.stop()
        self.server.status = 500
        again = self.start(self.config())
        self.assertEqual(self.edited_by(), "rust")
        self.assertEqual(again.stat("wasm.remote_load_cache_hits"), 1)
        self.assertEqual(self.server.requests, ["/rust.wasm"])

    def test_two_plugins_of_one_hash_are_one_fetch(self):
        plugins = [plugin(name, self.from_server()) for name in ("one", "two")]
        self.start(
            bootstrap([listener("main", *plugins, port=self.port)], [cluster("upstream", self.up)])
        )
        self.assertEqual(self.server.requests, ["/rust.wasm"])

    def test_nothing_is_accepted_before_the_code_is_there(self):
        self.server.gate.clear()
        weir = self.start(self.config(), ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        self.assertEqual(weir.page("/ready"), (503, "STARTING\n"))
        self.assertEqual(self.updates(weir)["waits_for"], [f"{self.server.url}/rust.wasm"])
        with self.assertRaises(ConnectionRefusedError):
            self.status()
        self.server.gate.set()
        weir.wait_until_ready()
        self.assertEqual(self.edited_by(), "rust")

    def test_a_new_file_replaces_a_start_that_waits(self):
        self.server.gate.clear()
        weir = self.start(self.config(), ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        self.write(self.config(code={"local": {"filename": str(guest("cpp_http"))}}))
        weir.wait_until_ready()
        self.assertEqual(self.edited_by(), "cpp")

    def test_the_process_can_end_while_it_waits(self):
        self.server.gate.clear()
        weir = self.start(self.config(), ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)

    def test_retries_bring_what_fails_at_first(self):
        self.server.status = 503
        weir = self.start(self.config(code=self.from_server(retries=1000)), ready=False)
        eventually(lambda: len(self.server.requests) > 3, "retries")
        self.server.status = 200
        weir.wait_until_ready()
        self.assertEqual(self.edited_by(), "rust")

    def test_code_may_come_to_its_server_after_the_configuration(self):
        del self.server.files["/rust.wasm"]
        weir = self.start(self.config(code=self.from_server(retries=1000)), ready=False)
        eventually(lambda: len(self.server.requests) > 2, "retries after 404")
        self.server.files["/rust.wasm"] = self.cpp
        asked = len(self.server.requests)
        eventually(lambda: len(self.server.requests) > asked + 2, "retries after other bytes")
        self.server.files["/rust.wasm"] = self.rust
        weir.wait_until_ready()
        self.assertEqual(self.edited_by(), "rust")

    def check_healing(self, policy, status):
        self.server.status = 404
        weir = self.start(self.config(failure_policy=policy))
        self.assertEqual(self.status(), status)
        self.assertRegex(weir.plugins()[0]["absent"], "status 404")
        self.server.status = 200
        eventually(lambda: self.edited_by() == "rust", "the code to come")
        self.assertNotIn("absent", weir.plugins()[0])

    def test_streams_fail_until_code_comes_that_did_not(self):
        self.check_healing("FAIL_CLOSED", 503)

    def test_streams_do_without_until_code_comes_that_did_not(self):
        self.check_healing("FAIL_OPEN", 200)

    def test_code_that_did_not_come_comes_while_an_update_waits_for_other_code(self):
        self.server.status = 404
        weir = self.start(self.config())
        self.assertEqual(self.status(), 503)
        hanging = self.code_server()
        hanging.gate.clear()
        self.addCleanup(hanging.gate.set)
        code = self.from_server("cpp", server=hanging, timeout="600s")
        config = self.config()
        other = listener("other", plugin("other", code), port=free_port())
        config["static_resources"]["listeners"].append(other)
        self.write(config)
        eventually(lambda: "waits_for" in self.updates(weir), "the fetch")
        self.server.status = 200
        eventually(lambda: self.edited_by() == "rust", "the code to come")
        self.assertIn("waits_for", self.updates(weir))
        hanging.gate.set()
        eventually(lambda: self.updates(weir)["accepted"] == 1, "the update")
        self.assertEqual(self.edited_by(), "rust")

    def test_a_plugin_that_refuses_to_start_once_its_code_has_come_tells_so(self):
        self.server.status = 404
        code = self.from_server(retries=1, pause="0.1s")
        weir = self.start(self.config(code=code, vm_configuration="fail"))
        self.assertRegex(weir.page("/ready?plugins")[1], "plugin 'edit' is absent: .*status 404")
        self.server.status = 200
        refused = "proxy_on_vm_start returned"
        eventually(lambda: refused in weir.page("/ready?plugins")[1], "the refusal")
        self.assertIn(refused, weir.plugins()[0]["absent"])
        # A change of something else does not bring back what was before.
        config = self.config(code=code, vm_configuration="fail")
        config["static_resources"]["clusters"].append(cluster("other", self.up))
        self.write(config)
        eventually(lambda: self.updates(weir)["accepted"] == 1, "the update")
        self.assertIn(refused, weir.plugins()[0]["absent"])

    def test_code_of_another_hash_is_never_used(self):
        self.server.files["/rust.wasm"] = self.cpp
        weir = self.start(self.config())
        self.assertEqual(self.status(), 503)
        self.assertTrue(weir.lines(f"the sha256 of what is there is {sha256(self.cpp)}"))

    def test_redirects_are_followed_only_where_allowed(self):
        self.server.files["/there"] = self.rust
        elsewhere = self.code_server()
        elsewhere.status = 302
        elsewhere.headers = {"location": f"{self.server.url}/there"}
        weir = self.start(self.config(code=self.from_server(server=elsewhere)))
        self.assertEqual(self.status(), 503)
        self.assertTrue(weir.lines("a redirect to .*/there, which is not followed"))
        self.write(
            self.config(code=self.from_server(server=elsewhere), fetch={"follow_redirects": True})
        )
        eventually(lambda: self.edited_by() == "rust", "the code to come")

    def test_code_that_is_too_large_is_refused(self):
        weir = self.start(self.config(fetch={"max_bytes": 1000}))
        self.assertEqual(self.status(), 503)
        self.assertTrue(weir.lines("larger than 1000 bytes"))

    def test_a_misspelt_cluster_is_told(self):
        config = self.config()
        config["static_resources"]["clusters"].append(cluster("codes", self.up))
        weir = self.start(config)
        told = "http_uri.uri: plugin 'edit': there is no cluster 'code', as its http_uri.cluster says, so"
        self.assertTrue(weir.lines(told + " the uri's own host is asked; did you mean 'codes'"))
        code, printed = run_to_end("check", str(self.folder / "weir.json"))
        self.assertIn(told, printed)
        self.assertEqual(code, 0)
        # A name unlike any is as Envoy takes it.
        weir.stop()
        self.assertFalse(self.start(self.config()).lines("there is no cluster"))

    def test_a_reload_that_is_asked_for_while_the_process_starts_is_done_then(self):
        def ask():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
            os.kill(os.getpid(), signal.SIGHUP)

        weir = self.start(self.config(), preexec_fn=ask)
        eventually(lambda: weir.lines("SIGHUP: loading the configuration"), "the reload")
        self.assertEqual(self.edited_by(), "rust")

    def test_a_plugin_that_refuses_its_configuration_ends_the_process(self):
        self.write(self.config(vm_configuration="fail"))
        for _ in ("fetched", "cached"):
            code, printed = run_to_end("serve", *map(str, self.arguments()))
            self.assertEqual(code, 1)
            self.assertRegex(printed, r"weir serve: .*plugin 'edit': .*proxy_on_vm_start returned")


class NackTest(RemoteTest):
    VM = {"nack_on_code_cache_miss": True}

    def test_a_start_is_refused_and_the_next_one_succeeds(self):
        self.write(self.config(vm=self.VM))
        code, printed = run_to_end("serve", *map(str, self.arguments()))
        self.assertEqual(code, 1)
        self.assertRegex(
            printed, "plugin 'edit': .*not in the cache; .*; what was fetched is there for the next start"
        )
        self.start(self.config(vm=self.VM))
        self.assertEqual(self.edited_by(), "rust")

    def test_a_start_fetches_all_that_it_lacks(self):
        plugins = [plugin(name, self.from_server(name), vm=self.VM) for name in ("rust", "cpp")]
        self.write(
            bootstrap([listener("main", *plugins, port=self.port)], [cluster("upstream", self.up)])
        )
        self.assertEqual(run_to_end("serve", *map(str, self.arguments()))[0], 1)
        self.assertEqual(sorted(self.server.requests), ["/cpp.wasm", "/rust.wasm"])

    def test_a_start_tells_why_the_fetch_for_the_next_one_has_failed(self):
        """It said that the code was being fetched, when nothing was any more."""
        self.server.status = 404
        self.write(self.config(vm=self.VM))
        code, printed = run_to_end("serve", *map(str, self.arguments()))
        self.assertEqual(code, 1)
        self.assertRegex(printed, "not in the cache; .*; the fetch has failed: .* status 404")
        self.assertNotIn("[error]", printed)

    def test_the_admin_port_answers_while_a_start_that_fails_fetches(self):
        self.server.gate.clear()
        weir = self.start(self.config(vm=self.VM), ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        self.assertEqual(weir.page("/ready"), (503, "STARTING\n"))
        self.server.gate.set()
        self.assertEqual(weir.wait(), 1)

    def test_an_update_is_refused_and_the_next_one_succeeds(self):
        weir = self.start(self.config())
        self.write(self.config(code=self.from_server("cpp"), vm=self.VM))
        eventually(lambda: self.updates(weir)["rejected"] == 1, "the rejection")
        self.assertRegex(self.updates(weir)["rejection"], "not in the cache")
        self.assertEqual(self.edited_by(), "rust")
        eventually(lambda: weir.stat("wasm.remote_load_cache_entries") == 2, "the fetch")
        weir.signal(signal.SIGHUP)
        eventually(lambda: self.edited_by() == "cpp", "the next try")


    def test_a_cache_that_cannot_be_written_is_told(self):
        self.cache = self.folder / "weir.json" / "cache"
        self.write(self.config(vm=self.VM))
        code, printed = run_to_end("serve", *map(str, self.arguments()))
        self.assertEqual(code, 1)
        self.assertRegex(
            printed,
            r"\.nack_on_code_cache_miss: plugin 'edit': .*what was fetched cannot be kept: .*weir.json",
        )

    def test_an_update_succeeds_without_a_cache_that_can_be_written(self):
        self.cache = self.folder / "weir.json" / "cache"
        weir = self.start(self.config(code={"local": {"filename": str(guest("cpp_http"))}}))
        self.write(self.config(vm=self.VM))
        eventually(lambda: self.updates(weir)["rejected"] == 1, "the rejection")
        eventually(lambda: weir.stat("wasm.remote_load_fetch_successes") == 1, "the fetch")
        weir.signal(signal.SIGHUP)
        eventually(lambda: self.edited_by() == "rust", "the next try")


class UpdateTest(RemoteTest):
    def test_code_that_nobody_waits_for_is_not_tried_again(self):
        weir = self.start(self.config())
        self.server.status = 503
        self.write(self.config(code=self.from_server("cpp", retries=4294967295)))
        eventually(lambda: len(self.server.requests) > 3, "retries")
        self.write(self.config(vm_id="other"))
        eventually(lambda: self.updates(weir)["accepted"] == 1, "the newer one")
        eventually(lambda: weir.lines("cpp.wasm: .*(given up|status 503, after)"), "the end of the retries")
        asked = len(self.server.requests)
        time.sleep(0.3)  # six pauses
        self.assertEqual(len(self.server.requests), asked)

    def test_a_new_configuration_warms_aside(self):
        weir = self.start(self.config())
        load = SteadyLoad(Http1Client, self.port, path="/headers")
        self.server.gate.clear()
        self.write(self.config(code=self.from_server("cpp")))
        eventually(lambda: "waits_for" in self.updates(weir), "the fetch")
        self.assertEqual(weir.page("/ready")[0], 200)
        self.assertEqual(self.edited_by(), "rust")
        self.server.gate.set()
        eventually(lambda: self.edited_by() == "cpp", "the update")
        self.assertEqual({answer.status for answer in load.stop()}, {200})

    def test_what_is_waited_for_is_told_once(self):
        self.server.gate.clear()
        self.addCleanup(self.server.gate.set)
        plugins = [plugin(name, self.from_server()) for name in ("one", "two")]
        config = bootstrap(
            [listener("main", *plugins, port=self.port)], [cluster("upstream", self.up)]
        )
        weir = self.start(config, ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        self.assertEqual(self.updates(weir)["waits_for"], [f"{self.server.url}/rust.wasm"])

    def test_an_update_whose_code_does_not_come_is_rejected(self):
        weir = self.start(self.config())
        self.server.status = 500
        self.write(self.config(code=self.from_server("cpp", retries=2)))
        eventually(lambda: self.updates(weir)["rejected"] == 1, "the rejection")
        self.assertRegex(self.updates(weir)["rejection"], "status 500, after 3 tries")
        self.assertEqual(self.edited_by(), "rust")

    def test_a_newer_configuration_does_not_wait_for_an_older_one(self):
        weir = self.start(self.config())
        self.server.gate.clear()
        self.write(self.config(code=self.from_server("cpp")))
        eventually(lambda: "waits_for" in self.updates(weir), "the fetch")
        self.write(self.config(vm_id="other"))
        eventually(lambda: self.updates(weir)["accepted"] == 1, "the newer one")
        self.assertEqual(self.edited_by(), "rust")
        self.assertTrue(weir.lines("gives way to a newer one"))


class ClusterTest(RemoteTest):
    """The cluster that http_uri names says who is asked, and the uri what for."""

    HOST = "code.invalid"

    def cluster_of(self, *ports, **fields):
        """The cluster "code"."""
        endpoints = [endpoint(types.SimpleNamespace(port=port)) for port in ports]
        assignment = {"endpoints": [{"lb_endpoints": endpoints}]}
        return {"name": "code", "load_assignment": assignment, **fields}

    def config_by(self, code_cluster, path="/rust.wasm", scheme="http", sha=None, **options):
        code = remote(f"{scheme}://{self.HOST}{path}", sha or sha256(self.rust), **options)
        config = self.config(code=code)
        config["static_resources"]["clusters"].append(code_cluster)
        return config

    def refusal(self, config):
        self.write(config)
        status, printed = run_to_end(
            "check", str(self.folder / "weir.json"), "--fetch-cache", str(self.folder / "checked")
        )
        self.assertEqual(status, 1)
        return printed

    def test_the_servers_of_the_cluster_are_asked(self):
        self.start(self.config_by(self.cluster_of(self.server.port)))
        self.assertEqual(self.edited_by(), "rust")
        self.assertEqual((self.server.requests, self.server.hosts), (["/rust.wasm"], [self.HOST]))

    def test_further_tries_ask_further_servers(self):
        bad = self.code_server()
        bad.status = 503
        code = self.cluster_of(bad.port, self.server.port)
        self.start(self.config_by(code, retries=60, pause="0.001s"))
        self.assertEqual(self.edited_by(), "rust")
        self.assertEqual(len(self.server.requests), 1)

    def test_plugins_of_one_uri_and_cluster_are_one_fetch(self):
        config = self.config_by(self.cluster_of(self.server.port))
        manager = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]
        filters = manager["typed_config"]["http_filters"]
        filters.insert(0, json.loads(json.dumps(filters[0])))
        self.server.status = 503
        weir = self.start(config)
        self.assertEqual(len(self.server.requests), 1)
        weir.stop()

    def test_tls_is_that_of_the_cluster(self):
        """Whatever the uri's scheme; the certificate is held against the cluster's authorities."""
        authority = Authority(self.folder)
        secure = self.code_server(authority)
        checked = {"trusted_ca": {"filename": str(authority.ca_file)}}
        code = self.cluster_of(secure.port, transport_socket=upstream_tls(validation_context=checked))
        for scheme in ("http", "https"):
            with self.subTest(scheme=scheme):
                self.cache = self.folder / scheme
                weir = self.start(self.config_by(code, scheme=scheme))
                self.assertEqual(self.edited_by(), "rust")
                weir.stop()
        stranger = self.folder / "stranger"
        stranger.mkdir()
        checked["trusted_ca"]["filename"] = str(Authority(stranger).ca_file)
        code = self.cluster_of(secure.port, transport_socket=upstream_tls(validation_context=checked))
        error = self.refusal(self.config_by(code))
        self.assertRegex(error, "code.invalid/rust.wasm: cluster 'code': .*certificate")

    def test_a_password_is_not_sent_in_the_clear_where_the_uri_is_https(self):
        code = self.cluster_of(self.server.port)
        self.HOST = "ann:secret@code.invalid"
        error = self.refusal(self.config_by(code, scheme="https"))
        self.assertIn("the password in the uri is not sent, as the cluster has no TLS", error)
        self.assertNotIn("secret", error)
        self.assertEqual(self.server.requests, [])

    def test_what_goes_wrong_is_told_with_the_cluster(self):
        dead = free_port()
        error = self.refusal(self.config_by(self.cluster_of(dead)))
        self.assertRegex(
            error,
            r"weir.json:1:\d+: static_resources\..*\.http_uri\.uri: plugin 'edit': "
            rf"http://code.invalid/rust.wasm: cluster 'code': connect to 127.0.0.1:{dead}: .*refused; see that",
        )
        self.server.gate.clear()
        error = self.refusal(self.config_by(self.cluster_of(self.server.port), timeout="0.1s"))
        self.assertIn("cluster 'code': timed out after 100 ms; see", error)
        self.server.gate.set()
        self.server.status = 404
        error = self.refusal(self.config_by(self.cluster_of(self.server.port)))
        self.assertIn("the server answers with status 404; see", error)

    def test_redirects_stay_with_the_cluster_as_long_as_with_the_host(self):
        moved = self.code_server()
        moved.status = 302
        config = self.config_by(self.cluster_of(moved.port), path="/moved")
        moved.headers = {"location": f"{self.server.url}/rust.wasm"}
        self.assertRegex(self.refusal(config), "a redirect to .*which is not followed")
        filters = config["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
        edit = filters[0]["typed_config"]["http_filters"][0]["typed_config"]
        edit["fetch"] = {"follow_redirects": True}
        weir = self.start(config)
        self.assertEqual(self.edited_by(), "rust")
        self.assertEqual(self.server.hosts, [f"127.0.0.1:{self.server.port}"])
        weir.stop()
        # To the cluster again, and again.
        moved.headers = {"location": "/moved"}
        error = self.refusal(config)
        self.assertIn("more than 5 redirects", error)
        self.assertEqual(moved.hosts[-6:], [self.HOST] * 6)

    def test_an_update_brings_other_servers(self):
        dead = free_port()
        weir = self.start(self.config(code={"local": {"filename": str(guest("cpp_http"))}}))
        self.write(self.config_by(self.cluster_of(dead), retries=1000))
        eventually(lambda: "waits_for" in self.updates(weir), "the code")
        self.write(self.config_by(self.cluster_of(self.server.port), retries=1000))
        eventually(lambda: self.edited_by() == "rust", "the code by other servers")
        weir.stop()

    def test_a_process_that_asks_a_cluster_can_end(self):
        self.server.gate.clear()
        weir = self.start(self.config_by(self.cluster_of(self.server.port), timeout="60s"), ready=False)
        eventually(lambda: self.server.requests, "the fetch")
        began = time.monotonic()
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        self.assertLess(time.monotonic() - began, 5)

    def test_without_such_a_cluster_the_uris_host_is_asked(self):
        """That the configuration has no cluster of that name is no error, as in Envoy."""
        self.start(self.config(code=self.from_server()))
        self.assertEqual(self.server.hosts, [f"127.0.0.1:{self.server.port}"])


class TlsTest(RemoteTest):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder)
        self.server = self.code_server(self.authority)

    def test_code_comes_over_https_from_a_server_that_is_trusted(self):
        self.start(self.config(), "--fetch-ca-file", self.authority.ca_file)
        self.assertEqual(self.edited_by(), "rust")

    def test_no_redirect_leads_from_https_to_http(self):
        """One that came from http before was followed back there."""
        plain = self.code_server()
        first = self.code_server()
        for at, to in ((first, self.server), (self.server, plain)):
            at.status, at.headers = 302, {"location": f"{to.url}/rust.wasm"}
        for server in (first, self.server):
            self.write(
                self.config(code=self.from_server(server=server), fetch={"follow_redirects": True})
            )
            code, printed = run_to_end(
                "check", str(self.folder / "weir.json"), "--fetch-ca-file", self.authority.ca_file,
                "--fetch-cache", "",
            )
            self.assertEqual(code, 1)
            self.assertRegex(printed, "a redirect leads from https to http://.*; write a uri")
        self.assertEqual(plain.requests, [])

    def test_a_file_of_authorities_is_looked_at_first(self):
        self.write(self.config())
        empty = self.folder / "empty.pem"
        empty.write_text("no certificate\n")
        for file, why in ((self.folder / "missing.pem", "No such file"), (empty, "no certificate in PEM")):
            for command in ("check", "serve"):
                with self.subTest(command=command, why=why):
                    code, printed = run_to_end(
                        command, "-c", str(self.folder / "weir.json"), "--fetch-ca-file", str(file)
                    )
                    self.assertEqual(code, 1)
                    self.assertRegex(printed, f"^weir {command}: --fetch-ca-file: .*{why}")
        self.assertEqual(self.server.requests, [])

    def test_a_server_that_is_not_trusted_is_not_used(self):
        weir = self.start(self.config())
        self.assertEqual(self.status(), 503)
        self.assertTrue(weir.lines("certificate.*; trust its authority by --fetch-ca-file FILE"))


if __name__ == "__main__":
    unittest.main()
