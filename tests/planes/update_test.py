"""Configurations that change while requests run: none is lost, and a bad one changes nothing."""

import asyncio
import json
import os
import pathlib
import re
import shutil
import signal
import tempfile
import threading
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, free_port, guest
from peers.http1 import Http1Client
from peers.http2 import Http2Client
from peers.load import SteadyLoad
from peers.message import Response
from peers.weir import eventually

SANITIZED = int(os.environ.get("WEIR_TEST_UPDATES", "1000")) < 1000


class UpdateTest(PlaneTest):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.one = self.upstream(respond=self.answer("one"))
        self.two = self.upstream(respond=self.answer("two"))
        self.accepted = 0

    @staticmethod
    def answer(body):
        async def respond(_):
            return Response(body=body.encode())

        return respond

    def config(self, wasm="http_all", upstream=None, more=(), listeners=None, **options):
        filters = [plugin("edit", guest(wasm), **options)] if wasm else []
        if listeners is None:
            listeners = [listener("main", *filters)]
        return bootstrap([*listeners, *more], [cluster("upstream", upstream or self.one)])

    def start(self, config, path=None):
        self.file = path or self.folder / "weir.json"
        if path is None:
            self.file.write_text(json.dumps(config))
        self.weir = self.weir("-c", self.file, workers=2)
        return self.weir

    def replace(self, config):
        """As an editor or a tool does that writes aside and renames."""
        aside = self.file.with_suffix(".new")
        aside.write_text(config if isinstance(config, str) else json.dumps(config))
        os.rename(aside, self.file)

    def updates(self):
        return json.loads(self.weir.page("/updates")[1])

    def update(self, config):
        self.replace(config)
        self.accepted += 1
        eventually(lambda: self.updates()["accepted"] == self.accepted, "the update")

    def check_updates_under_load(self, client_kind):
        self.start(self.config())
        load = SteadyLoad(client_kind, self.weir.port, path="/headers")
        eventually(lambda: len(load.answers) > 50, "answers of the first configuration")
        for config in [
            self.config(wasm="cpp_http"),
            self.config(wasm="cpp_http", upstream=self.two),
            self.config(wasm=None, upstream=self.two),
            self.config(),
        ]:
            self.update(config)
            seen = len(load.answers)
            eventually(lambda: len(load.answers) > seen + 50, "answers of the next configuration")
        answers = load.stop()
        self.assertEqual({answer.status for answer in answers}, {200})
        seen = {
            (answer.headers.get("x-set"), answer.headers.get("x-guest"), answer.body)
            for answer in answers
        }
        by_rust, by_cpp = ("guest", None), (None, "cpp")
        self.assertEqual(
            seen,
            {(*by_rust, b"one"), (*by_cpp, b"one"), (*by_cpp, b"two"), (None, None, b"two")},
        )

    def test_no_request_is_lost_over_http1(self):
        self.check_updates_under_load(Http1Client)

    def test_no_stream_is_lost_over_http2(self):
        self.check_updates_under_load(Http2Client)

    def test_listeners_come_and_go(self):
        self.start(self.config())
        port = free_port()
        self.update(self.config(more=[listener("more", port=port)]))
        self.assertEqual(self.client(port).request("/").body, b"one")
        self.assertEqual(self.client(self.weir.port).request("/").body, b"one")
        self.update(self.config())
        with self.assertRaises(OSError):
            self.client(port).request("/")
        self.assertTrue(self.weir.lines(f"no longer listening on 127.0.0.1:{port}"))

    def test_a_bad_configuration_changes_nothing(self):
        self.start(self.config())
        before = self.weir.stat("wasm.wasmtime.active")
        client = self.client(self.weir.port)
        taken = listener("more", port=self.one.port)
        for number, (config, why) in enumerate(
            [
                ("{", r"weir\.json:1:\d+: "),
                ("", r"weir\.json"),
                (self.config(listeners=[listener("main", cluster="other")]), "'other'"),
                (self.config(vm_configuration="fail"), "proxy_on_vm_start returned"),
                (self.config(configuration="fail"), "proxy_on_configure: "),
                (self.config(more=[taken]), "Address already in use"),
            ],
            start=1,
        ):
            with self.subTest(why=why):
                self.replace(config)
                eventually(lambda: self.updates()["rejected"] == number, "the rejection")
                self.assertRegex(self.updates()["rejection"], why)
                self.weir.wait_for_line(rf"\[error\] configuration 1 stays; rejected: .*{why}")
                self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
        eventually(lambda: self.weir.stat("wasm.wasmtime.active") == before, "VMs to go")
        self.update(self.config(wasm="cpp_http"))
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")
        self.assertNotIn("rejection", self.updates())

    def test_what_is_no_file_changes_nothing(self):
        self.start(self.config())
        client = self.client(self.weir.port)
        aside = self.folder / "aside"
        for make, why in [
            (lambda: aside.symlink_to("weir.json"), "Too many levels of symbolic links"),
            (lambda: os.mkfifo(aside), "weir.json: it is a pipe with nothing in it, .*; name a file"),
        ]:
            with self.subTest(why=why):
                before = self.updates()["rejected"]
                make()
                os.rename(aside, self.file)
                self.weir.signal(signal.SIGHUP)
                eventually(lambda: self.updates()["rejected"] > before, "the rejection")
                self.assertRegex(self.updates()["rejection"], why)
                self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
        self.update(self.config(wasm="cpp_http"))
        self.assertEqual(client.request("/headers").headers.get("x-guest"), "cpp")

    def test_a_configuration_that_goes_is_told_of_and_taken_when_it_is_back(self):
        self.start(self.config())
        client = self.client(self.weir.port)
        aside = self.folder / "aside"
        serves_on = "; the configuration that was read from it serves on, and it is read when it is back$"
        for make, why in [
            (self.file.unlink, "No such file or directory"),
            (lambda: aside.symlink_to("none"), "a symbolic link to 'none', where there is nothing"),
            (lambda: aside.symlink_to("weir.json"), "Too many levels of symbolic links"),
        ]:
            with self.subTest(why=why):
                make()
                if aside.is_symlink():
                    os.rename(aside, self.file)
                self.weir.wait_for_line(re.escape(f"{self.file}: {why}") + serves_on)
                self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")
                self.update(self.config())
        self.assertEqual(len(self.weir.lines(serves_on)), 3)
        self.assertEqual(self.updates()["rejected"], 0)

    def test_a_config_map_is_replaced_by_one_link(self):
        def write(version, config):
            data = self.folder / version
            data.mkdir()
            (data / "weir.json").write_text(json.dumps(config))
            os.symlink(version, self.folder / "..data_tmp")
            os.rename(self.folder / "..data_tmp", self.folder / "..data")

        write("..1", self.config())
        os.symlink("..data/weir.json", self.folder / "weir.json")
        self.start(None, path=self.folder / "weir.json")
        client = self.client(self.weir.port)
        for number, wasm in enumerate(["cpp_http", "http_all"], start=2):
            write(f"..{number}", self.config(wasm=wasm))
            self.accepted += 1
            eventually(lambda: self.updates()["accepted"] == self.accepted, "the update")
        self.assertEqual(client.request("/headers").headers.get("x-set"), "guest")

    def reject(self, config, why):
        before = self.updates()["rejected"]
        self.replace(config)
        eventually(lambda: self.updates()["rejected"] == before + 1, "the rejection")
        self.assertRegex(self.updates()["rejection"], why)

    def keeping(self, kilobytes, bound, vm_id="keeps"):
        """A plugin that puts so much into shared data, and a thousandth of it into a queue."""
        limits = {"max_shared_data_bytes": bound, "max_queue_bytes": bound}
        keeps = plugin("keeps", self.keeps, "x" * kilobytes, vm_id=vm_id, limits=limits)
        return self.config(listeners=[listener("main", keeps)])

    def test_bounds_of_shared_data_and_queues_change_with_the_configuration(self):
        self.keeps = self.module("keeps")
        self.start(self.keeping(kilobytes=1, bound=2_000))
        self.reject(self.keeping(kilobytes=100, bound=50_000), "proxy_on_configure returned false")
        # A rejected one leaves nothing, of its bound nor of what it was tried out with.
        self.reject(self.keeping(kilobytes=3, bound=2_000), "proxy_on_configure returned false")
        self.update(self.keeping(kilobytes=100, bound=200_000))
        self.reject(self.keeping(kilobytes=300, bound=200_000), "proxy_on_configure returned false")
        self.update(self.keeping(kilobytes=300, bound=100_000_000))

    @unittest.skipIf(SANITIZED, "a sanitizer keeps freed memory")
    def test_shared_data_goes_with_the_last_vm_of_its_id(self):
        self.keeps = self.module("keeps")
        start = self.keeping(kilobytes=4096, bound=8 << 20, vm_id="0")
        self.start(start)
        before = self.weir.rss_bytes()
        for number in range(1, 16):
            self.update(self.keeping(kilobytes=4096, bound=8 << 20, vm_id=str(number)))
        # 15 times 4 MiB, were they kept.
        self.assertLess(self.weir.rss_bytes() - before, 30 << 20)

    def test_a_plugin_that_fails_as_it_joins_a_vm_costs_no_stream(self):
        module = self.module("starts_once")
        stays = plugin("stays", module, vm_id="one")
        self.start(self.config(listeners=[listener("main", stays)]))
        load = SteadyLoad(Http1Client, self.weir.port)
        rejected = threading.Event()

        async def until_rejected():
            yield b"begin"
            while not rejected.is_set():
                await asyncio.sleep(0.01)
            yield b"end"

        client = self.client(self.weir.port)
        under_way = client.start("/", method="POST", body=until_rejected())
        joins = plugin("joins", module, "fails", vm_id="one")
        self.reject(
            self.config(listeners=[listener("main", stays, joins)]),
            "plugin 'joins': proxy_on_configure: unreachable",
        )
        rejected.set()
        self.assertEqual(under_way.result().status, 200)
        self.assertEqual({answer.status for answer in load.stop()}, {200})
        workers = self.weir.plugins()[0]["workers"]
        self.assertEqual([(it["state"], it["failures"]) for it in workers], [("running", 0)] * 2)

    def test_plugins_join_a_vm_and_leave_it_while_streams_run(self):
        filters = [plugin(f"p{i}", guest("http_all"), f"scenario=/headers\ntick_ms={60_000 + i}") for i in range(3)]
        some = [filters[:1], filters[:2], filters, filters[1:], filters[2:], filters[:1]]
        self.start(self.config(listeners=[listener("main", *some[0])]))
        eventually(lambda: self.weir.stat("wasm.wasmtime.active") == 2, "an instance on each worker")
        load = SteadyLoad(Http1Client, self.weir.port, path="/headers")
        for each in some[1:]:
            self.update(self.config(listeners=[listener("main", *each)]))
        answers = load.stop()
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertEqual({answer.headers.get("x-set") for answer in answers}, {"guest"})
        eventually(lambda: self.weir.stat("wasm.wasmtime.active") == 2, "the former instances to go")

    def test_a_listener_takes_all_addresses_of_its_port_and_one_again(self):
        """What stood in its way was the listener itself."""
        port = free_port()

        def at(address):
            main = listener("main", port=port)
            main["address"]["socket_address"]["address"] = address
            return self.config(listeners=[main])

        self.start(at("127.0.0.1"))
        load = SteadyLoad(Http1Client, port)
        for address in ("0.0.0.0", "127.0.0.1"):
            seen = len(load.answers)
            self.update(at(address))
            eventually(lambda: len(load.answers) > seen + 20, "answers of the next listener")
            self.weir.wait_for_line(rf"\] listening on {address}:{port}$")
        self.assertEqual({answer.status for answer in load.stop()}, {200})
        self.assertEqual(self.client(port).request("/").status, 200)

    def test_a_rejected_configuration_is_tried_again_when_its_folder_is_made(self):
        wasm = self.folder / "http_all.wasm"
        shutil.copy(guest("http_all"), wasm)
        watched = self.folder / "not" / "there"
        code = {"local": {"filename": str(wasm), "watched_directory": {"path": str(watched)}}}
        self.start(self.config(wasm=None))
        edit = plugin("edit", code)
        self.reject(self.config(listeners=[listener("main", edit)]), "there' is no folder; make it")
        watched.mkdir(parents=True)
        eventually(lambda: self.updates()["accepted"] == 1, "the update")

    def test_sighup_reads_the_file_and_all_plugins_anew(self):
        self.start(self.config())
        self.weir.signal(signal.SIGHUP)
        eventually(lambda: self.updates()["accepted"] == 1, "the update")
        self.assertEqual(self.weir.plugins()[0]["reloads"], 1)
        self.assertTrue(self.weir.lines("SIGHUP: loading the configuration and all plugins anew"))


if __name__ == "__main__":
    unittest.main()
