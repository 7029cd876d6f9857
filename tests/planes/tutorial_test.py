"""docs/tutorial.md: its commands, run one after another, print what it says they print."""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from peers.case import compiler
from peers.loop import PATIENCE_S
from peers.ports import free_port
from peers.weir import BINARY, eventually

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class TutorialTest(unittest.TestCase):
    def setUp(self):
        compiler()
        folder = tempfile.TemporaryDirectory(prefix="weir-tutorial-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log"
        # The page's ports may be taken on this machine.
        self.ports = {"8080": str(free_port()), "8000": str(free_port())}
        program = self.folder / "bin" / "weir"
        program.parent.mkdir()
        # A link would do for the shell, but not for what weir looks for beside itself.
        program.write_text(f'#!/bin/sh\nexec "{BINARY}" "$@"\n')
        program.chmod(0o755)
        path = f"{program.parent}:{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "XDG_CACHE_HOME": str(self.folder)}

    def on_our_ports(self, text):
        return re.sub(r"\b(8080|8000)\b", lambda port: self.ports[port[1]], text)

    def stop(self, process):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(PATIENCE_S)

    def start(self, command):
        with open(self.log, "ab") as log:
            process = subprocess.Popen(
                ["bash", "-c", "exec " + command.strip().rstrip("&")],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.addCleanup(self.stop, process)

    def run_block(self, command):
        """What the commands print. The folder that they end in is where the next ones begin."""
        script = f"set -e\n{command}\npwd > {self.log}.folder"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=5 * PATIENCE_S,  # A busy machine compiles slowly.
            check=False,
        )
        if done.returncode != 0:
            return None, done.stdout
        self.folder = pathlib.Path(pathlib.Path(f"{self.log}.folder").read_text().strip())
        file = self.folder / "weir.yaml"
        if command.startswith("weir new") or "\ncd " in command:
            file.write_text(self.on_our_ports(file.read_text()))
        return True, done.stdout

    def test_the_commands_do_what_the_page_says(self):
        blocks = [(kind, self.on_our_ports(text)) for kind, text in BLOCK.findall(PAGE.read_text())]
        self.assertGreater(len(blocks), 10)
        expectations = 0
        for i, (kind, text) in enumerate(blocks):
            if kind == "sh" and text.rstrip().endswith("&"):
                self.start(text)
            elif kind == "sh" and text.startswith("curl"):
                self.check_answer(text, blocks[i + 1][1])
                expectations += 1
            elif kind == "sh":
                done, printed = self.run_block(text)
                self.assertTrue(done, f"{text}\n{printed}")
            elif re.search(r"^weir (test|inspect)", blocks[i - 1][1], re.MULTILINE):
                for line in text.splitlines():
                    self.assertIn(line, [*printed.splitlines(), "..."])
                expectations += 1
            elif not blocks[i - 1][1].startswith("curl"):
                self.check_log(text.strip())
                expectations += 1
        self.assertEqual(expectations, 7)

    def check_log(self, line):
        eventually(lambda: line in self.log.read_text(), f"{line!r} in the log")

    def check_answer(self, command, expected):
        lines = [line for line in expected.splitlines() if line != "..."]
        printed = ""

        def answers():
            nonlocal printed
            _, printed = self.run_block(command)
            return all(line in printed.replace("\r", "").splitlines() for line in lines)

        try:
            eventually(answers, "the answer")
        except AssertionError as late:
            raise AssertionError(f"{lines} not in:\n{printed}\n{self.log.read_text()}") from late


if __name__ == "__main__":
    unittest.main()
