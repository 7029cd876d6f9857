"""`weir serve` that other processes take the place of."""

import ctypes
import os
import signal
import time

from .loop import PATIENCE_S
from .weir import Weir, eventually

_PR_SET_CHILD_SUBREAPER = 36


def _adopt_orphans():
    """A process whose parent has ended becomes a child of this one, which can wait for it."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class RestartableWeir(Weir):
    """After restart() it is another process, with the same log, ports and admin address."""

    def __init__(self, *arguments, **options):
        _adopt_orphans()
        super().__init__(*arguments, **options)
        self.pid = self.process.pid
        self.pids = [self.pid]
        self._codes = {}

    def signal(self, number):
        os.kill(self.pid, number)

    def begin_restart(self):
        """Sends SIGUSR2; the process that starts."""
        started = len(self.lines(r"process \d+ starts"))
        self.signal(signal.SIGUSR2)
        lines = eventually(lambda: self.lines(r"process \d+ starts")[started:], "a process to start")
        return int(lines[0].split("process ")[1].split()[0])

    def restart(self):
        """Waits until another process serves; its number. The one before may still drain."""
        pid = self.begin_restart()
        eventually(lambda: self.lines(rf"process {pid} serves now"), f"{pid} to serve, in:\n{self.log}")
        self.pid = pid
        self.pids.append(pid)
        return pid

    def wait_for_end(self, pid):
        """The exit code of one of its processes."""
        if pid in self._codes:
            return self._codes[pid]
        if pid == self.process.pid:
            return self.process.wait(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # its parent lives, and has not ended yet
                ended, status = 0, 0
            if ended:
                self._codes[pid] = os.waitstatus_to_exitcode(status)
                return self._codes[pid]
            time.sleep(0.01)
        raise AssertionError(f"process {pid} does not end:\n{self.log}")

    def wait(self):
        return self.wait_for_end(self.pid)

    def stop(self):
        if self.pid == self.process.pid:
            return super().stop()
        try:
            if os.path.exists(f"/proc/{self.pid}"):
                self.signal(signal.SIGTERM)
            for pid in self.pids:
                code = self.wait_for_end(pid)
                assert code == 0, f"process {pid} has ended with {code}:\n{self.log}"
        finally:
            for pid in self.pids:
                if os.path.exists(f"/proc/{pid}"):
                    os.kill(pid, signal.SIGKILL)
            self.log_at_end = self.log
            self._folder.cleanup()
