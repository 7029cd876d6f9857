"""The Debian package: what is in it, and a stock Traffic Server with its files and the configuration of the page for
users."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from peers.ats import PLUGIN, TrafficServer
from peers.case import PlaneTest, guest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts/ats_deb.sh"
PAGE = pathlib.Path(__file__).parents[2] / "docs/traffic-server.md"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def quick_start():
    """The blocks that the quick start names: the plugin's file, and the line of plugin.config."""
    text = PAGE.read_text().partition("## Quick start")[2].partition("\n## ")[0]
    blocks = [re.sub("(?m)^    ", "", block) for block in re.findall(r"(?:^    .*\n)+", text, re.M)]
    return blocks[1], blocks[2]


class PackageTest(PlaneTest):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(
            cls.enterClassContext(tempfile.TemporaryDirectory(prefix="weir-test-deb-"))
        )
        cls.folder.chmod(0o755)
        environment = {**os.environ, "WEIR_DEB_COMPRESSION": "none"}
        run(SCRIPT, pathlib.Path(PLUGIN).parent, cls.folder, env=environment)
        shutil.rmtree(cls.folder / "ats-deb")
        (cls.package,) = cls.folder.glob("weir-ats_*.deb")
        cls.root = cls.folder / "root"
        run("dpkg-deb", "-x", cls.package, cls.root)
        cls.modules = cls.root / "usr/lib/trafficserver/modules"

    def test_what_is_in_it(self):
        for name in ("weir-ats.so", "weir/weir-ats-core.so", "weir/engines/weir-engine-wasmtime.so"):
            self.assertTrue((self.modules / name).is_file(), name)
        engines = self.modules / "weir/engines"
        self.assertEqual([one for one in engines.iterdir() if one.is_dir()], [])
        built = pathlib.Path(PLUGIN).parent / "weir/engines"
        own = {one.parent.name for one in built.glob("*/ld.so")}
        expected = {
            one.name
            for one in built.glob("weir-engine-*.so")
            if one.stem.removeprefix("weir-engine-").split("-")[0] not in own
        }
        self.assertEqual({one.name for one in engines.glob("weir-engine-*.so")}, expected)
        for file in (self.modules / "weir").rglob("*.so*"):
            self.assertFalse(file.stat().st_mode & 0o022, file)

    def test_what_it_needs(self):
        depends = run("dpkg-deb", "-f", self.package, "Depends")
        self.assertRegex(depends, r"trafficserver \(>= 9\.2\), trafficserver \(<< 10\), .*libc6 ")
        for name in re.findall(r"^([\w.+-]+)|, ([\w.+-]+)", depends):
            run("dpkg-query", "-W", "".join(name))

    def test_links_of_its_pages(self):
        pages = self.root / "usr/share/doc/weir-ats"
        for link in re.findall(r"\]\(([^)#]+)", (pages / "traffic-server.md").read_text()):
            self.assertTrue("://" in link or (pages / link).exists(), link)

    def test_the_quick_start(self):
        plugin, line = quick_start()
        self.assertIn("header-edit-rust.wasm", plugin)
        up = self.upstream()
        server = TrafficServer(
            up,
            plugin_config=line,
            modules=self.modules,
            files={
                line.split()[1]: plugin.encode(),
                "header-edit-rust.wasm": guest("header-edit-rust").read_bytes(),
            },
            engine_path="",
        )
        self.addCleanup(server.stop)
        response = self.client(server.port).request("/any")
        self.assertEqual(response.headers.get("x-weir-plugin"), "header-edit")


if __name__ == "__main__":
    unittest.main()
