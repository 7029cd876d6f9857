"""Updates by the thousand under load, good and bad: no request is lost, and nothing is left behind."""

import json
import os
import pathlib
import random
import signal
import tempfile
import time
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin, remote
from peers.case import PlaneTest, free_port, guest
from peers.code_server import CodeServer, sha256
from peers.http1 import Http1Client
from peers.http2 import Http2Client
from peers.load import SteadyLoad
from peers.weir import Weir, eventually

# Fewer where a sanitizer makes each cost more.
UPDATES = int(os.environ.get("WEIR_TEST_UPDATES", "1000"))
SANITIZED = UPDATES < 1000
KILLS = 20


class StormTest(PlaneTest):
    """A good configuration is followed by each kind of another one, good or bad."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = CodeServer({"/good.wasm": guest("cpp_http").read_bytes()})
        self.addCleanup(self.server.close)
        self.up = self.upstream()
        self.port, self.other_port = free_port(), free_port()
        self.next_vm = 0

    def config(self, code, more=(), route="upstream", clusters=(), joining=None, **options):
        """Beside the plugin that changes there is one that stays, and `joining` configures one in its VM."""
        plugins = [plugin("edit", code, **options), plugin("stays", guest("http_all"), vm_id="one")]
        if joining is not None:
            plugins.append(plugin("joins", guest("http_all"), joining, vm_id="one"))
        main = listener("main", *plugins, cluster=route, port=self.port)
        known = [cluster("upstream", self.up), *clusters]
        return json.dumps(bootstrap([main, *more], known))

    def local(self, **options):
        self.next_vm += 1
        # A VM of its own: none is shared with the configuration before.
        return self.config(guest("http_all"), vm_id=str(self.next_vm), **options)

    def kinds(self):
        good, none = f"{self.server.url}/good.wasm", f"{self.server.url}/none.wasm"
        known = sha256(self.server.files["/good.wasm"])
        return [
            (True, lambda: self.local()),
            (False, lambda: '{"static_resources": '),
            (True, lambda: self.config(remote(good, known))),
            (False, lambda: self.local(vm_configuration="fail")),
            (True, lambda: self.local(route="second", clusters=[cluster("second", self.up)])),
            (False, lambda: self.config(remote(none, "0" * 64))),
            (True, lambda: self.local(more=[listener("more", port=self.other_port)])),
            (False, lambda: self.local(route="unknown")),
            (False, lambda: self.local(configuration="unknown")),
            (False, lambda: self.config({"local": {"filename": "/nonexistent.wasm"}})),
            (True, lambda: self.local(joining=f"scenario=/other\ntick_ms={60_000 + self.next_vm}")),
            (False, lambda: self.local(joining="unknown")),
        ]

    def test_a_thousand_updates_lose_no_request_and_leak_no_vm(self):
        file = self.folder / "weir.json"
        file.write_text(self.local())
        weir = self.weir("-c", file, "--no-watch", workers=2)
        before = weir.stat("wasm.wasmtime.active")
        loads = [
            SteadyLoad(kind, self.port, connections=2, path="/headers")
            for kind in (Http1Client, Http2Client)
        ]
        kinds = self.kinds()
        done = {"accepted": 0, "rejected": 0}
        rss = []
        for number in range(UPDATES):
            good, make = kinds[number % len(kinds)]
            file.write_text(make())
            done["accepted" if good else "rejected"] += 1
            weir.signal(signal.SIGHUP)
            eventually(
                lambda: {key: json.loads(weir.page("/updates")[1])[key] for key in done} == done,
                f"{done} after update {number}",
            )
            if number % (UPDATES // 5) == 0:
                rss.append(weir.rss_bytes())
        answers = [answer for load in loads for answer in load.stop()]
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertGreater(len(answers), UPDATES)
        eventually(lambda: weir.stat("wasm.wasmtime.active") == before, "the VMs of old plugins to go")
        self.assertEqual(weir.stat("http.main.downstream_rq_rx_reset"), 0)
        if not SANITIZED:  # One keeps freed memory.
            self.assertLess(weir.rss_bytes() - rss[1], 16 << 20, f"grows: {rss}")


def leb128(number):
    low = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([byte | 0x80 for byte in low[:-1]] + low[-1:])


class KillTest(PlaneTest):
    """kill -9 in the midst of fetching, compiling and replacing: the next start is none the worse."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = CodeServer({})
        self.addCleanup(self.server.close)
        self.up = self.upstream()
        self.port = free_port()
        self.file = self.folder / "weir.json"

    def write_config(self, number, padding=0):
        """Code of another hash each time: a custom section is all that differs."""
        content = b"\x04kill" + str(number).encode().rjust(8) + bytes(padding)
        code = guest("cpp_http").read_bytes() + b"\0" + leb128(len(content)) + content
        path = f"/{number}.wasm"
        self.server.files[path] = code
        source = remote(self.server.url + path, sha256(code))
        edit = listener("main", plugin("edit", source), port=self.port)
        aside = self.folder / "new"
        aside.write_text(json.dumps(bootstrap([edit], [cluster("upstream", self.up)])))
        os.rename(aside, self.file)

    def start(self, **options):
        caches = [f"--{name}-cache={self.folder / name}" for name in ("code", "fetch")]
        return Weir("-c", self.file, *caches, workers=2, **options)

    def test_what_a_kill_leaves_behind_is_read_or_left_alone(self):
        randomly = random.Random(1)
        whole = 0.2
        for number in range(KILLS):
            self.write_config(2 * number)
            started = time.monotonic()
            at_start = number % 2 == 0
            weir = self.start(ready=not at_start)
            if at_start:
                time.sleep(randomly.uniform(0, whole))
            else:
                whole = time.monotonic() - started
                self.write_config(2 * number + 1)
                time.sleep(randomly.uniform(0.08, 0.1 + whole))
            weir.process.kill()
            weir.process.wait()
            self.assertNotIn("damaged", weir.log)
            weir.forget()
        for number in (2 * KILLS, 1):
            self.write_config(number)
            weir = self.start()
            self.addCleanup(weir.stop)
            answer = self.client(self.port).request("/headers")
            self.assertEqual((answer.status, answer.headers.get("x-guest")), (200, "cpp"))
            self.assertNotIn("damaged", weir.log)
            weir.stop()
        self.check_files(self.folder / "fetch", ".wasm")

    def test_a_kill_in_the_midst_of_a_write_leaves_nothing_that_is_taken(self):
        cache = self.folder / "fetch"

        def unfinished():
            return list(cache.glob("unfinished-*")) if cache.exists() else []

        left = []
        for number in range(20):
            self.write_config(number, padding=32 << 20)
            weir = self.start(ready=False)
            eventually(unfinished, "a write")
            weir.process.kill()  # unless the write has just ended
            weir.process.wait()
            weir.forget()
            for file in unfinished():
                left.append(file)
                file.rename(self.folder / file.name)  # for the next one to be seen
            if len(left) == 3:
                break
        self.assertEqual(len(left), 3)
        for file in left:
            (self.folder / file.name).rename(file)
        weir = self.start()
        self.addCleanup(weir.stop)
        self.assertEqual(self.client(self.port).request("/headers").headers.get("x-guest"), "cpp")
        self.assertNotIn("damaged", weir.log)
        self.check_files(cache, ".wasm")

    def check_files(self, folder, suffix):
        """Every file that has its name is whole: its content has the hash that it is named by."""
        files = [file for file in folder.iterdir() if not file.name.startswith("unfinished-")]
        self.assertGreater(len(files), 0)
        for file in files:
            self.assertEqual(file.suffix, suffix)
            self.assertEqual(sha256(file.read_bytes()[80:]), file.stem)


if __name__ == "__main__":
    unittest.main()
