"""Plugins that bring their compiled code: `weir compile` writes it, `weir serve` runs it or says why not."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from peers.bootstrap import bootstrap, cluster, listener, plugin
from peers.case import PlaneTest, guest
from peers.loop import PATIENCE_S
from peers.weir import BINARY

SECTION = b"weir.precompiled"
RUNS = "runs precompiled code out of its file"
REFUSED = "no precompiled code is used: "


def compile_plugin(*arguments):
    """What `weir compile` tells, and its exit code."""
    done = subprocess.run(
        [BINARY, "compile", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=5 * PATIENCE_S,  # for all engines it takes 20 s of a processor
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def engines():
    """The engines that are there and keep compiled code, and those that do not, by name."""
    printed = subprocess.run([BINARY, "engines", "--json"], capture_output=True, check=True).stdout
    told = {entry["name"]: entry for entry in json.loads(printed)["engines"]}
    there = {name: entry for name, entry in told.items() if "error" not in entry and name != "null"}
    keeping = {
        name for name, entry in there.items() if entry["capabilities"]["serialize"] == "native"
    }
    return sorted(keeping), sorted(set(there) - keeping)


class PrecompiledTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.all = cls.compiled("all.wasm", "--engine", "all")

    @classmethod
    def compiled(cls, name, *options):
        """The path of http_all with compiled code in it."""
        path = cls.folder / name
        code, out, err = compile_plugin(guest("http_all"), *options, "-o", path)
        assert code == 0, out + err
        return path

    def serve(self, path, engine, allow=True, **options):
        """The lines about precompiled code, of a server whose plugin is found to work."""
        upstream = self.upstream()
        served = plugin("p", path, engine=engine, **options)
        options = served["typed_config"]["plugin"]["vm_config"]
        options["allow_precompiled"] = allow
        weir = self.weir(bootstrap=bootstrap([listener("l", served)], [cluster("upstream", upstream)]))
        self.assertEqual(self.client(weir.port).request("/local-response").status // 100, 4)
        lines = weir.lines("precompiled")
        weir.stop()
        return [line[line.index("plugin 'p': ") :].removeprefix("plugin 'p': ") for line in lines]

    def check(self, written):
        """That it is the plugin with compiled code in it, and no more."""
        plain = guest("http_all").read_bytes()
        self.assertTrue(written.startswith(plain))
        self.assertIn(SECTION, written[len(plain) :][:100])

    def test_it_is_written_to_where_links_lead_and_into_what_is_no_file(self):
        target = self.folder / "target.wasm"
        target.write_bytes(b"old")
        link = self.folder / "link.wasm"
        link.symlink_to("target.wasm")
        self.compiled("link.wasm")
        self.assertTrue(link.is_symlink())
        self.check(target.read_bytes())

        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        with open(self.folder / "piped.wasm", "wb") as out:
            reader = subprocess.Popen(["cat", pipe], stdout=out)
        self.compiled("pipe")
        self.assertEqual(reader.wait(PATIENCE_S), 0)
        self.check((self.folder / "piped.wasm").read_bytes())
        self.assertTrue(pipe.is_fifo())

        command = [BINARY, "compile", guest("http_all"), "-o", "/dev/stdout"]
        done = subprocess.run(command, capture_output=True, timeout=5 * PATIENCE_S, check=True)
        self.check(done.stdout)
        self.assertIn(b"written: /dev/stdout", done.stderr)

    def test_one_file_serves_every_engine(self):
        keeping, others = engines()
        self.assertIn("wasmtime", keeping)
        path = self.all
        self.assertEqual(path.read_bytes().count(SECTION), len(keeping))
        for engine in keeping:
            with self.subTest(engine=engine):
                self.assertEqual(self.serve(path, engine), [RUNS])
        for engine in others:
            with self.subTest(engine=engine):
                self.assertEqual(self.serve(path, engine), [REFUSED + f"{engine} takes none"])

    def test_it_is_not_looked_at_unless_allowed(self):
        self.assertEqual(self.serve(self.all, "wasmtime", allow=False), [])

    def test_code_that_does_not_fit_is_compiled(self):
        keeping, _ = engines()
        whole = self.all.read_bytes()
        places = [at for at in range(len(whole)) if whole.startswith(SECTION, at)]
        self.assertEqual(len(places), len(keeping))
        ends = [*places[1:], len(whole)]
        for place, end in zip(places, ends):
            # The format's byte, then the engine's name and version, each after a byte of length.
            name = place + len(SECTION) + 1
            version = name + 1 + whole[name]
            engine = whole[name + 1 : version].decode()
            for what, at, why in [
                ("version", version + 2, rf"^it is of {engine} '.*', and this is '.*'$"),
                ("code", (place + end) // 2, r"^it is damaged: its checksum is wrong$"),
                ("format", name - 1, r"^a section is damaged: it has the format 0, where 1 is known$"),
            ]:
                with self.subTest(engine=engine, changed=what):
                    damaged = bytearray(whole)
                    damaged[at] ^= 1
                    path = self.folder / f"{engine}-{what}.wasm"
                    path.write_bytes(damaged)
                    (line,) = self.serve(path, engine)
                    self.assertTrue(line.startswith(REFUSED), line)
                    self.assertRegex(line.removeprefix(REFUSED), why)

    def test_code_of_another_module_is_compiled(self):
        whole = self.compiled("one.wasm").read_bytes()
        head = whole.index(SECTION) - 8
        section = whole[whole.rindex(b"\0", head, head + 8) :]
        self.assertEqual(whole, guest("http_all").read_bytes() + section)
        path = self.folder / "other.wasm"
        path.write_bytes(guest("http_all_malloc").read_bytes() + section)
        other = REFUSED + "it was made of another module than the file's"
        self.assertEqual(self.serve(path, "wasmtime"), [other])

    def test_limits_that_are_in_the_code(self):
        if "v8" not in engines()[0]:
            self.skipTest("V8, which leaves the ceiling of memory to Weir, is not there")
        size = str(32 << 20)
        options = ("--engine", "v8", "--engine", "wasmtime", "--max-memory-bytes", size)
        path = self.compiled("limits.wasm", *options)
        limits = {"max_memory_bytes": 32 << 20}
        self.assertEqual(self.serve(path, "v8", limits=limits), [RUNS])
        (line,) = self.serve(path, "v8")
        self.assertIn("it was made for another max_memory_bytes", line)
        self.assertEqual(self.serve(path, "wasmtime"), [RUNS])


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_each_run_keeps_the_sections_of_other_engines(self):
        keeping = [name for name in ("wasmtime", "v8") if name in engines()[0]]
        path = self.folder / "p.wasm"
        path.write_bytes(guest("http_all").read_bytes())
        for number, engine in enumerate(keeping, 1):
            code, out, _ = compile_plugin(path, "--engine", engine, "-o", path)
            self.assertEqual(code, 0)
            self.assertRegex(out, rf"^{engine} .*: \d+ bytes\nwritten: .*p\.wasm\n$")
            self.assertEqual(path.read_bytes().count(SECTION), number)
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["p.wasm"])

    def test_the_file_beside(self):
        path = self.folder / "p.wasm"
        path.write_bytes(guest("http_all").read_bytes())
        self.assertEqual(compile_plugin(path)[0], 0)
        self.assertEqual(path.read_bytes(), guest("http_all").read_bytes())
        beside = self.folder / "p.compiled.wasm"
        self.assertEqual(beside.read_bytes().count(SECTION), 1)

    def test_what_cannot_be_compiled_is_one_line(self):
        text = self.folder / "text.wasm"
        text.write_text("not wasm")
        good = guest("http_all")
        for arguments, pattern in [
            (["none.wasm"], r"^weir compile: .*none\.wasm.*No such file or directory; .*\n$"),
            ([text], r"^weir compile: .*text\.wasm: .*not a WebAssembly module"),
            ([good, "--engine", "none"], r"^weir compile: .*unknown runtime 'none'"),
            ([good, "--engine", "wamr"], r"'wamr'"),
            ([good, "-o", self.folder / "no" / "p.wasm"], r"no/p\.wasm: No such file or directory\n$"),
        ]:
            with self.subTest(arguments=arguments):
                code, _, err = compile_plugin(*arguments)
                self.assertEqual(code, 1)
                self.assertRegex(err, pattern)
                self.assertEqual(err.count("\n"), 1, err)


if __name__ == "__main__":
    unittest.main()
