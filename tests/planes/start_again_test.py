"""An engine that comes with a C library of its own: `weir` starts itself again by that one's loader,
and stays what it was to all others."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.weir import BINARY, run_to_end

_UPSTREAM = ["--upstream", "http://127.0.0.1:1"]
_LOADER = pathlib.Path(BINARY).parents[1] / "lib/weir/engines/wasmedge/ld.so"


def process_file(pid, name):
    return pathlib.Path(f"/proc/{pid}/{name}")


def is_ignored(pid, number):
    line = next(line for line in process_file(pid, "status").read_text().splitlines() if "SigIgn" in line)
    return bool(int(line.split()[1], 16) >> (number - 1) & 1)


@unittest.skipUnless(_LOADER.exists(), "no engine here has a C library of its own")
class StartAgainTest(PlaneTest):
    def setUp(self):
        listed = subprocess.run([BINARY, "engines", "--json"], capture_output=True, text=True, check=True)
        self.told = {engine["name"]: engine for engine in json.loads(listed.stdout)["engines"]}
        self.listing = listed.stderr
        if "sanitizers" in listed.stderr:
            code, error = run_to_end("serve", guest("http_all"), *_UPSTREAM, "--engine", "wasmedge")
            self.assertEqual(code, 1)
            self.assertIn("this build has sanitizers", error)
            self.skipTest("a build with sanitizers runs on the system's C library only, and says so")

    def test_the_engine_is_listed(self):
        for name in ("wasmedge", "wasmedge-aot"):
            self.assertNotIn("error", self.told[name])
        self.assertEqual(self.listing.count("\n"), 1)
        self.assertIn("starting again by", self.listing)

    def test_nothing_changes_for_others(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        weir = self.weir(
            guest("http_all"),
            *_UPSTREAM,
            "--engine",
            "wasmedge",
            env={**os.environ, "WEIR_TEST": "a b", "LD_LIBRARY_PATH": "/nonexistent"},
            pass_fds=[writing],
            preexec_fn=lambda: signal.signal(signal.SIGWINCH, signal.SIG_IGN),
        )
        pid = weir.process.pid
        self.assertEqual(len(weir.lines("starting again by .*/ld.so, whose C library engine 'wasmedge'")), 1)
        self.assertEqual(process_file(pid, "exe").resolve(), _LOADER.resolve())
        self.assertEqual(process_file(pid, "comm").read_text(), "weir\n")
        environment = process_file(pid, "environ").read_bytes().split(b"\0")
        self.assertIn(b"WEIR_TEST=a b", environment)
        self.assertIn(b"LD_LIBRARY_PATH=/nonexistent", environment)
        self.assertTrue(process_file(pid, f"fd/{writing}").exists())
        self.assertTrue(is_ignored(pid, signal.SIGWINCH))
        self.assertEqual(weir.plugins()[0]["engine"], "wasmedge")
        self.assertEqual(self.client(weir.port).request("/local-response").status // 100, 4)
        weir.signal(signal.SIGHUP)
        weir.wait_for_line("replaced on all workers")
        weir.signal(signal.SIGTERM)
        self.assertEqual(weir.wait(), 0)
        weir.wait_for_line("drained")

    def test_other_engines_need_none_of_this(self):
        weir = self.weir(guest("http_all"), *_UPSTREAM, "--engine", "wasmtime")
        self.assertEqual(weir.lines("starting again"), [])
        self.assertEqual(process_file(weir.process.pid, "exe").resolve(), pathlib.Path(BINARY).resolve())

    def test_half_of_a_c_library_is_one_error_and_keeps_no_other_engine_away(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = pathlib.Path(folder.name)
        (root / "bin").mkdir()
        shutil.copy(BINARY, root / "bin/weir")
        shutil.copytree(_LOADER.parents[1], root / "lib/weir/engines", ignore=lambda *_: ["wasmedge"])
        libraries = root / "lib/weir/engines/wasmedge"
        loader = libraries / "ld.so"

        def keep_only_the_loader():
            for file in libraries.iterdir():
                if file != loader:
                    file.unlink()

        anew = "; install the adapter anew, with all that lies in wasmedge/ beside it, ld.so and libraries"
        for name, harm, fault in [
            ("only ld.so", keep_only_the_loader, f"{libraries}/libc.so.6, which is not there{anew}"),
            ("no libc", (libraries / "libc.so.6").unlink, f"{libraries}/libc.so.6, which is not there{anew}"),
            ("no libm", (libraries / "libm.so.6").unlink, f"{libraries}/libm.so.6, which is not there{anew}"),
            ("no libffi", (libraries / "libffi.so.8").unlink, f"{libraries}/libffi.so.8, which is not there{anew}"),
            ("another program", lambda: shutil.copy("/bin/true", loader), f"{loader}, which is no dynamic loader{anew}"),
            ("not executable", lambda: loader.chmod(0o644), f"{loader}, which may not be executed: run `chmod a+x "),
        ]:
            with self.subTest(name):
                libraries.mkdir()
                for file in _LOADER.parent.iterdir():
                    (libraries / file.name).symlink_to(file.resolve())
                loader.unlink()
                shutil.copy(_LOADER, loader)
                harm()
                weir = root / "bin/weir"
                done = subprocess.run([weir, "engines", "--json"], capture_output=True, text=True, check=True)
                self.assertEqual(done.stderr, "")
                for engine in json.loads(done.stdout)["engines"]:
                    if engine["name"].startswith("wasmedge"):
                        self.assertIn(f": needs {fault}", engine["error"])
                    else:
                        self.assertNotIn("error", engine)
                done = subprocess.run(
                    [weir, "serve", guest("http_all"), *_UPSTREAM, "--engine", "wasmedge"],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    check=False,
                )
                self.assertEqual(done.returncode, 1)
                self.assertIn(fault, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1)
                shutil.rmtree(libraries)

    def test_a_process_that_another_loader_has_started_does_not_start_again(self):
        system = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
        loader = next(line.split()[0] for line in system.splitlines() if "ld-linux" in line)
        done = subprocess.run(
            [loader, BINARY, "serve", guest("http_all"), *_UPSTREAM, "--engine", "wasmedge"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 1)
        self.assertIn("has started this process already; start it by '", done.stderr)

    def test_a_configuration_that_cannot_be_read_twice_is_refused(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        pipe = pathlib.Path(folder.name) / "pipe"
        os.mkfifo(pipe)
        asked = bootstrap(
            [listener("a", plugin("a", guest("http_all"), engine="envoy.wasm.runtime.wasmedge"))],
            [cluster("upstream", self.upstream())],
        )
        with subprocess.Popen([BINARY, "serve", "-c", pipe], stderr=subprocess.PIPE, text=True) as weir:
            pipe.write_text(json.dumps(asked))
            error = weir.communicate(timeout=60)[1]
        self.assertEqual(weir.returncode, 1)
        self.assertIn("is no regular file, and has to be read twice", error)


if __name__ == "__main__":
    unittest.main()
