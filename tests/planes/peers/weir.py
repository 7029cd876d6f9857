"""`weir serve` as a process under test."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from .loop import PATIENCE_S

BINARY = os.environ["WEIR_BIN"]
# Compiled once for all tests; a sanitizer makes compiling slow.
_CODE_CACHE = os.environ.get("WEIR_TEST_CODE_CACHE")


def eventually(question, what, patience_s=PATIENCE_S):
    """Waits until the question is answered by something true, and returns that."""
    deadline = time.monotonic() + patience_s
    while not (answer := question()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.01)
    return answer


def run_to_end(*arguments, **options):
    """Runs the command until it ends by itself: its exit code and what it printed to stderr."""
    done = subprocess.run(
        [BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE_S, check=False, **options
    )
    return done.returncode, done.stderr


class Weir:
    """A running `weir serve`. Ends, and leaves no trace, by stop()."""

    def __init__(
        self,
        *arguments,
        bootstrap=None,
        workers=1,
        listeners=1,
        ready=True,
        patience_s=PATIENCE_S,
        program=BINARY,
        **process,
    ):
        """`ready=False` waits for the admin address alone: see wait_until_ready(). `workers` None: the
        program decides."""
        self._folder = tempfile.TemporaryDirectory(prefix="weir-test-")
        self.folder = pathlib.Path(self._folder.name)
        self._log = self.folder / "log"
        arguments = list(arguments)
        if bootstrap is not None:
            (self.folder / "bootstrap.json").write_text(json.dumps(bootstrap))
            arguments += ["-c", self.folder / "bootstrap.json"]
        elif "-c" not in arguments:
            arguments += ["--listen", "127.0.0.1:0"]
        if _CODE_CACHE and not any(str(text).startswith("--code-cache") for text in arguments):
            arguments += ["--code-cache", _CODE_CACHE]
        if not any(str(text).startswith("--fetch-cache") for text in arguments):
            arguments += ["--fetch-cache", self.folder / "fetched"]
        arguments += ["--admin", "127.0.0.1:0"]
        if workers is not None:
            arguments += ["--workers", str(workers)]
        with open(self._log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([program, "serve", *arguments], stderr=log, **process)
        try:
            if ready:
                eventually(lambda: self._is_up(listeners), "weir to listen", patience_s)
            eventually(lambda: self.lines(r"admin on .*:\d+$") or self._is_up(-1), "its admin page")
            self.admin_port = int(re.search(r"admin on .*:(\d+)", self.log)[1])
            if ready:
                self.wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            self._folder.cleanup()
            raise

    def _is_up(self, listeners):
        if self.process.poll() is not None:
            raise AssertionError(f"weir has ended with {self.process.returncode}:\n{self.log}")
        return len(self.ports) == listeners

    def wait_until_ready(self):
        eventually(lambda: self.page("/ready")[0] == 200, "weir to be ready")

    @property
    def ports(self):
        """Of all listeners that there have been."""
        return [int(port) for port in re.findall(r"\] listening on .*:(\d+)\n", self.log)]

    @property
    def port(self):
        return self.ports[0]

    @property
    def log(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def lines(self, pattern):
        """The lines of the log that match."""
        return [line for line in self.log.splitlines() if re.search(pattern, line)]

    def wait_for_line(self, pattern):
        return eventually(lambda: self.lines(pattern), f"a line {pattern!r} in:\n{self.log}")[0]

    def page(self, path):
        """Status and text of an admin page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}{path}") as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def stats(self):
        """Counters and gauges by name; of a plugin's histogram, the number of values."""
        lines = [line.rsplit(": ", 1) for line in self.page("/stats")[1].splitlines()]
        return {name: int(value.split()[0]) for name, value in lines if value[0].isdigit()}

    def stat(self, name):
        return self.stats().get(name, 0)

    def plugins(self):
        return json.loads(self.page("/plugins")[1])["plugins"]

    def rss_bytes(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(PATIENCE_S)

    def forget(self):
        """After a kill, in place of stop()."""
        self._folder.cleanup()

    def stop(self):
        """Ends it by SIGTERM unless the test has waited for its end; an end in disorder is an error."""
        try:
            if self.process.returncode is None:
                if self.process.poll() is None:
                    self.signal(signal.SIGTERM)
                code = self.wait()
                assert code == 0, f"weir has ended with {code}:\n{self.log}"
        finally:
            self.process.kill()
            if self._log.exists():
                self.log_at_end = self.log
            self._folder.cleanup()
